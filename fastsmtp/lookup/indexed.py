"""hash:, btree:, lmdb:, cdb: and dbm: FILE, read through the text FILE that postmap built the index from.

The index itself is not read: its format belongs to a library and its version, the text is what the user
edits, and in memory a lookup costs less than in either. An index without its text is an error that says
what to do. Of equal keys the first counts, as postmap has it.
Source: postmap(1); DATABASE_README; reading the text instead is ours.
"""

from pathlib import Path

from fastsmtp.errors import TableError
from fastsmtp.lookup.table import Opening, Table
from fastsmtp.lookup.texthash import TextHash, load

SUFFIXES = {"hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb", "dbm": ".pag"}


def opener(reference: str, name: str, opening: Opening) -> Table:
    kind = reference.partition(":")[0]
    text, index = Path(name), Path(name + SUFFIXES[kind])
    if not text.exists() and index.exists():
        raise TableError(
            f"{index} is there, but not {text}, from which it was built: fastsmtp reads the text "
            f"(postmap -s {reference} > {text} writes it from the index)"
        )
    values, file = load(text, opening, first_counts=True)
    return TextHash(reference, values, file, folded=opening.fold)
