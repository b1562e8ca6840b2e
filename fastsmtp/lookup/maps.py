"""A parameter's list of tables, searched in order: the first that finds or fails decides.

    Maps(parameter, tables)           in the order of the setting
    .find(key)                        the text, None, or TableError; a full key goes to every table
    .find(key, partial=True)          the same for a part of an address: tables of patterns are left out
    .changed(), .broken, .size, .volatile    see `followed` and `table`
An empty key is never looked up. An empty answer is an error: somebody meant "not found" and wrote something
else.
Source: maps(3); DATABASE_README.
"""

from collections.abc import Callable, Iterable

from fastsmtp.errors import TableError
from fastsmtp.lookup.opening import open_table
from fastsmtp.lookup.table import Surrogate, Table, changed


class Maps:
    """The tables of one parameter."""

    __slots__ = ("parameter", "tables")

    def __init__(self, parameter: str, tables: Iterable[Table]) -> None:
        self.parameter = parameter
        self.tables = tuple(tables)

    @classmethod
    def open(
        cls, parameter: str, words: Iterable[str], warn: Callable[[str], None], *, fold: bool = True
    ) -> "Maps":
        """Open every table of a setting, as `Settings.words` gives them."""
        return cls(parameter, [open_table(word, warn, fold=fold) for word in words])

    def find(self, key: str, *, partial: bool = False) -> str | None:
        """What the first table that knows `key` says."""
        if not key:
            return None
        for table in self.tables:
            if partial and not table.fixed:
                continue
            try:
                found = table.get(key)
            except TableError as error:
                raise TableError(f'{self.parameter}: lookup of "{key}" failed: {error}') from None
            if found is not None:
                if not found:
                    raise TableError(
                        f'{self.parameter}: lookup of "{key}" in {table.name} gives an empty text'
                    )
                return found
        return None

    def changed(self) -> bool:
        """Whether a file of a table is another one now."""
        return any(map(changed, self.tables))

    @property
    def broken(self) -> bool:
        """A table could not be opened."""
        return any(isinstance(table, Surrogate) for table in self.tables)

    @property
    def volatile(self) -> bool:
        """Answers may change while files stay."""
        return any(table.volatile for table in self.tables)

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.size for table in self.tables for file in table.files)

    def __bool__(self) -> bool:
        return bool(self.tables)
