"""pipemap:{type:name, ...}: what one table finds is the key for the next; what the last finds is the answer.

One that finds nothing ends it with "not found".
Source: DATABASE_README, "pipemap".
"""

from collections.abc import Sequence

from fastsmtp.lookup.table import Opening, Table, group


class PipeMap(Table):
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
        for table in self._tables:
            found = table.get(key)
            if found is None:
                return None
            key = found
        return key


def opener(reference: str, name: str, opening: Opening) -> Table:
    return PipeMap(reference, [opening.open_table(word) for word in group(name, "pipemap:{type:name...}")])
