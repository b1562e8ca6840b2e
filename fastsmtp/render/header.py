"""Text into header fields: encoded words, phrases, folding.

    unstructured(name, text) -> str    `Subject: ...` and the like: words outside ASCII become encoded words
    phrase(text) -> str                a display name: atoms, a quoted string or encoded words
    fold(name, tokens) -> str          the field, CR LF at its end, lines of LINE_LIMIT where tokens allow
    check(name, text)                  raises RenderError for what no header can hold

A word that holds `=?` is encoded like one outside ASCII: a reader would take it for an encoded word of its
own.
Source: RFC 2047 (2, 5, 6.2), RFC 5322 2.2.3 and 3.2.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterable

from fastsmtp.errors import RenderError

LINE_LIMIT = 76  # RFC 2047 2: a line that holds an encoded word; we keep to it everywhere
WORD_LIMIT = 75  # RFC 2047 2: an encoded word
_LONGEST_PLAIN_WORD = 900  # beyond, a word is encoded to be folded: RFC 5322 allows lines of 998
_SHORTEST_PAYLOAD = 24  # of an encoded word that makes room for a long field name before it
_AROUND = len("=?utf-8?q??=")

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
WORDS = re.compile(r"[ \t]*[^ \t]+")
# Adjacent words to encode, the blanks between them included. A word is only looked at from its beginning.
_TO_ENCODE_WORD = rf"(?:[^ \t]*(?:[^\x00-\x7f]|=\?)[^ \t]*|[^ \t]{{{_LONGEST_PLAIN_WORD + 1},}})"
_TO_ENCODE = re.compile(rf"(?<![^ \t]){_TO_ENCODE_WORD}(?:[ \t]+{_TO_ENCODE_WORD})*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*", re.ASCII)
_NEEDS_BACKSLASH = re.compile(r'(["\\])')
# The strictest of RFC 2047's sets for "Q", that of phrases (5, rule 3), does everywhere.
_Q_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/ "
_Q = [chr(octet) if octet in _Q_PLAIN else f"={octet:02X}" for octet in range(256)]
_Q[0x20] = "_"


def check(name: str, text: str) -> None:
    """No value may end its header; surrogates cannot be sent at all."""
    if text.isprintable():
        return
    if _CONTROL.search(text):
        raise RenderError(f"{name}: control character in a field")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise RenderError(f"{name}: a field is no valid Unicode") from None


def unstructured(name: str, text: str) -> str:
    """The whole field. `text` has passed `check`."""
    text = text.strip(" \t")
    if not text.isascii() or "=?" in text or len(text) > _LONGEST_PLAIN_WORD:
        room = max(WORD_LIMIT - _AROUND - len(name) - 2, _SHORTEST_PAYLOAD)
        text = _TO_ENCODE.sub(lambda run: " ".join(_encoded_words(run[0], room)), text)
    if len(name) + 2 + len(text) <= LINE_LIMIT:
        return f"{name}: {text}\r\n"
    return fold(name, WORDS.findall(text))


def _encoded_words(text: str, room: int) -> list[str]:
    """Encoded words of at most `room` octets of payload; a character is never cut in two."""
    data = text.encode()
    q_size = len(data) + 2 * len(data.translate(None, _Q_PLAIN))
    base64_size = (len(data) + 2) // 3 * 4
    if min(q_size, base64_size) > room and len(text) > 1:
        half = len(text) // 2
        return _encoded_words(text[:half], room) + _encoded_words(text[half:], room)
    if q_size <= base64_size:
        return [f"=?utf-8?q?{''.join([_Q[octet] for octet in data])}?="]
    return [f"=?utf-8?b?{b2a_base64(data, newline=False).decode('ascii')}?="]


def phrase(text: str) -> str:
    """A display name; "" stays "". `text` has passed `check`."""
    text = " ".join(text.split())
    if "=?" not in text:
        if _ATOMS.fullmatch(text):
            if len(text) < LINE_LIMIT:
                return text
        elif text.isascii() and len(text) < LINE_LIMIT - 10:
            return '"' + _NEEDS_BACKSLASH.sub(r"\\\1", text) + '"'
    return " ".join(_encoded_words(text, WORD_LIMIT - _AROUND))


def fold(name: str, tokens: Iterable[str]) -> str:
    """Each token but the first begins with the blanks before it; a line may be broken before any of them."""
    lines: list[str] = []
    line = f"{name}: "
    for token in tokens:
        if len(line) + len(token) > LINE_LIMIT and len(line) > len(name) + 2:
            lines.append(line)
            line = token
        else:
            line += token
    lines.append(line)
    return "\r\n".join(lines) + "\r\n"
