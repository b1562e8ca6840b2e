"""fail:NAME has no answer to any question: for tests of what is done then.

Source: DATABASE_README, "fail".
"""

from fastsmtp.errors import TableError
from fastsmtp.lookup.table import Opening, Table


class Fail(Table):
    __slots__ = ()

    def get(self, key: str) -> str | None:
        raise TableError(f"{self.name} always fails")


def opener(reference: str, name: str, opening: Opening) -> Table:
    return Fail(reference, fixed=True)
