"""What the SMTP client of one transport goes by: the smtp_ settings as plain values.

    client_rules(settings)             from the settings as this transport sees them
    client_rules(settings, warn)       its tables are open besides; `warn` hears what is wrong with them
    content_rules(settings)            what shapes content

What stands here may differ from transport to transport; what is one for all is read in configure.py.
Source: Postfix smtp_params.c; spec: parameters.
"""

from collections.abc import Callable

from fastsmtp.conf.settings import Settings
from fastsmtp.delivery.content_rules import ContentRules
from fastsmtp.delivery.desk import DeliveryRules
from fastsmtp.errors import SettingError
from fastsmtp.mail.xtext import xtext
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.rules import Manner, SessionRules
from fastsmtp.session.transcript import DATA, PROTOCOL
from fastsmtp.wire import engine
from fastsmtp.worker import routing
from fastsmtp.worker.filters import reply_filter, status_filter
from fastsmtp.worker.logins import logins
from fastsmtp.worker.peers import peer_tables
from fastsmtp.worker.protecting import policy
from fastsmtp.worker.rewriter import rewriter
from fastsmtp.worker.rules import ClientRules

ENVELOPE_ID_LIMIT = 100  # characters, RFC 3461 4.4

Warn = Callable[[str], None]


def client_rules(settings: Settings, warn: Warn | None = None, *, complains: bool = True) -> ClientRules:
    """`complains`: the postmaster may hear of peers. SettingError where a value names no place or port."""
    return ClientRules(
        delivery=_delivery(settings, warn),
        content=content_rules(settings),
        rewriter=rewriter(settings, warn) if warn is not None else None,
        session=_session(settings, warn, complains=complains),
        deadlines=_deadlines(settings),
        route=routing.route_rules(settings),
        lookup=routing.lookup_rules(settings),
        drops=routing.reply_filter(settings, warn or _unheard),
        permanent=routing.permanent(settings, warn or _unheard),
        tls=policy(settings, warn),
        logins=logins(settings, warn),
    )


def _unheard(text: str) -> None:
    """While settings are only checked: whoever uses them opens the tables again, and hears of it."""


def _delivery(settings: Settings, warn: Warn | None) -> DeliveryRules:
    return DeliveryRules(
        addresses_limit=settings.number("smtp_mx_address_limit"),
        sessions_limit=settings.number("smtp_mx_session_limit"),
        skips_5xx_greeting=settings.flag("smtp_skip_5xx_greeting"),
        soft_bounce=settings.flag("soft_bounce"),
        at_most_once=settings.text("delivery_guarantee") == "at_most_once",
        status_filter=status_filter(settings, warn) if warn is not None else None,
        best_mx=routing.best_mx(settings),
        by_hosts=settings.flag("destination_concurrency_by_hosts"),
        relays_null_mx=settings.flag("smtp_fallback_relay_null_mx"),
        clear_after=(
            settings.seconds("minimal_backoff_time")
            if settings.flag("smtp_tls_plaintext_fallback")
            else float("inf")
        ),
    )


def content_rules(settings: Settings) -> ContentRules:
    """What shapes content: for deliveries and for `fastsmtp wire`."""
    return ContentRules(
        line_length_limit=settings.number("smtp_line_length_limit"),
        converts=not settings.flag("disable_mime_output_conversion"),
        repairs=settings.flag("force_mime_output_conversion"),
        nesting_limit=settings.number("mime_nesting_limit"),
        boundary_limit=settings.number("mime_boundary_length_limit"),
        header_limit=settings.number("header_size_limit"),
        quotes=settings.flag("smtp_quote_rfc821_envelope"),
        smtputf8=settings.flag("smtputf8_enable"),
        headers_ask=settings.flag("smtputf8_enable")
        and not {"smtpd", "all"}.isdisjoint(settings.words("smtputf8_autodetect_classes")),
        dsn_mail=_dsn_mail(settings),
        dsn_rcpt=_dsn_rcpt(settings),
    )


