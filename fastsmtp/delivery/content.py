"""The content of a transaction: encoded once per kind of peer where recipients share it, rendered for one
where not.

    content.transaction(request, offers, chunked=...)    the Transaction that carries `request` to a peer with
                                                         these EHLO offers, by DATA or by BDAT
    content.look_up(recipient)                           the same questions to tables, and nothing else:
                                                         leaves the answers of servers at hand

A peer that offers BINARYMIME too gets what would have to be converted, or has lines that would have to be
broken, as it is (RFC 3030).

Raises ContentError when a recipient's message cannot be made; the fault is that row's alone, or a lookup
table's, and then it is soft. Raises Pending when a server's answer is not at hand: then nothing was done.
Source: Postfix smtp_proto(3), disable_mime_output_conversion, smtp_line_length_limit; spec: content, 2 and 4;
session, 10.
"""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from fastsmtp.delivery.content_rules import ContentRules, Rewriter
from fastsmtp.errors import ContentError, MimeError
from fastsmtp.mail.address import to_wire, unquoted
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.outcome.status import CONTENT, NEEDS_SMTPUTF8
from fastsmtp.wire.encoder import Encoder, scan
from fastsmtp.wire.form import Form, plain_address
from fastsmtp.wire.transaction import BINARY, Transaction

_EMPTY_LINE = re.compile(rb"\n\r?\n")
SIZE_UNKNOWN = -1  # conversion changes it: SIZE= is not announced


class Renderer(Protocol):
    """One recipient's message, lines ended by CR LF, and envelope sender."""

    @property
    def labels_8bit(self) -> bool:
        """Every message says 8bit or binary somewhere, whatever its fields hold."""

    @property
    def form(self) -> Form | None:
        """The same with holes in it, for rows whose values are harmless."""

    def fill(self, form: Form, recipient: Recipient) -> bytes | None:
        """What comes of it, or of one with the same holes; None where the row's values are not harmless."""

    def message(self, recipient: Recipient) -> bytes: ...
    def sender(self, recipient: Recipient) -> str: ...


class _Encoded:
    """Bytes for the wire and what MAIL says of them."""

    def __init__(
        self, wire: bytes, size: int, encoding: int, broke_lines: bool, asks_utf8: bool = False
    ) -> None:
        """`size` for SIZE=; negative: not announced, since conversion makes it unknown."""
        self.wire = wire
        self.size = size
        self.encoding = encoding
        self.broke_lines = broke_lines
        self.asks_utf8 = asks_utf8


class _EncodedForm:
    """A message whose literals are encoded for one kind of peer: what fills it needs no encoding."""

    def __init__(self, form: Form, longest: _Encoded) -> None:
        """`longest` is what comes of it when every hole is filled to the brim."""
        self.form = form
        self.added = len(longest.wire) - longest.size  # octets, by dots and the end
        self.encoding = longest.encoding
        self.asks_utf8 = longest.asks_utf8


class _Kind:
    """What matters of a peer: content is the same for peers of one kind."""

    def __init__(self, eightbit: bool, chunked: bool, binary: bool) -> None:
        self.eightbit = eightbit
        self.chunked = chunked
        self.binary = binary


# All of them, by these three in turn: none is made for a message
_KINDS = [[[_Kind(a, b, c) for c in (False, True)] for b in (False, True)] for a in (False, True)]


class _Encoders:
    """For content that goes by DATA, or by BDAT."""

    def __init__(self, rules: ContentRules, *, chunked: bool) -> None:
        self.as_is = Encoder(line_length_limit=rules.line_length_limit, stuffed=not chunked)
        self.unbroken = Encoder(line_length_limit=0, stuffed=not chunked)
        self.converting = None
        if rules.converts:
            self.converting = Encoder(
                line_length_limit=rules.line_length_limit,
                downgrade=True,
                nesting_limit=rules.nesting_limit,
                boundary_limit=rules.boundary_limit,
                header_limit=rules.header_limit,
                repair=rules.repairs,
                stuffed=not chunked,
            )


