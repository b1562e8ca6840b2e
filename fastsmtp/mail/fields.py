"""A row's fields on their way from the list, through the spool, to the renderer: one string in between.

| list   | packed                                                        | unpacked                      |
| ------ | ------------------------------------------------------------- | ----------------------------- |
| .csv   | the columns that the job uses, joined by U+001F (in no field) | column: text                  |
| .jsonl | the line itself                                               | key: value; null is not given |
| .txt   | ""                                                            | nothing                       |

`email` is never packed: the recipient's address is there already, and `unpack` adds it. A job whose message
and sender use no fields packs "" whatever the list.

    FieldsFormat(kind, columns)       kind "columns" or "json"; columns in the order of the list
    .unpack(address, packed) -> dict  once a message
    .values(address, packed, names)   the address and the fields of these names, for a form with holes
    .to_text(), .from_text(text)      for the spool: rows packed one way must not be unpacked another way

Does not check: whatever reads the list has refused control characters before anything is packed.
Source: ours. A dict a message, alive while it is rendered, against one a recipient in memory.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

ADDRESS_FIELD = "email"
SEPARATOR = "\x1f"


class FieldsFormat(NamedTuple):
    """How the rows of one list are packed."""

    kind: Literal["columns", "json"] = "columns"
    columns: tuple[str, ...] = ()

    def unpack(
        self, address: str, packed: str, make: Callable[..., dict[str, object]] = dict
    ) -> dict[str, object]:
        """The fields by name, in a dict that `make` makes. `packed` comes from the same format."""
        if self.kind == "columns":
            values = make(zip(self.columns, packed.split(SEPARATOR), strict=False))
        else:
            values = make((key, value) for key, value in json.loads(packed).items() if value is not None)
        values[ADDRESS_FIELD] = address
        return values

    def names(self, used: Iterable[str]) -> tuple[str, ...]:
        """Of the values that `values` gives behind the address; `used` are those that are wanted."""
        return self.columns if self.kind == "columns" else tuple(sorted(set(used) - {ADDRESS_FIELD}))

    def values(self, address: str, packed: str, names: Sequence[str]) -> list[object]:
        """The address, then the fields `names`, None for one that is not given. `names` are names()'s."""
        if self.kind == "columns":
            return [address, *packed.split(SEPARATOR)] if names else [address]
        given = json.loads(packed)
        return [address, *map(given.get, names)]

    def to_text(self) -> str:
        return SEPARATOR.join((self.kind, *self.columns))

    @classmethod
    def from_text(cls, text: str) -> "FieldsFormat":
        """Inverse of `to_text`; raises ValueError for anything else."""
        kind, *columns = text.split(SEPARATOR)
        if kind == "columns":
            return cls("columns", tuple(columns))
        if kind == "json" and not columns:
            return cls("json")
        raise ValueError(f"{text!r} is no format of fields")
