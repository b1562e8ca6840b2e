"""randmap:{a, b, b}: one of the texts by chance for every question; written twice it comes twice as often.

Source: DATABASE_README, "randmap".
"""

import random

from fastsmtp.lookup.table import Opening, Table, group


class RandMap(Table):
    __slots__ = ("_texts",)

    def __init__(self, reference: str, texts: tuple[str, ...]) -> None:
        super().__init__(reference, fixed=False)
        self._texts = texts

    def get(self, key: str) -> str | None:
        return random.choice(self._texts)


def opener(reference: str, name: str, opening: Opening) -> Table:
    return RandMap(reference, group(name, "randmap:{value...}"))
