"""Header fields that hold addresses (To, From, ...) and are a template: a field stays inside its own mailbox.

    AddressField(name, source, place)    raises JobError
    .render(values) -> str               the whole header field; raises RenderError
    .fields, .required

The source is cut into mailboxes, and each into display name and address, before anything is filled in: `To:
"{{ name }}" <{{ email }}>`. A value in a display name is encoded or quoted as one phrase, whatever commas or
brackets it holds; what is rendered for an address must be one address. Comments and groups are refused where
there are fields.
Source: RFC 5322 3.4; ours.
"""

import re
from typing import NamedTuple

from fastsmtp.errors import RenderError
from fastsmtp.mail.address import parse, wire_text
from fastsmtp.render.expression import Expression, Place, Values, compile_text, has_marks
from fastsmtp.render.header import LINE_LIMIT, WORDS, check, fold, phrase

_ORIGINATORS_AND_DESTINATIONS = ("from", "sender", "reply-to", "to", "cc", "bcc")
ADDRESS_FIELDS = frozenset(
    prefix + name for prefix in ("", "resent-") for name in _ORIGINATORS_AND_DESTINATIONS
)

_BRACES = r"\{\{.*?\}\}|\{%.*?%\}|\{\#.*?\#\}"
_TOKEN = re.compile(
    rf"""(?P<braces>{_BRACES})
    |"(?P<quoted>(?:{_BRACES}|\\.|[^"\\])*)"
    |<(?P<address>(?:{_BRACES}|[^<>])*)>
    |(?P<comma>,)
    |(?P<refused>[()<>:;"])
    |(?P<other>[^()<>:;",{{]+|\{{)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(rf"({_BRACES})|\\(.)", re.DOTALL)


class _Mailbox(NamedTuple):
    name: Expression | None
    address: Expression


class AddressField:
    """One header field."""

    def __init__(self, name: str, source: str, place: Place) -> None:
        self._name = name
        self._mailboxes = [_compile(text, address, place) for text, address in _mailboxes(source, place)]
        parts = [part for mailbox in self._mailboxes for part in mailbox if part is not None]
        self.fields = frozenset[str]().union(*(part.fields for part in parts))
        self.required = frozenset[str]().union(*(part.required for part in parts))
        self.plain = all(part.plain for part in parts)

    def render(self, values: Values) -> str:
        """The field with its name, folded, CR LF at its end."""
        text = ", ".join([self._render_mailbox(mailbox, values) for mailbox in self._mailboxes])
        if len(self._name) + 2 + len(text) <= LINE_LIMIT:
            return f"{self._name}: {text}\r\n"
        return fold(self._name, WORDS.findall(text))

    def _render_mailbox(self, mailbox: _Mailbox, values: Values) -> str:
        address = mailbox.address.render(values)
        try:
            address = wire_text(address.strip(" \t"))
        except ValueError as error:
            raise RenderError(f"{self._name}: {error}") from None
        if not address:
            raise RenderError(f"{self._name}: no address")
        if mailbox.name is None:
            return address
        name = mailbox.name.render(values)
        check(self._name, name)
        return f"{phrase(name)} <{address}>".lstrip()


def _mailboxes(source: str, place: Place) -> list[tuple[str | None, str]]:
    """(display name or None, address) of each mailbox."""
    found: list[tuple[str | None, str]] = []
    text, address = "", None
    for token in _TOKEN.finditer(source):
        if token["refused"]:
            raise place.fault(f"`{token['refused']}` beside fields; expected NAME <ADDRESS>, ...")
        if token["comma"]:
            found.append(_mailbox(text, address))
            text, address = "", None
        elif token["address"] is not None:
            if address is not None:
                raise place.fault("two addresses without a comma between them")
            address = token["address"]
        elif token["quoted"] is not None:
            text += _ESCAPED.sub(lambda match: match[1] or match[2], token["quoted"])
        else:
            text += token[0]
    found.append(_mailbox(text, address))
    return found


def _mailbox(text: str, address: str | None) -> tuple[str | None, str]:
    text = text.strip(" \t")
    return (None, text) if address is None else (text or None, address.strip(" \t"))


def _compile(name: str | None, address: str, place: Place) -> _Mailbox:
    if not has_marks(address):
        reason = parse(address, utf8=True)
        if isinstance(reason, str):
            raise place.fault(f"`{address}`: {reason}")
    return _Mailbox(
        None if name is None else compile_text(name, "text", place),
        compile_text(address, "text", place),
    )
