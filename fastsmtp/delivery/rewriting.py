"""smtp_generic_maps at work: the envelope and the primary headers of one message.

    rewriting = Rewriting(generic, header_limit)
    rewriting.address(text)         what goes out in MAIL and RCPT
    rewriting.message(content)      the message with its address headers rewritten
    rewriting.changed(now)          whether tables were read anew
ContentError, with a status that defers, when a table has no answer: nothing of the message was sent then.

A header without a hit stays as it is, byte for byte; one with a hit is written anew (mail/address_list.py).
Headers that are looked at are those of the message itself, not those of its parts or of messages in it. As
in Postfix the header block is put in order on the way: no blanks before a colon, an empty line before text
that has none, headers cut at header_size_limit.
Source: Postfix smtp_generic_maps, header_size_limit; spec: content, 2 and 6.
"""

import re

from fastsmtp.errors import ContentError, TableError
from fastsmtp.lookup.generic import PARAMETER, Generic
from fastsmtp.mail.address import ADDRESS_LIMIT
from fastsmtp.mail.address import parse as envelope
from fastsmtp.mail.address_list import AddressList, parse, quoted
from fastsmtp.outcome.status import UNAVAILABLE

SEGMENT = 2048  # what header_size_limit lets in or leaves out as a whole

_NAMES = (
    "From Sender Reply-To Return-Path Errors-To Return-Receipt-To Disposition-Notification-To "
    "Mail-Followup-To To Cc Bcc Apparently-To "
    "Resent-From Resent-Sender Resent-Reply-To Resent-To Resent-Cc Resent-Bcc"
)
HEADERS = frozenset(name.lower().encode() for name in _NAMES.split())

# A header with its folded lines; a line ends at LF, a CR before it belongs to the line end
_HEADER = re.compile(rb"([!-9;-~]+)([ \t]*):([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_EMPTY_LINE = re.compile(rb"\r?\n")


class Rewriting:
    """For the messages of one job."""

    def __init__(self, generic: Generic, header_limit: int) -> None:
        self._generic = generic
        self._header_limit = header_limit

    def changed(self, now: float) -> bool:
        """Whether what was rewritten before may come out otherwise now."""
        return self._generic.changed(now)

    def address(self, address: str) -> str:
        """As it goes into the envelope; "" is the null sender."""
        found = self._find(address)
        if found is None:
            return address
        fault = envelope(found, local_limit=ADDRESS_LIMIT)
        if isinstance(fault, str):
            raise ContentError(UNAVAILABLE, f'{PARAMETER}: lookup of "{address}" gives {found!r}: {fault}')
        return found

    def message(self, content: bytes) -> bytes:
        """Line ends stay what they are; new lines end as the one before them."""
        head: list[bytes] = []
        at = 0
        while (header := _HEADER.match(content, at)) is not None:
            head.append(self._header(header))
            at = header.end()
        if 0 < at < len(content) and not _EMPTY_LINE.match(content, at):
            head.append(b"\r\n" if head[-1].endswith(b"\r\n") else b"\n")
        elif not at and content and not _EMPTY_LINE.match(content):
            head.append(b"\n")
        return b"".join(head) + content[at:]

    def _header(self, found: re.Match[bytes]) -> bytes:
        name, blanks, value = found.group(1, 2, 3)
        whole = found[0]
        if len(whole) > self._header_limit:
            value = _cut(value, self._header_limit - len(name) - 1)
            whole = b"".join((name, b":", value, b"\n"))
        elif blanks:
            whole = b"".join((name, b":", whole[found.start(3) - found.start() :]))
        if name.lower() not in HEADERS:
            return whole
        listed = parse(value.replace(b"\r\n", b"\n").decode("utf-8", "surrogateescape"))
        replaced = {} if listed is None else self._replaced(listed)
        if listed is None or not replaced:
            return whole
        text = listed.write(name.decode("ascii"), replaced)
        ending = b"\r\n" if found[0].endswith(b"\r\n") else b"\n"
        return text.encode("utf-8", "surrogateescape").replace(b"\n", ending) + ending

    def _replaced(self, listed: AddressList) -> dict[str, str]:
        """Addresses with a hit."""
        found = {address: self._find(quoted(address)) for address in listed.addresses if address}
        return {address: other for address, other in found.items() if other is not None}

    def _find(self, address: str) -> str | None:
        try:
            return self._generic.find(address)
        except TableError as error:
            raise ContentError(UNAVAILABLE, str(error)) from None


def _cut(value: bytes, limit: int) -> bytes:
    """What header_size_limit leaves of a value: whole segments of its lines, while there is room."""
    lines = value.split(b"\n")
    kept: list[bytes] = []
    size = 0
    for line in lines:
        if kept and size >= limit:
            break
        end = SEGMENT
        while end < len(line) and size + end < limit:
            end += SEGMENT
        kept.append(line[:end])
        size += len(kept[-1]) + 1
    return b"\n".join(kept)
