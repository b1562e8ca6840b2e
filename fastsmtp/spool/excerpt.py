"""An excerpt: rows of an ended run, written down as the list of a new one.

    select(path, statuses, moved)    the rows of a shard whose last outcome is in `statuses`, in chunks
    count_moved(path, moved)         rows that were taken away for the run that `moved` names
    Draft(directory, header)         .write(chunks), then .commit() or .discard()
    committed(directory)             whether the run in `directory` has such a list
    read_header(directory), read_chunks(directory)

The file `list` in the new run's directory: a line of JSON for the header (the statuses asked for, and the job
record that the new run begins with), then a line for each row. It exists complete or not at all, and stays
until the directory is deleted: the shards, one or several, are imported from it.

A deferred row that goes into an excerpt is cancelled in its own run, with the reply `moved`, before the
excerpt is committed. Where that was interrupted, such rows are found again by it, and count as deferred.

Does not ask whether the run has ended, nor cancel anything: fastsmtp.worker.only does.
Source: ours (design page, section 2, "The results").
"""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final, NamedTuple

from fastsmtp.errors import SpoolError
from fastsmtp.outcome.outcome import CANCELLED, DEFERRED
from fastsmtp.spool.records import Chunk, JobRecord, Row
from fastsmtp.spool.results import FILL, LAST_OUTCOMES
from fastsmtp.spool.storage import connect, make_directory, sync_directory, translated

LIST: Final = "list"
CHUNK: Final = 1000  # rows

SELECT: Final = f"""
    SELECT line, address, domain, coalesce(key, address), fields
    FROM temp.last JOIN recipient ON recipient.id = last.recipient JOIN outcome ON outcome.id = last.outcome
    WHERE CASE WHEN status = '{CANCELLED}' AND reply = ? THEN '{DEFERRED}' ELSE status END
          IN ({{statuses}})
"""
COUNT_MOVED: Final = f"""
    SELECT count(*) FROM temp.last JOIN outcome ON outcome.id = last.outcome
    WHERE status = '{CANCELLED}' AND reply = ?
"""


class Header(NamedTuple):
    """What the new run is."""

    statuses: frozenset[str]
    record: JobRecord


def select(path: Path, statuses: frozenset[str], moved: str) -> Iterator[Chunk]:
    """The rows of the shard `path`, as they stand; this process may have it open."""
    with translated(path):
        connection = connect(path)
        try:
            connection.execute(LAST_OUTCOMES)
            connection.execute(FILL)
            chosen = SELECT.format(statuses=", ".join("?" * len(statuses)))
            found = connection.execute(chosen, (moved, *statuses))
            while rows := found.fetchmany(CHUNK):
                yield rows, ()
        finally:
            connection.close()


def count_moved(path: Path, moved: str) -> int:
    """How many rows of the shard `path` were cancelled with the reply `moved`."""
    with translated(path):
        connection = connect(path)
        try:
            connection.execute(LAST_OUTCOMES)
            connection.execute(FILL)
            (count,) = connection.execute(COUNT_MOVED, (moved,)).fetchone()
        finally:
            connection.close()
    return int(count)


class Draft:
    """The list of a run that does not exist yet."""

    def __init__(self, directory: Path, header: Header) -> None:
        self._path = directory / LIST
        self._part = self._path.with_suffix(".part")
        self._header = header

    def write(self, chunks: Iterable[Chunk]) -> int:
        """Writes all rows, durably; returns their number. SpoolError."""
        encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
        count = 0
        with translated(self._part):
            make_directory(self._part.parent)
            with self._part.open("w", encoding="utf-8") as file:
                file.write(_header_text(self._header) + "\n")
                for rows, _ in chunks:
                    file.writelines(f"{encode(row)}\n" for row in rows)
                    count += len(rows)
                file.flush()
                os.fsync(file.fileno())
        return count

    def commit(self) -> None:
        """The run exists."""
        with translated(self._path):
            self._part.replace(self._path)
            sync_directory(self._path.parent)
            sync_directory(self._path.parent.parent)

    def discard(self) -> None:
        """Leaves nothing behind."""
        self._part.unlink(missing_ok=True)
        with suppress(OSError):  # it may hold what is not ours
            self._path.parent.rmdir()


def committed(directory: Path) -> bool:
    return (directory / LIST).exists()


def read_header(directory: Path) -> Header:
    """Raises SpoolError."""
    path = directory / LIST
    with translated(path), path.open(encoding="utf-8") as file:
        return _header(file.readline(), path)


def read_chunks(directory: Path) -> Iterator[Chunk]:
    """The rows of the list in `directory`."""
    path = directory / LIST
    with translated(path), path.open(encoding="utf-8") as file:
        file.readline()
        rows: list[Row] = []
        for text in file:
            line, address, domain, key, fields = json.loads(text)
            rows.append((line, address, domain, key, fields))
            if len(rows) == CHUNK:
                yield rows, ()
                rows = []
        yield rows, ()


def _header_text(header: Header) -> str:
    record = asdict(header.record) | {"message": b64encode(header.record.message).decode("ascii")}
    return json.dumps({"statuses": sorted(header.statuses), "record": record})


def _header(text: str, path: Path) -> Header:
    try:
        document = json.loads(text)
        fields = document["record"]
        changed = {"message": b64decode(fields["message"]), "columns": tuple(fields["columns"])}
        return Header(frozenset(document["statuses"]), JobRecord(**(fields | changed)))
    except (ValueError, KeyError, TypeError) as error:
        raise SpoolError(f"{path} is damaged ({error}): put back a copy") from error
