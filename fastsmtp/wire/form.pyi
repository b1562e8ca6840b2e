"""A message as a form: the same octets for all, and holes for a row's values. The body is ext/form.pyx."""

from typing import final

VALUES_LIMIT: int  # of a row: more of them make no form

def plain_address(text: str) -> bytes | None:
    """A harmless address as it goes into a command; None for others, which may need quotes there."""

@final
class Form:
    def __init__(self, literals: list[bytes], holes: list[int], rooms: list[int]) -> None:
        """ValueError where holes and rooms do not fit, or where there are more values than 64."""

    @property
    def literals(self) -> list[bytes]: ...
    @property
    def holes(self) -> list[int]: ...
    @property
    def rooms(self) -> list[int]: ...
    def marks(self) -> list[object]:
        """Values as long as their rooms: harmless, and of no meaning."""

    def fill(self, values: list[object]) -> bytes | None:
        """The message; None where a value is no text, too long, or not harmless wherever it may stand."""

    def fill_columns(self, address: str, packed: str) -> bytes | None:
        """The same for the address and the values packed behind it (fastsmtp.mail.fields)."""
