"""unionmap:{type:name, ...} asks every table and joins what they find with commas.

One that fails makes the whole fail: a part of the answer is no answer.
Source: DATABASE_README, "unionmap".
"""

from collections.abc import Sequence

from fastsmtp.lookup.table import Opening, Table, group


class UnionMap(Table):
    __slots__ = ("_tables",)

    def __init__(self, reference: str, tables: Sequence[Table]) -> None:
        super().__init__(
            reference,
            fixed=all(table.fixed for table in tables),
            files=tuple(file for table in tables for file in table.files),
            volatile=any(table.volatile for table in tables),
        )
        self._tables = tables

    def get(self, key: str) -> str | None:
        found = [text for table in self._tables if (text := table.get(key)) is not None]
        return ",".join(found) if found else None


def opener(reference: str, name: str, opening: Opening) -> Table:
    return UnionMap(reference, [opening.open_table(word) for word in group(name, "unionmap:{type:name...}")])
