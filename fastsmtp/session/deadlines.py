"""How long a session waits at each stage for the peer's next bytes.

Each limit is for a single wait, not for a whole reply or transaction (Postfix without
smtp_per_request_deadline).
Source: Postfix smtp_*_timeout; spec: session, 13.
"""

from fastsmtp.conf.settings import Settings
from fastsmtp.wire import engine


class Deadlines:
    """Limits in seconds, by engine stage."""

    __slots__ = ("connect", "content", "stages")

    def __init__(self, settings: Settings) -> None:
        self.connect = settings.seconds("smtp_connect_timeout")  # 0: the system's own limit
        self.content = settings.seconds("smtp_data_xfer_timeout")  # without a byte taken by the peer
        limits = {
            engine.GREETING: "smtp_helo_timeout",
            engine.EHLO: "smtp_helo_timeout",
            engine.HELO: "smtp_helo_timeout",
            engine.MAIL: "smtp_mail_timeout",
            engine.RCPT: "smtp_rcpt_timeout",
            engine.DATA: "smtp_data_init_timeout",
            engine.END: "smtp_data_done_timeout",
            engine.LONE_END: "smtp_data_done_timeout",
            engine.RSET: "smtp_rset_timeout",
            engine.PROBE: "smtp_rset_timeout",
            engine.QUIT: "smtp_quit_timeout",
            engine.IDLE: "smtp_connection_cache_time_limit",
        }
        self.stages = tuple(settings.seconds(limits[stage]) for stage in range(len(limits)))