def _dsn_mail(settings: Settings) -> bytes:
    envelope_id = settings.text("dsn_envelope_id")
    if not envelope_id.isascii() or not envelope_id.isprintable() or len(envelope_id) > ENVELOPE_ID_LIMIT:
        raise SettingError(
            f"{settings.origin('dsn_envelope_id')}: dsn_envelope_id = {envelope_id}: "
            f"expected printable ASCII, {ENVELOPE_ID_LIMIT} characters at most"
        )
    returned = settings.text("dsn_return")
    line = b" ENVID=" + xtext(envelope_id) if envelope_id else b""
    return line + (b" RET=" + returned.upper().encode("ascii") if returned else b"")


def _dsn_rcpt(settings: Settings) -> bytes:
    words = settings.words("dsn_notify")
    if "never" in words and len(words) > 1:
        raise SettingError(
            f"{settings.origin('dsn_notify')}: dsn_notify = {' '.join(words)}: expected never alone"
        )
    wanted = [word.upper() for word in ("never", "success", "failure", "delay") if word in words]
    return b" NOTIFY=" + ",".join(wanted).encode("ascii") if wanted else b""


def _session(settings: Settings, warn: Warn | None, *, complains: bool) -> SessionRules:
    address, address6 = routing.bind_addresses(settings)
    return SessionRules(
        helo_name=_word(settings, "smtp_helo_name"),
        own_name=_word(settings, "myhostname"),
        usual=Manner(
            frozenset(word.upper() for word in settings.words("smtp_discard_ehlo_keywords")),
            frozenset(settings.words("smtp_pix_workarounds")),
        ),
        tables=peer_tables(settings, warn) if warn is not None else None,
        pix_delay=settings.seconds("smtp_pix_workaround_delay_time"),
        pix_threshold=settings.seconds("smtp_pix_workaround_threshold_time"),
        debug_level=settings.number("debug_peer_level"),
        told=frozenset(settings.words("notify_classes")) & {PROTOCOL, DATA} if complains else frozenset(),
        always_ehlo=settings.flag("smtp_always_send_ehlo"),
        never_ehlo=settings.flag("smtp_never_send_ehlo"),
        forwards=settings.flag("smtp_send_xforward_command"),
        bind_address=address,
        bind_address6=address6,
        binds_strictly=settings.flag("smtp_bind_address_enforce"),
        reuse_time_limit=settings.seconds("smtp_connection_reuse_time_limit"),
        reuse_count_limit=settings.number("smtp_connection_reuse_count_limit"),
        keeps_idle=settings.flag("smtp_connection_cache_on_demand"),
        waits_for_farewell=not settings.flag("smtp_skip_quit_response"),
        reply_filter=reply_filter(settings, warn) if warn is not None else None,
        blocks_early_replies=settings.flag("smtp_tls_block_early_mail_reply"),
        notes_offers=settings.flag("smtp_tls_note_starttls_offer"),
        window_limit=(
            settings.number("smtp_chunking_window_limit") if settings.flag("smtp_chunking_enable") else 0
        ),
    )


def _word(settings: Settings, name: str) -> bytes:
    """A value that goes into a command."""
    text = settings.text(name)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingError(f"{settings.origin(name)}: {name} = {text}: expected a word of printable ASCII")
    return text.encode("ascii")


def _deadlines(settings: Settings) -> Deadlines:
    limits = {
        engine.GREETING: "smtp_helo_timeout",
        engine.EHLO: "smtp_helo_timeout",
        engine.HELO: "smtp_helo_timeout",
        engine.STARTTLS: "smtp_starttls_timeout",  # and each step of the handshake behind it
        engine.AUTH: "smtp_helo_timeout",
        engine.XFORWARD: "smtp_xforward_timeout",
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
    stages = [settings.seconds(limits[stage]) for stage in range(len(limits))]
    stages[engine.IDLE] = min(stages[engine.IDLE], settings.seconds("connection_cache_ttl_limit"))
    return Deadlines(
        connect=settings.seconds("smtp_connect_timeout"),
        content=settings.seconds("smtp_data_xfer_timeout"),
        per_request=settings.flag("smtp_per_request_deadline"),
        data_rate=settings.number("smtp_min_data_rate"),
        stages=tuple(stages),
    )
