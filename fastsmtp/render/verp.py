"""The envelope sender of each recipient: VERP, so that a bounce names whom it is about.

    Sender(text)              text holds {{ field }} at least once; raises JobError where it makes no address
    .fields                   names it needs
    .render(values) -> str    the sender in wire form; raises RenderError

Plain fields only, no expressions. `@` in a value becomes `=`, the usual form: with
`bounces+{{ email }}@news.example.com` the recipient ann@example.org has the sender
`bounces+ann=example.org@news.example.com`. An international domain in a value is written in A-labels. The
local part may have all of an address's 254 octets: receivers have taken long VERP senders for decades, and
Postfix sends them. Whatever is then no dot-atom address is refused: a field cannot add a command, a parameter
or a second address.

Source: ours, after the VERP proposal of 1997 and Postfix's VERP_README; RFC 5321 4.1.2.
"""

import re
from collections.abc import Mapping

from fastsmtp.errors import JobError, RenderError
from fastsmtp.mail.address import ADDRESS_LIMIT, is_plain, parse, quote

_FIELD = re.compile(r"\{\{\s*(\w[\w -]*?)\s*\}\}")
_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}")


class Sender:
    """An envelope sender with fields in it."""

    def __init__(self, text: str) -> None:
        pieces = _FIELD.split(text)
        self._literals = pieces[::2]
        self._names = pieces[1::2]
        self.fields = frozenset(self._names)
        if any(_BRACES.search(literal) for literal in self._literals):
            raise JobError(f"`{text}`: only plain fields, as in {{{{ email }}}}, are expected between braces")
        reason = self._reason(self._join(["x"] * len(self._names)))
        if reason:
            raise JobError(f"`{text}` makes no address: {reason}")

    def render(self, values: Mapping[str, object]) -> str:
        """The sender for a row. `values` as FieldsFormat.unpack gives them."""
        try:
            sender = self._join([_as_local(values[name]) for name in self._names])
        except KeyError as error:
            raise RenderError(f"sender: no field `{error.args[0]}`") from None
        reason = self._reason(sender)
        if reason:
            raise RenderError(f"sender: {reason}")
        return sender

    def _join(self, values: list[str]) -> str:
        parts = [self._literals[0]]
        for value, literal in zip(values, self._literals[1:], strict=True):
            parts += (value, literal)
        return "".join(parts)

    @staticmethod
    def _reason(sender: str) -> str:
        if is_plain(sender):
            return ""
        parsed = parse(sender, local_limit=ADDRESS_LIMIT)
        return parsed if isinstance(parsed, str) else "an address that is no dot-atom"


def _as_local(value: object) -> str:
    text = str(value)
    if "@" in text and not text.isascii():
        parsed = parse(text, local_limit=ADDRESS_LIMIT)
        if not isinstance(parsed, str):
            text = quote(*parsed)
    return text.replace("@", "=")
