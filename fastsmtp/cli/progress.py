"""How far a job is, while it runs, and what it came to.

    Progress(total, stream, quiet)     a live display on a terminal, else a plain line every few seconds
    .update(books, sessions)           a timer calls it 5 to 8 times a second
    .say(text)                         a line that does not disturb the display
    .close(summary)                    the last lines; without a summary it just ends the display

    12345/20000 sent 12000 deferred 300 bounced 45 rate 2100/s sessions 20        a plain line

`quiet` prints nothing, ever. A stream that nobody reads any more ends the display, not the job.

Does not count, and has no timer. rich is imported on a terminal alone (fastsmtp/cli/live.py).

Source: ours.
"""

import importlib
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol, TextIO

from fastsmtp.cli.standing import Standing, span_text
from fastsmtp.spool.records import Books

PLAIN_INTERVAL = 5.0  # seconds between plain lines
RATE_SPAN = 5.0  # seconds that the shown rate is the mean of

# What a row can have come to, in the order that the summary names them.
STATUSES = ("sent", "bounced", "expired", "rejected", "duplicate", "cancelled", "unknown", "waiting")


class Summary(NamedTuple):
    """What a run came to. `finished` and `seconds` are this run's; the books are the job's."""

    books: Books
    finished: int
    seconds: float
    results: Path | None
    resume: str  # the command that goes on; said if somebody waits


class Display(Protocol):
    def show(self, standing: Standing) -> None: ...
    def say(self, text: str) -> None: ...
    def close(self) -> None: ...


class PlainDisplay:
    """A line now and then, for logs and pipes."""

    def __init__(self, stream: TextIO, now: float) -> None:
        self._stream = stream
        self._next_at = now + PLAIN_INTERVAL

    def due(self, now: float) -> bool:
        if now < self._next_at:
            return False
        self._next_at = now + PLAIN_INTERVAL
        return True

    def show(self, standing: Standing) -> None:
        print(plain_line(standing), file=self._stream, flush=True)

    def say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Leaves nothing behind."""


class Rate:
    """Rows a second over the last RATE_SPAN seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, done: int, now: float) -> float:
        samples = self._samples
        samples.append((now, done))
        while len(samples) > 2 and samples[1][0] <= now - RATE_SPAN:
            samples.popleft()
        then, done_then = samples[0]
        return (done - done_then) / (now - then) if now > then else 0.0


class Progress:
    """`plain`: no live display on a terminal either, since other lines go there too."""

    def __init__(
        self,
        total: int,
        stream: TextIO,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
        *,
        plain: bool = False,
    ) -> None:
        self._total = total
        self._stream = stream
        self._clock = clock
        self._rate = Rate()
        self._plain: PlainDisplay | None = None
        self._display: Display | None = None
        if quiet:
            return
        if stream.isatty() and not plain:
            self._display = importlib.import_module("fastsmtp.cli.live").LiveDisplay(stream)
        else:
            self._display = self._plain = PlainDisplay(stream, clock())

    def update(self, books: Books, sessions: int) -> None:
        """Show how far it is, if it is time to."""
        if self._display is None:
            return
        now = self._clock()
        done = books.rows - books.waiting
        rate = self._rate.add(done, now)
        if self._plain is not None and not self._plain.due(now):
            return
        total = max(self._total, books.rows)
        try:
            self._display.show(
                Standing(total, done, books.sent, books.deferred, books.bounced, rate, sessions)
            )
        except OSError:
            self._display = None  # nobody reads it

    def say(self, text: str) -> None:
        """Show a line, unless nothing is to be shown."""
        if self._display is None:
            return
        try:
            self._display.say(text)
        except OSError:
            self._display = None

    def close(self, summary: Summary | None = None) -> None:
        """End the display. Called once, or again to no effect."""
        display, self._display = self._display, None
        if display is None:
            return
        try:
            display.close()
            if summary is not None:
                print(summary_text(summary), file=self._stream, flush=True)
        except OSError:
            return


def plain_line(standing: Standing) -> str:
    return (
        f"{standing.done}/{standing.total} sent {standing.sent} deferred {standing.deferred}"
        f" bounced {standing.bounced} rate {standing.rate:.0f}/s sessions {standing.sessions}"
    )


def summary_text(summary: Summary) -> str:
    """The books, in a line that adds up; time and rate; where the results are; how to go on."""
    books = summary.books
    counts = [(name, getattr(books, name)) for name in STATUSES]
    shown = [f"{count} {name}" for name, count in counts if count or name == "sent"]
    lines = [f"{books.rows} {'row' if books.rows == 1 else 'rows'} = {' + '.join(shown)}"]
    counts_for = summary.finished and summary.seconds > 0
    pace = f", {summary.finished / summary.seconds:.0f} recipients/s" if counts_for else ""
    lines.append(f"took {span_text(summary.seconds)}{pace}")
    if summary.results is not None:
        lines.append(f"results in {summary.results}")
    if books.waiting:
        lines.append(f"to go on with those that wait: {summary.resume}")
    return "\n".join(lines)
