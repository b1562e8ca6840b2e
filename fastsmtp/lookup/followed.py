"""What is made of tables and files, made anew when they change.

    maps = Followed(lambda: Maps.open(parameter, words, warn), apart)
    maps.at(now)             what is in force; at most a second old
    maps.now                 what was opened last
    maps.look(now)           at a moment that suits: whether it was opened anew, so that what was made with
                             the earlier one is to be made again

Any thing will do that says with `changed` whether its files are others now, with `size` how large they were,
and with `broken` whether a part of it could not be opened: that is tried again, after a pause, since its
files may be the same all the while.

Large files are read apart, where the caller has a way to do that: a table of a million entries takes seconds,
and whoever asks meanwhile hears what held before.
Source: ours; Postfix ends a process whose tables have changed (spec: config, 10, asks for 60 s at most).
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

LOOK_INTERVAL = 1.0  # seconds between two looks at the files
RETRY_INTERVAL = 10.0  # and between two tries to open what could not be opened
LARGE = 1_000_000  # bytes: read in about 50 ms, which nobody notices


Apart = Callable[[Callable[[], None]], None]  # does the work while the program goes on


class Changeable(Protocol):
    def changed(self) -> bool: ...

    @property
    def broken(self) -> bool: ...
    @property
    def size(self) -> int: ...


Opened = TypeVar("Opened", bound=Changeable)


class Followed(Generic[Opened]):
    """`now`, and when to look whether it still is."""

    __slots__ = ("_apart", "_found", "_look_at", "_open", "_reading", "_retry_at", "now")

    def __init__(self, open_: Callable[[], Opened], apart: Apart | None = None) -> None:
        self._open = open_
        self._apart = apart
        self._look_at = self._retry_at = 0.0
        self._reading = False  # apart, and it is not over
        self._found: Opened | None = None  # what was read so
        self.now = open_()

    def at(self, now: float) -> Opened:
        """As it is now."""
        self.look(now)
        return self.now

    def look(self, now: float) -> bool:
        """`now`: any clock in seconds."""
        if now < self._look_at:
            return False
        if self._reading:
            return False
        if self._found is not None:
            self.now, self._found = self._found, None
            return True
        if not self._look_at:
            self._retry_at = now + RETRY_INTERVAL
        self._look_at = now + LOOK_INTERVAL
        is_due = self.now.broken and now >= self._retry_at
        if not is_due and not self.now.changed():
            return False
        self._retry_at = now + RETRY_INTERVAL
        if self._apart is not None and self.now.size >= LARGE:
            self._reading = True
            self._apart(self._read)
            return False
        self.now = self._open()
        return True

    def _read(self) -> None:
        try:
            self._found = self._open()
        finally:
            self._reading = False