def _encoded_literals(form: Form, encoder: Encoder) -> list[bytes] | None:
    """None where a hole would not come out as it is."""
    marks = [str(mark).encode() for mark in form.marks()]
    literals, holes = form.literals, form.holes
    encoded = []
    for literal, hole in zip(literals, holes, strict=False):
        encoded.append(encoder.feed(literal))
        if encoder.feed(marks[hole]) != marks[hole]:
            encoder.finish()
            return None
    encoded.append(encoder.feed(literals[-1]) + encoder.finish())
    return encoded


def _end_of_headers(message: bytes) -> int:
    end = _EMPTY_LINE.search(message)
    return len(message) if end is None else end.start()


def unheard(text: str) -> None:
    """For those who keep no log."""


class Content:
    """Content for one job's transactions."""

    def __init__(
        self,
        rules: ContentRules,
        *,
        message: bytes | None,
        sender: str | None,
        renderer: Renderer | None,
        rewriter: Rewriter | None = None,
        note: Callable[[str], None] = unheard,
    ) -> None:
        """`message` None: each recipient has one of its own, from `renderer`; so with `sender`. `note` hears
        of requests whose content has lines over the limit.
        """
        self._note = note
        self._encoders = {False: _Encoders(rules, chunked=False)}
        self._rules = rules
        self._message = message
        self._sender = sender
        self._renderer = renderer
        self._rewriter = rewriter
        self._shared: dict[_Kind, _Encoded] = {}
        self._forms: dict[_Kind, _EncodedForm | None] = {}
        self._sender_wire = None if sender is None else self._wire(sender)

    def transaction(
        self, request: Request, offers: Mapping[str, str], *, chunked: bool = False
    ) -> Transaction:
        """MAIL, RCPT and content for what is left of `request`. ContentError: it concerns all of its
        recipients.
        """
        kind = _KINDS["8BITMIME" in offers][chunked][chunked and "BINARYMIME" in offers]
        if self._rewriter is not None:
            return self._rewritten(self._rewriter, request, kind)
        first = request.recipients[0]
        sender = self._sender_wire
        if sender is None:
            request.sender = self._rendered(first).sender(first)
            sender = self._wire(request.sender)
        else:
            request.sender = self._sender or ""
        recipients = [self._wire(recipient.address) for recipient in request.recipients]
        return self._made(request, sender, recipients, None, kind)

    def sender(self, request: Request) -> str:
        """Its envelope sender, before any table replaces it. ContentError."""
        first = request.recipients[0]
        return self._rendered(first).sender(first) if self._sender is None else self._sender

    def look_up(self, recipient: Recipient) -> None:
        """Asks for every address that a transaction with `recipient` asks for. Pending, ContentError."""
        rewriter = self._rewriter
        if rewriter is None:
            return
        sender = self._rendered(recipient).sender(recipient) if self._sender is None else self._sender
        rewriter.address(sender)
        rewriter.address(recipient.address)
        if self._message is None:
            rewriter.message(self._rendered(recipient).message(recipient))
        elif not self._shared:
            rewriter.message(self._message)

    def _tell_of_breaks(self, request: Request) -> None:
        """Once for a request, however many hosts it takes."""
        if request.sessions_tried <= 1:
            limit = self._rules.line_length_limit
            self._note(f"{request.queue_id}: breaking line > {limit} bytes with <CR><LF>SPACE")

    def _encoded(self, recipient: Recipient, kind: _Kind) -> _Encoded:
        if self._message is not None:
            return self._shared.get(kind) or self._share(self._message, kind)
        renderer = self._rendered(recipient)
        if kind not in self._forms:
            self._forms[kind] = self._encoded_form(renderer, kind)
        found: _EncodedForm | None = self._forms[kind]
        if found is not None:
            wire = renderer.fill(found.form, recipient)
            if wire is not None:
                return _Encoded(wire, len(wire) - found.added, found.encoding, False, found.asks_utf8)
        message = renderer.message(recipient)
        if self._rewriter is not None:
            message = self._rewriter.message(message)
        is_7bit = message.isascii() and not renderer.labels_8bit
        return self._encode(message, len(message), kind, is_7bit=is_7bit)

    def _encoded_form(self, renderer: Renderer, kind: _Kind) -> _EncodedForm | None:
        """What is filled in needs no further encoding; None where it does, or where nothing can be filled
        in.
        """
        form = renderer.form
        longest = None if form is None or self._rewriter is not None else form.fill(form.marks())
        if form is None or longest is None:
            return None
        is_7bit = longest.isascii() and not renderer.labels_8bit
        encoded = self._encode(longest, len(longest), kind, is_7bit=is_7bit)
        if encoded.broke_lines or encoded.size == SIZE_UNKNOWN or encoded.encoding == BINARY:
            return None
        literals = _encoded_literals(form, self._encoders[kind.chunked].as_is)
        if literals is None:
            return None
        return _EncodedForm(Form(literals, form.holes, form.rooms), encoded)

    def _rewritten(self, rewriter: Rewriter, request: Request, kind: _Kind) -> Transaction:
        """The same with addresses replaced: the request, and ORCPT, keep the original ones."""
        if rewriter.changed(request.ready_at):
            self._shared.clear()
        first = request.recipients[0]
        request.sender = self._rendered(first).sender(first) if self._sender is None else self._sender
        addresses = [recipient.address for recipient in request.recipients]
        sender = self._wire(rewriter.address(request.sender))
        recipients = [self._wire(rewriter.address(address)) for address in addresses]
        originals = [self._wire(address) for address in addresses]
        return self._made(request, sender, recipients, originals, kind)

    def _made(
        self,
        request: Request,
        sender: bytes,
        recipients: list[bytes],
        originals: list[bytes] | None,
        kind: _Kind,
    ) -> Transaction:
        rules = self._rules
        encoded: _Encoded = self._encoded(request.recipients[0], kind)
        utf8 = encoded.asks_utf8 or not (sender.isascii() and all(map(bytes.isascii, recipients)))
        if utf8 and not rules.smtputf8:
            text = "an address outside ASCII needs SMTPUTF8, and smtputf8_enable = no"
            raise ContentError(NEEDS_SMTPUTF8, text)
        if encoded.broke_lines:
            self._tell_of_breaks(request)
        return Transaction(
            sender,
            recipients,
            encoded.wire,
            size=encoded.size,
            encoding=encoded.encoding,
            subject=request,
            chunked=kind.chunked,
            originals=originals,
            utf8=utf8,
            dsn_mail=rules.dsn_mail,
            dsn_rcpt=rules.dsn_rcpt,
        )

    def _rendered(self, recipient: Recipient) -> Renderer:
        if self._renderer is None:
            raise ContentError(CONTENT, f"line {recipient.line}: no template")
        return self._renderer

    def _wire(self, address: str) -> bytes:
        if not address:
            return b""
        return (plain_address(address) or to_wire(address)) if self._rules.quotes else unquoted(address)

    def _share(self, message: bytes, kind: _Kind) -> _Encoded:
        if self._rewriter is not None:
            message = self._rewriter.message(message)
        encoding, size = scan(message)
        encoded = self._encode(message, size, kind, is_7bit=encoding == "7bit")
        self._shared[kind] = encoded
        return encoded

    def _encode(self, message: bytes, size: int, kind: _Kind, *, is_7bit: bool) -> _Encoded:
        """The bytes for one kind of peer."""
        encoders = self._encoders.get(kind.chunked) or self._prepare(kind.chunked)
        if is_7bit or kind.eightbit or encoders.converting is None or kind.binary:
            wire = encoders.as_is.encode(message)
            broke_lines = encoders.as_is.broke_lines
            asks = (
                self._rules.headers_ask and not is_7bit and not message[: _end_of_headers(message)].isascii()
            )
            if kind.binary and (broke_lines or not (is_7bit or kind.eightbit)):
                return _Encoded(encoders.unbroken.encode(message), size, BINARY, False, asks)
            return _Encoded(wire, size, 7 if is_7bit else 8, broke_lines, asks)
        try:
            wire = encoders.converting.encode(message)
        except MimeError as error:
            raise ContentError(error.dsn, str(error)) from None
        return _Encoded(wire, SIZE_UNKNOWN, 8, encoders.converting.broke_lines)

    def _prepare(self, chunked: bool) -> _Encoders:
        self._encoders[chunked] = encoders = _Encoders(self._rules, chunked=chunked)
        return encoders
