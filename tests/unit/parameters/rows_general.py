"""The program as a whole: the log, the spool's syncs, and the defaults of a Postfix version."""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import NamedTuple
from unittest import mock

from fastsmtp.job import jobfile
from fastsmtp.mail.recipient import Recipient
from fastsmtp.worker.run import open_log, open_spool
from tests.support.delivery import MESSAGE
from tests.support.memory_peer import Manner
from tests.support.spooled import outcome
from tests.support.world import World, load
from tests.unit.parameters.proof import Proof

PATIENCE = 20.0  # seconds for another thread to have its turn
JOB = 'sender = "s@x.example"\nmessage = "m.eml"\nrecipients = "list.txt"\n'
RECIPIENT = Recipient(1, "r@x.example", "x.example", 1, "", 0, 0.0)


class Datagrams:
    """What would go to the system's log."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def __call__(self, *_: object) -> "Datagrams":
        return self

    def setblocking(self, _flag: bool) -> None:
        """Nothing blocks here."""

    def connect(self, _path: str) -> None:
        """There is always somebody."""

    def send(self, octets: bytes) -> None:
        self.sent.append(octets)

    def close(self) -> None:
        """Nothing to let go of."""


def datagram(**settings: str) -> str:
    """A line to the system's log, its time and process left out."""
    log_daemon = Datagrams()
    with mock.patch("socket.socket", log_daemon):
        log = open_log(load(settings), None)
        log.info("hello")
        log.close()
    return re.sub(r">.{16}|\[\d+\]", ">", log_daemon.sent[0].decode()) if log_daemon.sent else ""


def log_file(**settings: str) -> bool:
    """Whether a line is found in the file log of the working directory."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log"
        values = {name: value.replace("HERE", directory) for name, value in settings.items()}
        with mock.patch("socket.socket", Datagrams()):
            log = open_log(load(values), None)
            log.info("hello")
            log.close()
        return path.exists() and "hello" in path.read_text()


def delays(**settings: str) -> str:
    """How an outcome's delay of 0.1 s and more is written."""
    log_daemon = Datagrams()
    with mock.patch("socket.socket", log_daemon):
        log = open_log(load(settings), None)
        log.outcomes([outcome(RECIPIENT)])
        log.close()
    found = re.search(r"delays=(\S+),", log_daemon.sent[0].decode())
    return found[1] if found else ""


def level_in_log(**settings: str) -> str:
    """What the line of an outcome says of TLS."""
    log_daemon = Datagrams()
    with mock.patch("socket.socket", log_daemon):
        log = open_log(load(settings), None)
        log.outcomes([outcome(RECIPIENT)._replace(tls="encrypt")])
        log.close()
    found = re.search(r"tls=(\w+),", log_daemon.sent[0].decode())
    return found[1] if found else ""


class SpoolSeen(NamedTuple):
    """How a spool went about one outcome."""

    synchronous: int  # SQLite's pragma
    synced: bool  # its log was forced to the disk behind the outcome
    pause: float  # before that


def spool(settings: Mapping[str, str]) -> SpoolSeen:
    """The spool of a job with one recipient, the recipient sent."""
    pauses: list[float] = []
    syncs: list[int] = []

    paused = Event()

    class Hurried(Event):
        def wait(self, timeout: float | None = None) -> bool:
            if timeout is None:
                return super().wait()
            pauses.append(timeout)
            paused.set()
            return True

    with (
        tempfile.TemporaryDirectory() as directory,
        mock.patch("fastsmtp.spool.sync.Event", Hurried),
        mock.patch("os.fdatasync", syncs.append),
    ):
        place = Path(directory)
        (place / "list.txt").write_text("r@x.example\n")
        (place / "m.eml").write_bytes(MESSAGE)
        (place / "job.toml").write_text(JOB)
        shard = open_spool(jobfile.load(place / "job.toml"), load(settings), place)
        (recipient,) = shard.window(0, 10, 10)
        shard.append([outcome(recipient)])
        (synchronous,) = shard._connection.execute("PRAGMA synchronous").fetchone()
        assert paused.wait(PATIENCE)
        shard.close()
    return SpoolSeen(synchronous, bool(syncs), pauses[0])


def syncs(**settings: str) -> tuple[int, bool]:
    found = spool(settings)
    return found.synchronous, found.synced


def pause(**settings: str) -> float:
    return spool(settings).pause


def widest_line(**settings: str) -> int:
    """The longest line on the wire of a message that is one line of 2000 characters."""
    (content,) = World(Manner()).run(message=b"Subject: a\r\n\r\n" + b"x" * 2000, **settings).contents
    return max(map(len, content.split(b"\r\n")))


PROOFS = [
    Proof(
        "syslog_facility",
        datagram,
        {"mail": "<22>postfix/smtp>: hello", "local0": "<134>postfix/smtp>: hello"},
    ),
    Proof("syslog_name", datagram, {"postfix": "<22>postfix/smtp>: hello", "bulk": "<22>bulk/smtp>: hello"}),
    Proof("spool_sync", syncs, {"always": (2, False), "group": (1, True), "none": (1, False)}),
    Proof("spool_sync_interval", pause, {"50ms": 0.05, "2s": 2.0}),
    Proof("compatibility_level", widest_line, {"0": 990, "3.6": 998}),
    Proof("maillog_file", log_file, {"": False, "HERE/log": True}),
    Proof("smtp_log_tls_feature_status", level_in_log, {"yes": "encrypt", "no": ""}),
    Proof("delay_logging_resolution_limit", delays, {"2": "0.1/0.2/0.3/0.4", "0": "0/0/0/0"}),
]
