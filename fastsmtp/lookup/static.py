"""static:TEXT gives TEXT for every key. `static:{ text }` drops the blanks around it.

It counts as a table of plain keys, so it also answers for parts of an address.
Source: DATABASE_README, "static".
"""

from fastsmtp.lookup.table import BLANKS, Opening, Table


class Static(Table):
    __slots__ = ("text",)

    def __init__(self, reference: str, text: str) -> None:
        super().__init__(reference, fixed=True)
        self.text = text

    def get(self, key: str) -> str | None:
        return self.text


def opener(reference: str, name: str, opening: Opening) -> Table:
    braced = name[:1] == "{" and name[-1:] == "}"
    return Static(reference, name[1:-1].strip(BLANKS) if braced else name)
