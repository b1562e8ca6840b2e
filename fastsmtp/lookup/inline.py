"""inline:{ key=value, { key = value with blanks } }: the contents stand in the reference itself.

Blanks around `=` are allowed within inner braces only. The last of equal keys counts.
Source: DATABASE_README, "inline".
"""

from collections.abc import Iterable

from fastsmtp.errors import TableError
from fastsmtp.lookup.table import BLANKS, Opening, Table, fold, group

EXAMPLE = "inline:{name=value...}"


class Plain(Table):
    """Keys and values in memory; `folded`: keys are compared without regard to case."""

    __slots__ = ("_values", "folded")

    def __init__(self, reference: str, values: dict[str, str], *, folded: bool) -> None:
        super().__init__(reference, fixed=True)
        self._values = values
        self.folded = folded

    def get(self, key: str) -> str | None:
        return self._values.get(key.casefold() if self.folded else key)

    def items(self) -> Iterable[tuple[str, str]]:
        return self._values.items()


def opener(reference: str, name: str, opening: Opening) -> Table:
    values: dict[str, str] = {}
    for word in group(name, EXAMPLE):
        text = word[1:-1] if word[:1] == "{" and word[-1:] == "}" else word
        key, equals, value = (part.strip(BLANKS) for part in text.partition("="))
        if not equals or not key or any(blank in key for blank in BLANKS):
            raise TableError(f'missing "=" after a name: expected "{EXAMPLE}"')
        values[fold(key) if opening.fold else key] = value
    return Plain(reference, values, folded=opening.fold)
