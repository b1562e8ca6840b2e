"""Headers with bytes above 127, said in ASCII: for peers and relays that take nothing else.

    ascii_header(name, value) -> bytes    the whole header, its lines joined by LF; nothing above 127 is left

    text (Subject, X-...)              words outside ASCII become encoded words (RFC 2047)
    addresses                          the same in display names and comments; a domain becomes A-labels
    Content-Type, -Disposition         parameters become name*=utf-8''... (RFC 2231); the boundary cannot
    what has no such form              ? for each byte: Message-ID, Received, local parts, a boundary
The charset is utf-8 where the value is that, else unknown-8bit (RFC 1428). What is ASCII stays as it is, its
folding too. Does not judge what is ASCII already.
Source: RFC 2047, 2231, 1428, 5891; ours.
"""

import re
from binascii import b2a_base64
from urllib.parse import quote_from_bytes

from fastsmtp.mail.address import parse_domain
from fastsmtp.mail.address_list import COMMENT, parse, quoted, written

LINE_LIMIT = 76  # RFC 2047 2
WORD_PAYLOAD = 48  # octets of base64 in one word: 75 at most with any charset we name
PARAMETER_PIECE = 60  # characters of a parameter on one line

ADDRESSES = frozenset(
    b"from sender reply-to to cc bcc return-path errors-to return-receipt-to disposition-notification-to "
    b"mail-followup-to apparently-to resent-from resent-sender resent-reply-to resent-to resent-cc "
    b"resent-bcc".split()
)
PARAMETERS = frozenset({b"content-type", b"content-disposition"})
NO_TEXT = frozenset(
    b"received message-id in-reply-to references date resent-date resent-message-id mime-version content-id "
    b"content-transfer-encoding dkim-signature domainkey-signature authentication-results arc-seal "
    b"arc-message-signature arc-authentication-results list-id list-unsubscribe list-post list-help "
    b"list-archive list-owner list-subscribe list-unsubscribe-post".split()
)

_EIGHT = re.compile(rb"[\x80-\xff]")
_RUN = re.compile(rb"[^ \t\n]*[\x80-\xff][^ \t\n]*(?:[ \t\n]+[^ \t\n]*[\x80-\xff][^ \t\n]*)*")
_WORDS = re.compile(r"[ \t]*[^ \t]+")
_PARAMETER = re.compile(
    rb"""([!#-'*+.0-9A-Z^-~-]+)[ \t\n]*=[ \t\n]*("(?:\\.|[^"\\])*"|[^ \t\n;"()]+)""", re.DOTALL
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_LINE_BREAK = re.compile(rb"[ \t]*\n[ \t]*")


def ascii_header(name: bytes, value: bytes) -> bytes:
    """`value` is what stands behind the colon, lines joined by LF."""
    charset = _charset(value)
    kind = name.lower()
    if kind in ADDRESSES:
        listed = _addresses(name.decode("ascii"), value, charset)
        if listed is not None:
            return listed
    if kind in PARAMETERS:
        value = _PARAMETER.sub(lambda found: _parameter(found[0], found[1], found[2], charset), value)
    elif kind not in NO_TEXT:
        return _folded(name, _RUN.sub(lambda run: _encoded(run[0], charset).encode(), value))
    return name + b":" + masked(value)


def masked(value: bytes) -> bytes:
    """With ? for what cannot be said."""
    return _EIGHT.sub(b"?", value)


def _charset(value: bytes) -> str:
    try:
        value.decode()
    except UnicodeDecodeError:
        return "unknown-8bit"
    return "utf-8"


def _encoded(text: bytes, charset: str) -> str:
    """Encoded words for one run of text."""
    text = _LINE_BREAK.sub(b" ", text)
    words: list[str] = []
    at = 0
    while at < len(text):
        end = min(at + WORD_PAYLOAD // 4 * 3, len(text))
        while charset == "utf-8" and end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1  # a character is never cut in two
        words.append(f"=?{charset}?b?{b2a_base64(text[at:end], newline=False).decode()}?=")
        at = end
    return " ".join(words)


def _folded(name: bytes, value: bytes) -> bytes:
    """Lines that hold encoded words are broken where they would be too long."""
    lines: list[str] = []
    line = name.decode("ascii") + ":"
    for source in value.decode("ascii").split("\n"):
        for word in _WORDS.findall(source):
            if "=?" in word and len(line) + len(word) > LINE_LIMIT:
                lines.append(line)
                line = " " + word.lstrip(" \t")
            else:
                line += word
        lines.append(line)
        line = ""
    return "\n".join(each for each in lines if each.strip(" \t")).encode()


def _parameter(whole: bytes, name: bytes, value: bytes, charset: str) -> bytes:
    if not _EIGHT.search(whole):
        return whole
    if name.lower() == b"boundary" or name.endswith(b"*"):
        return masked(whole)
    if value.startswith(b'"'):
        value = _ESCAPED.sub(rb"\1", value[1:-1])
    text = quote_from_bytes(_LINE_BREAK.sub(b" ", value), safe="")
    prefix = name.decode("ascii")
    if len(text) <= PARAMETER_PIECE:
        return f"{prefix}*={charset}''{text}".encode()
    pieces: list[str] = []
    while text:
        end = PARAMETER_PIECE
        while "%" in text[end - 2 : end] and end < len(text):
            end -= 1  # an escape is never cut in two
        pieces.append(f"{prefix}*{len(pieces)}*={'' if pieces else charset + chr(39) * 2}{text[:end]}")
        text = text[end:]
    return ";\n ".join(pieces).encode()


def _addresses(name: str, value: bytes, charset: str) -> bytes | None:
    """None where the value is no list of addresses."""
    codec = "utf-8" if charset == "utf-8" else "latin-1"
    listed = parse(value.decode(codec))
    if listed is None:
        return None

    def spell(kind: str, text: str) -> str:
        if text.isascii():
            return written(kind, text)
        if kind == COMMENT:
            return f"({_encoded(text[1:-1].encode(codec), charset)})"
        return _encoded(text.encode(codec), charset)

    replaced = {address: _address(address) for address in listed.addresses if not address.isascii()}
    return masked(listed.with_whole_names().write(name, replaced, spell).encode(codec))


def _address(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return quoted(f"{local}@{parse_domain(domain) or domain}")
