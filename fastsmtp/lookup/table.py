"""What every lookup table is: asked with a key, it finds a text, finds nothing, or fails.

    table.get(key)       the text, or None for "not found"; TableError when there is no answer
    table.fixed          True if its keys are plain texts, so that it may be asked for parts of an address too
    table.items()        all keys and texts, where the type can list them
    table.files          the files that it was read from; `changed(table)` says when to open it again
    table.volatile       True if its answers may become others while its files stay: databases, servers

A table that cannot be opened is a Surrogate: it fails every question, so that mail is deferred rather than
decided wrongly. An empty answer comes back as it is; `maps` makes an error of it.
Source: dict(3), DATABASE_README; dict_surrogate(3).
"""

from collections.abc import Callable, Iterable
from os import stat
from pathlib import Path
from typing import NamedTuple, TypeVar

from fastsmtp.conf.lists import split_words
from fastsmtp.errors import TableError

BLANKS = " \t\r\n\v\f"


class Table:
    """A table that is open. Immutable; safe to share."""

    __slots__ = ("files", "fixed", "name", "volatile")

    def __init__(
        self, name: str, *, fixed: bool, files: tuple["Stamp", ...] = (), volatile: bool = False
    ) -> None:
        self.name = name  # the reference, as the user wrote it
        self.fixed = fixed
        self.files = files
        self.volatile = volatile

    def get(self, key: str) -> str | None:
        raise NotImplementedError

    def items(self) -> Iterable[tuple[str, str]]:
        """All keys and texts, where the type can tell; TableError where it cannot."""
        raise TableError("a table of this type cannot be listed")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


class Surrogate(Table):
    """In place of a table that cannot be opened."""

    __slots__ = ("reason",)

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, fixed=True)
        self.reason = reason

    def get(self, key: str) -> str | None:
        raise TableError(f"{self.name}: {self.reason}")


class Stamp(NamedTuple):
    """A file as it was when it was read."""

    path: Path
    modified_at: int  # ns
    size: int
    inode: int


class Opening(NamedTuple):
    """What a type needs to open a table of its own."""

    fold: bool  # keys are compared without regard to case, where keys are plain texts
    warn: Callable[[str], None]  # faults in a table that leave it usable
    open_table: Callable[[str], Table]  # for tables made of tables


Opener = Callable[[str, str, Opening], Table]  # (type:name, name, opening); TableError if it cannot be opened
Result = TypeVar("Result")


def fold(key: str) -> str:
    """`key` in the form in which keys are compared."""
    return key.casefold()


def stamp(path: Path) -> Stamp:
    """The state of a file now; TableError if it cannot be had."""
    try:
        found = stat(path)
    except OSError as error:
        raise TableError(f"open {path}: {error.strerror}") from None
    return Stamp(path, found.st_mtime_ns, found.st_size, found.st_ino)


def read(path: Path) -> tuple[bytes, Stamp]:
    """A whole file, and its state when it was read; TableError if it cannot be read."""
    before = stamp(path)
    try:
        return path.read_bytes(), before
    except OSError as error:
        raise TableError(f"open {path}: {error.strerror}") from None


def changed(table: Table) -> bool:
    """Whether a file that the table was read from is another one now."""
    return is_changed(table.files)


def is_changed(files: Iterable[Stamp]) -> bool:
    """Whether one of them is another one now, or gone."""
    for known in files:
        try:
            if stamp(known.path) != known:
                return True
        except TableError:
            return True
    return False


def group(name: str, example: str) -> tuple[str, ...]:
    """The elements of `{a, b}`; TableError if `name` has another form, or holds none."""
    text = name.strip(BLANKS)
    words = split_words(text[1:-1]) if text[:1] == "{" and text[-1:] == "}" else ()
    if not words:
        raise TableError(f'bad syntax: expected "{example}"')
    return words
