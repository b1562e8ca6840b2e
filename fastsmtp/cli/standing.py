"""One moment of a job, as a display shows it.

Source: ours.
"""

from typing import NamedTuple


class Standing(NamedTuple):
    """One moment of a job, as a display shows it."""

    total: int
    done: int  # rows with a final outcome
    sent: int
    deferred: int
    bounced: int
    rate: float  # rows a second that were done, lately
    sessions: int

    @property
    def seconds_left(self) -> float | None:
        """At the present rate; None where there is none, and when nothing is left."""
        left = self.total - self.done
        return left / self.rate if self.rate > 0 and left > 0 else None


def span_text(seconds: float) -> str:
    """`9.5 s`, `2:05`, `1:00:05`."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
