"""The display on a terminal: a bar, and a line of counts under it, drawn anew at each `show`.

Draws when it is told to and at no other time: there is no thread. Imported on a terminal alone, since rich
takes longer to import than a small job takes to send.

Source: ours.
"""

from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fastsmtp.cli.standing import Standing, span_text


class LiveDisplay:
    """`show(standing)` draws, `say(text)` puts a line above, `close()` leaves the last drawing there."""

    def __init__(self, stream: TextIO) -> None:
        console = Console(file=stream)
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
        self._live.start()

    def show(self, standing: Standing) -> None:
        self._live.update(drawing(standing), refresh=True)

    def say(self, text: str) -> None:
        self._live.console.print(Text(text), soft_wrap=True)

    def close(self) -> None:
        self._live.stop()


def drawing(standing: Standing) -> Group:
    bar = Table.grid(expand=True, padding=(0, 1))
    bar.add_column(ratio=1)
    bar.add_column(no_wrap=True)
    share = standing.done / standing.total if standing.total else 1.0
    bar.add_row(
        ProgressBar(total=max(standing.total, 1), completed=standing.done),
        f"{share:4.0%} {standing.done:,}/{standing.total:,}",
    )
    counts = Text(no_wrap=True, overflow="ellipsis")
    counts.append(f"sent {standing.sent:,}", "green")
    counts.append(f"  deferred {standing.deferred:,}", "yellow" if standing.deferred else "dim")
    counts.append(f"  bounced {standing.bounced:,}", "red" if standing.bounced else "dim")
    counts.append(f"  {standing.rate:,.0f}/s  {standing.sessions} sessions")
    if standing.seconds_left is not None:
        counts.append(f"  {span_text(standing.seconds_left)} left")
    return Group(bar, counts)
