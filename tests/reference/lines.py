"""Plain twin of fastsmtp.wire.lines and of encode() without conversion: whole messages, a list of lines.

    normalise(content)   content as its lines, without line ends; the last one may be open (no end)
    pieces(line, limit)  the output lines that one line of content becomes
    encode(content)      the bytes after DATA, or, not `stuffed`, after BDAT
Source: spec: content, 1 and 3.
"""

import re

STRAY_CR = re.compile(rb"\r(?!\n)")


def normalise(content: bytes) -> list[bytes]:
    """Lines of content; a CR that ends no line is a space. The end of content ends a line too."""
    lines = STRAY_CR.sub(b" ", content).replace(b"\r\n", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines


def pieces(line: bytes, limit: int, stuffed: bool = True) -> list[bytes]:
    """The first piece has `limit` bytes, each other one a space and up to `limit` - 1.

    A leading dot is doubled, and that is not counted."""
    room = max(limit, 2) if limit else max(len(line), 2)
    first, rest = line[:room], line[room:]
    if first.startswith(b".") and stuffed:
        first = b"." + first
    return [first, *(b" " + rest[at : at + room - 1] for at in range(0, len(rest), room - 1))]


def encode(content: bytes, limit: int = 990, stuffed: bool = True) -> bytes:
    """What follows DATA, the dot line included, or BDAT."""
    output = [piece for line in normalise(content) for piece in pieces(line, limit, stuffed)]
    return b"".join(line + b"\r\n" for line in ([*output, b"."] if stuffed else output))
