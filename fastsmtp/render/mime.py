"""A message cut into what a template can change and what it cannot: header fields and bodies of parts.

    cut(message) -> Iterator[Piece]    all octets of the message, in order

Looks into multipart types only: an attached message is one body. Lines end in CR LF. A boundary that never
comes, or no boundary at all, leaves one body. Does not decode anything.
Source: RFC 5322 2.2, RFC 2046 5.1 (a boundary line may end in blanks; the innermost open multipart that has
it wins).
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from email.message import Message

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(?:[^\r]|\r(?!\n)|\r\n(?=[ \t]))*\r\n")
_DEPTH_LIMIT = 100  # as Postfix's mime_nesting_limit


class Field(NamedTuple):
    """A header field, its CR LF and foldings included."""

    name: str
    raw: bytes
    line: int


class Part(NamedTuple):
    """A header block with the body that follows it."""

    fields: list[Field]
    headers: "Message"
    between: bytes  # the empty line after the headers, or what stands in its place
    body: bytes  # b"" of a multipart
    body_line: int
    boundaries: tuple[bytes, ...]  # of the multiparts around it
    is_first: bool


class Gap(NamedTuple):
    """Boundary lines, preambles, epilogues."""

    raw: bytes


def cut(message: bytes) -> Iterator[Part | Gap]:
    """Joined again, what comes out is `message`."""
    return _cut(message, 1, (), 0)


def _cut(data: bytes, line: int, boundaries: tuple[bytes, ...], depth: int) -> Iterator[Part | Gap]:
    fields, end = _fields(data, line)
    headers = _parsed(data[:end])
    between = b"\r\n" if data.startswith(b"\r\n", end) else b""
    body = data[end + len(between) :]
    body_line = line + data.count(b"\n", 0, end + len(between))
    sections = []
    boundary = headers.get_boundary()
    if headers.get_content_maintype() == "multipart" and boundary and depth < _DEPTH_LIMIT:
        own = boundary.encode("utf-8", "surrogateescape")
        inner = (*boundaries, own)
        sections = _sections(body, own)
    if not sections:
        yield Part(fields, headers, between, body, body_line, boundaries, depth == 0)
        return
    yield Part(fields, headers, between, b"", body_line, boundaries, depth == 0)
    done = 0
    for start, stop in sections:
        yield Gap(body[done:start])
        yield from _cut(body[start:stop], body_line + body.count(b"\n", 0, start), inner, depth + 1)
        done = stop
    yield Gap(body[done:])


def _fields(data: bytes, line: int) -> tuple[list[Field], int]:
    fields = []
    end = 0
    while found := _FIELD.match(data, end):
        fields.append(Field(found[1].decode("ascii"), found[0], line))
        line += found[0].count(b"\n")
        end = found.end()
    return fields, end


def _parsed(block: bytes) -> "Message":
    from email.parser import BytesHeaderParser  # noqa: PLC0415 - for templates alone

    return BytesHeaderParser().parsebytes(block)


def _sections(body: bytes, boundary: bytes) -> list[tuple[int, int]]:
    """Where the parts stand, their boundary lines (and the CR LF before each) not included."""
    lines = re.compile(rb"(?:\A|\r\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r\n|\Z)")
    sections = []
    start = -1
    position = 0
    while found := lines.search(body, position):
        if start >= 0:
            sections.append((start, max(start, found.start())))
        if found[1]:
            return sections
        start = found.end()
        position = max(start - 2, found.start() + 1)  # the CR LF of one line may be that before the next
    if start >= 0:
        sections.append((start, len(body)))
    return sections
