"""hash:, btree:, cdb: and lmdb: FILE, an index that postmap built from a text FILE; dbm: and sdbm: the text.

    index          FILE.db (hash, btree), FILE.cdb, FILE.lmdb: read whole into memory, as a text is
    text           FILE itself, in its place where it is the newer one, where there is no index, where postmap
                   is at work on the index, or where nothing here can read it (dbm, sdbm; lmdb without its
                   library). Of equal keys the first counts

A text that was edited counts at once, without postmap; an index counts where its text is elsewhere. Postfix
writes a key and its value with a NUL at the end, or without: here they are the same.
Source: postmap(1), DATABASE_README; dict_db(3), dict_cdb(3), dict_lmdb(3); the newer text first is ours.
"""

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from fastsmtp.errors import TableError
from fastsmtp.lookup import index_berkeley, index_cdb, index_lmdb
from fastsmtp.lookup.table import Opening, Stamp, Table, read, stamp
from fastsmtp.lookup.texthash import TextHash, load

Entries = Iterable[tuple[bytes, bytes]]


class Kind(NamedTuple):
    suffix: str
    entries: Callable[[Path], Entries] | None  # None: nothing reads it


KINDS = {
    "hash": Kind(".db", lambda path: index_berkeley.entries(read(path)[0], "hash")),
    "btree": Kind(".db", lambda path: index_berkeley.entries(read(path)[0], "btree")),
    "cdb": Kind(".cdb", lambda path: index_cdb.entries(read(path)[0])),
    "lmdb": Kind(".lmdb", index_lmdb.entries),
    "dbm": Kind(".pag", None),
    "sdbm": Kind(".pag", None),
}


class Busy(Exception):
    """postmap is at work on the index. Never leaves this module."""


class Index(TextHash):
    """Keys and values of an index; bytes that are no UTF-8 are kept until somebody asks for them."""

    __slots__ = ()

    def get(self, key: str) -> str | None:
        found = super().get(key)
        if found is None or found.isascii():
            return found
        if any("\udc80" <= each <= "\udcff" for each in found):
            raise TableError(f'{self.name}: the result for "{key}" is not UTF-8')
        return found


def opener(reference: str, name: str, opening: Opening) -> Table:
    kind = reference.partition(":")[0]
    text, index = Path(name), Path(name + KINDS[kind].suffix)
    stamps = tuple(_stamp(path) for path in (text, index))
    files = tuple(found for found in stamps if found is not None)
    of_text, of_index = stamps
    if of_index is None or (of_text is not None and of_text.modified_at > of_index.modified_at):
        return _from_text(reference, text, files, opening)
    try:
        values = _read(kind, index)
    except (TableError, Busy) as error:
        if of_text is not None and (isinstance(error, Busy) or not _readable(kind)):
            return _from_text(reference, text, files, opening)
        if isinstance(error, Busy):
            raise TableError(f"{index} is being written") from None
        raise TableError(f"{index}: {error} (or put the text {text} beside it)") from None
    return Index(reference, values, files, folded=opening.fold)


def _from_text(reference: str, text: Path, files: tuple[Stamp, ...], opening: Opening) -> Table:
    values, file = load(text, opening, first_counts=True)
    others = tuple(each for each in files if each.path != text)
    return TextHash(reference, values, (file, *others), folded=opening.fold)


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp(path)
    except TableError:
        return None


def _readable(kind: str) -> bool:
    if kind == "lmdb":
        return index_lmdb.installed()
    return KINDS[kind].entries is not None


def _read(kind: str, index: Path) -> dict[str, str]:
    entries = KINDS[kind].entries
    if entries is None:
        raise TableError(f"nothing here reads {kind} files")
    with _locked(index):
        values: dict[str, str] = {}
        for key, value in entries(index):
            values.setdefault(_text(key), _text(value))
    return values


def _text(data: bytes) -> str:
    return data.removesuffix(b"\0").decode("utf-8", "surrogateescape")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the lock that postmap excludes readers with; Busy if it is at work."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy from None
            yield
    except OSError as error:
        raise TableError(f"open {path}: {error.strerror}") from None
