"""Quoted-printable, a line at a time, so that what never changes is encoded once.

    encode_inline(text) -> str       no blanks at a line's end, no long lines: for literals and values alike
    finish_line(encoded) -> str      both seen to: one line, or several with soft breaks; no line end
    encode_lines(text) -> str        whole text, lines ending in CR LF; lines seen lately are remembered

Not binascii.b2a_qp: it takes 30 ns an octet, thirty times what most lines, which need nothing, cost here; and
it cannot encode a value apart from the line around it.
Source: RFC 2045 6.7. TAB is encoded too (it may not end a line, and nobody misses it inside).
"""

from functools import lru_cache

LINE_LIMIT = 76  # the `=` of a soft break included
_REMEMBERED = 2048  # lines: those of a long newsletter; the ones with fields in them pass through

_ENCODED = [chr(octet) if 32 <= octet < 127 and octet != 0x3D else f"={octet:02X}" for octet in range(256)]


def encode_inline(text: str) -> str:
    """Raises UnicodeEncodeError for surrogates."""
    if text.isascii() and text.isprintable() and "=" not in text:
        return text
    return "".join([_ENCODED[octet] for octet in text.encode()])


def finish_line(line: str) -> str:
    """`line` comes from encode_inline."""
    if line.endswith(" "):
        line = line[:-1] + "=20"
    if len(line) <= LINE_LIMIT:
        return line
    parts = []
    start = 0
    while len(line) - start > LINE_LIMIT:
        stop = start + LINE_LIMIT - 1
        mark = line.rfind("=", stop - 2, stop)  # of a =XX that would be cut
        if mark >= 0:
            stop = mark
        parts.append(line[start:stop])
        start = stop
    parts.append(line[start:])
    return "=\r\n".join(parts)


@lru_cache(_REMEMBERED)
def _encode_line(line: str) -> str:
    return finish_line(encode_inline(line))


def encode_lines(text: str) -> str:
    """Raises UnicodeEncodeError for surrogates."""
    return "\r\n".join(map(_encode_line, text.split("\r\n")))
