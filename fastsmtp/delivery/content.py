"""The content of a transaction: encoded once per kind of peer where recipients share it, rendered for one
where not.

    content.transaction(request, offers)    the Transaction that carries `request` to a peer with these EHLO
                                            offers

Raises ContentError when a recipient's message cannot be made; the fault is that row's alone.
Source: Postfix smtp_proto(3), disable_mime_output_conversion, smtp_line_length_limit; spec: content, 2 and 4;
session, 10.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from fastsmtp.errors import ContentError, MimeError
from fastsmtp.mail.address import to_wire
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.outcome.status import CONTENT
from fastsmtp.wire.encoder import Encoder, scan
from fastsmtp.wire.transaction import Transaction

SIZE_UNKNOWN = -1  # conversion changes it: SIZE= is not announced


class Renderer(Protocol):
    """One recipient's message, lines ended by CR LF, and envelope sender."""

    @property
    def labels_8bit(self) -> bool:
        """Every message says 8bit or binary somewhere, whatever its fields hold."""

    def message(self, recipient: Recipient) -> bytes: ...
    def sender(self, recipient: Recipient) -> str: ...


class ContentRules(NamedTuple):
    """The settings that shape content."""

    line_length_limit: int
    converts: bool  # 8bit to 7bit where the peer needs it
    nesting_limit: int
    boundary_limit: int
    header_limit: int
    quotes: bool  # local parts in the envelope


class _Encoded(NamedTuple):
    """Bytes for the wire and what MAIL says of them."""

    wire: bytes
    size: int  # for SIZE=; negative: not announced, since conversion makes it unknown
    encoding: int


def _converter(rules: ContentRules) -> Encoder:
    return Encoder(
        line_length_limit=rules.line_length_limit,
        downgrade=True,
        nesting_limit=rules.nesting_limit,
        boundary_limit=rules.boundary_limit,
        header_limit=rules.header_limit,
    )


class Content:
    """Content for one job's transactions."""

    def __init__(
        self, rules: ContentRules, *, message: bytes | None, sender: str | None, renderer: Renderer | None
    ) -> None:
        """`message` None: each recipient has one of its own, from `renderer`; so with `sender`."""
        self._quotes = rules.quotes
        self._as_is = Encoder(line_length_limit=rules.line_length_limit)
        self._converting = _converter(rules) if rules.converts else None
        self._message = message
        self._sender = sender
        self._renderer = renderer
        self._shared: dict[bool, _Encoded] = {}
        self._sender_wire = None if sender is None else self._wire(sender)

    def transaction(self, request: Request, offers: Mapping[str, str]) -> Transaction:
        """MAIL, RCPT and content for what is left of `request`. ContentError: it concerns all of its
        recipients.
        """
        eightbit = "8BITMIME" in offers
        first = request.recipients[0]
        sender = self._sender_wire
        if sender is None:
            request.sender = self._rendered(first).sender(first)
            sender = self._wire(request.sender)
        else:
            request.sender = self._sender or ""
        if self._message is None:
            renderer = self._rendered(first)
            message = renderer.message(first)
            is_7bit = message.isascii() and not renderer.labels_8bit
            encoded = self._encode(message, len(message), eightbit, is_7bit=is_7bit)
        else:
            encoded = self._shared.get(eightbit) or self._share(self._message, eightbit)
        return Transaction(
            sender,
            [self._wire(recipient.address) for recipient in request.recipients],
            encoded.wire,
            size=encoded.size,
            encoding=encoded.encoding,
            subject=request,
        )

    def _rendered(self, recipient: Recipient) -> Renderer:
        if self._renderer is None:
            raise ContentError(CONTENT, f"line {recipient.line}: no template")
        return self._renderer

    def _wire(self, address: str) -> bytes:
        if not address:
            return b""
        return to_wire(address) if self._quotes else address.encode("ascii")

    def _share(self, message: bytes, eightbit: bool) -> _Encoded:
        encoding, size = scan(message)
        encoded = self._encode(message, size, eightbit, is_7bit=encoding == "7bit")
        self._shared[eightbit] = encoded
        return encoded

    def _encode(self, message: bytes, size: int, eightbit: bool, *, is_7bit: bool) -> _Encoded:
        """The bytes for one kind of peer."""
        if is_7bit:
            return _Encoded(self._as_is.encode(message), size, 7)
        if eightbit or self._converting is None:
            return _Encoded(self._as_is.encode(message), size, 8)
        try:
            return _Encoded(self._converting.encode(message), SIZE_UNKNOWN, 8)
        except MimeError as error:
            raise ContentError(error.dsn, str(error)) from None
