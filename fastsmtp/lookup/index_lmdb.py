"""The entries of an LMDB file: what postmap makes of lmdb: tables. Read by the library of that name.

    entries(path)     (key, value) pairs in the order of the keys; TableError if the file, or the library, is
                      not as it must be

Nobody else may write meanwhile: `indexed` holds Postfix's lock.
Source: lmdb_table(5); the Python package lmdb (pip install 'fastsmtp[lmdb]').
"""

import importlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from fastsmtp.errors import TableError
from fastsmtp.lookup.remote import require


def installed() -> bool:
    return find_spec("lmdb") is not None


def entries(path: Path) -> Iterator[tuple[bytes, bytes]]:
    require("lmdb", "lmdb")
    lmdb = importlib.import_module("lmdb")
    try:
        with (
            lmdb.open(str(path), subdir=False, readonly=True, lock=False, create=False) as database,
            database.begin() as transaction,
            transaction.cursor() as cursor,
        ):
            yield from cursor
    except lmdb.Error as error:
        raise TableError(f"open {path}: {error}") from None
