"""What a crew and its worker processes say to each other, in lines of JSON over two pipes.

| to the worker (its standard input) | means |
| --- | --- |
| Order, the first line | import or open your shard, then report READY |
| Share | send, with that part of the limits |
| STOP, ABORT | finish what is on its way; end at once |
| RELOAD | read the settings anew; answered by RELOADED |
| end of the stream | the parent is gone: as STOP |

| from the worker (its standard output): Report | means |
| --- | --- |
| READY | the shard is open; `said` are warnings |
| SENDING | how far it is, a few times a second; lost where the parent does not read |
| RELOADED | the new settings hold; or `said` is why not, and the old ones do |
| ENDED | the shard is closed, the books are final |
| REFUSED | it cannot go on, `said` is why; the process ends |

Each line is one message and shorter than a pipe's buffer, but for REFUSED, RELOADED and READY.
Source: ours.
"""

import json
import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from fastsmtp.spool.records import Books
from fastsmtp.worker.share import Share

STOP: Final = "stop"
ABORT: Final = "abort"
RELOAD: Final = "reload"

READY: Final = "ready"
SENDING: Final = "sending"
RELOADED: Final = "reloaded"
ENDED: Final = "ended"
REFUSED: Final = "refused"

READ_SIZE: Final = 65536


class Order(NamedTuple):
    """What is to be sent, as the parent was told. Paths may be relative: both have one working directory."""

    job: str
    config: str | None
    overrides: Sequence[str]
    directory: str  # of the job's spool
    begun_at: float  # Unix time, for a job that begins
    log: str | None
    once: bool


class Report(NamedTuple):
    """Where a worker stands."""

    state: str
    books: Sequence[int]  # fields of Books; () before the shard is open
    sessions: int = 0
    said: Sequence[str] = ()


class Lines:
    """Cuts what comes through a pipe into lines."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self.ended = False  # the other side is gone

    def read(self) -> list[str]:
        """The lines that are complete after one read: this waits where nothing has come."""
        try:
            data = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return []
        if not data:
            self.ended = True
            return []
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode() for line in lines]


def line(message: Order | Report | Share | str) -> bytes:
    """One message on its way."""
    return json.dumps(message).encode() + b"\n"


def order_of(text: str) -> Order:
    return Order(*json.loads(text))


def command_of(text: str) -> Share | str:
    """Share: send, with that part of the limits; else STOP, ABORT or RELOAD."""
    told = json.loads(text)
    return told if isinstance(told, str) else Share(*told)


def report_of(text: str) -> Report:
    return Report(*json.loads(text))


def books_of(report: Report) -> Books:
    return Books(*report.books)
