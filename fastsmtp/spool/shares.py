"""How many shards a job has: settled when it begins, and recorded beside them.

    Shares(directory, wanted)    settles it, and keeps every other program out until release()
    .count, .path(index)         the shards
    .imported()                  all of them hold their rows: from here on the number stands
    recorded(directory)          whether the job has several shards
    imported_shards(directory)   how many hold their rows: 0 before a job's import is complete
    alone(directory, chunks)     the rows of a list, for a job of one shard

The file `shares` holds the number, followed by `importing` until the import is complete. Nothing is sent
before that, so an import that was interrupted is thrown away and begins anew, as with one shard. A job of one
shard has no such file.

The lock on the whole job is handed to the workers (`descriptor`), so that it outlives a parent that is
killed. That a job of one shard begins at the same moment is excluded by the lock of shard 0: it is held while
the number is written here, and there while `alone` looks.
Source: ours (design page, section 4).
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from fastsmtp.errors import SpoolError
from fastsmtp.spool.records import Chunk
from fastsmtp.spool.storage import Lock, make_directory, sync_directory, translated

NAME: Final = "shares"
IMPORTING: Final = "importing"
SUFFIXES: Final = ("", "-wal", "-shm", ".part", ".stage")  # of the files that a shard may consist of


def shard_path(directory: Path, index: int) -> Path:
    """The file of one shard of the job in `directory`."""
    return directory / f"shard-{index}.db"


def recorded(directory: Path) -> bool:
    """Whether the job in `directory` has several shards, perhaps not yet imported. SpoolError."""
    with translated(directory):
        return (directory / NAME).exists()


def imported_shards(directory: Path) -> int:
    """How many shards the job in `directory` has; 0 as long as its import is not complete. SpoolError."""
    with translated(directory):
        count, complete = _read(directory / NAME)
        if count:
            return count if complete else 0
        return int(shard_path(directory, 0).exists())


def alone(directory: Path, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """`chunks`, for the import of a job of one shard; SpoolError if it has begun with several by now."""
    if recorded(directory):
        raise SpoolError(f"{directory}: another program has just begun this job with several workers")
    yield from chunks


class Shares:
    """The shards of one job, for the program whose workers may write to them."""

    def __init__(self, directory: Path, wanted: int) -> None:
        """`wanted`: with how many to begin, if the job has not begun. SpoolError if it is in use."""
        self._directory = directory
        self._record = directory / NAME
        with translated(directory):
            make_directory(directory)
        self._lock = Lock(self._record)
        try:
            with translated(self._record):
                self.count = self._settle(wanted)
        except BaseException:
            self._lock.release()
            raise

    @property
    def descriptor(self) -> int:
        """Of the lock: whoever inherits it holds it too."""
        return self._lock.descriptor

    def path(self, index: int) -> Path:
        return shard_path(self._directory, index)

    def imported(self) -> None:
        """Records that every shard is complete. Safe to call again."""
        with translated(self._record):
            self._write(f"{self.count}\n")

    def release(self) -> None:
        """Lets others in, once the workers have ended too."""
        self._lock.release()

    def _settle(self, wanted: int) -> int:
        count, complete = _read(self._record)
        if complete:
            for index in range(count):
                if not self.path(index).exists():
                    raise SpoolError(
                        f"{self.path(index)} does not exist: put back a copy, or move {self._directory} away "
                        "to begin the job anew (which sends again to recipients that are done)"
                    )
            return count
        if count:
            self._discard(count)
        first = Lock(self.path(0))
        try:
            if self.path(0).exists():
                return 1
            if wanted > 1:
                self._write(f"{wanted} {IMPORTING}\n")
            return wanted
        finally:
            first.release()

    def _write(self, text: str) -> None:
        part = self._record.with_suffix(".part")
        with part.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._record)
        sync_directory(self._directory)

    def _discard(self, count: int) -> None:
        for index in range(count):
            path = self.path(index)
            for suffix in SUFFIXES:
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)


def _read(record: Path) -> tuple[int, bool]:
    """The number, 0 where there is none, and whether the import is complete."""
    try:
        text = record.read_text("ascii")
    except FileNotFoundError:
        return 0, False
    count, _, state = text.strip().partition(" ")
    if not count.isdecimal() or state not in ("", IMPORTING):
        raise SpoolError(f"{record} is damaged: it holds {text!r}, not a number of shards")
    return int(count), not state
