"""A list file as blocks of whole lines of text, each with its first line's number.

    blocks(path)  -> Iterator[Block], some BLOCK_SIZE octets each; memory does not grow with the file

Takes care of: gzip (known by its first octets, whatever the name), a UTF-8 byte order mark, CR LF, a last
line without an end, lines longer than LINE_LIMIT, octets that are not UTF-8 (kept as surrogates, so that a
reader can reject the row that holds them), control characters (noticed, not removed). Does not know what a
row is. Raises JobError for a file that cannot be read, is cut short (gzip) or is UTF-16.
Source: ours; RFC 1952 2.3.1 (gzip's magic); RFC 3629.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from fastsmtp.errors import JobError

# About 1,000 rows. From 128 KiB on every block is a mapping of its own to the C library, and costs its page
# faults anew: rows took half as long again.
BLOCK_SIZE = 48 * 1024
LINE_LIMIT = 1024 * 1024  # a longer line is no row of a list

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(octet for octet in range(32) if octet not in b"\t\n") + b"\x7f"


class Block(NamedTuple):
    """Whole lines, each ended by LF alone."""

    first_line: int  # from 1
    text: str
    is_clean: bool  # no control character but TAB and LF, and all of it was UTF-8
    reason: str = ""  # not "": one line that can be no row, cut short in `text`, and why


def blocks(path: Path) -> Iterator[Block]:
    """The file's lines in order."""
    try:
        with path.open("rb") as raw:
            is_gzip = raw.peek(2)[:2] == _GZIP_MAGIC
            stream = _unpacked(raw) if is_gzip else raw
            first_line = 1
            for data in _whole_lines(stream, path):
                yield _block(data, first_line)
                first_line += data.count(b"\n")
    except (OSError, EOFError, zlib.error) as error:
        raise JobError(f"{path}: cannot be read: {_in_words(error)}") from error


def _unpacked(raw: BinaryIO) -> BinaryIO:
    import gzip  # noqa: PLC0415 - for lists that are packed alone

    return cast(BinaryIO, gzip.GzipFile(fileobj=raw))


def _in_words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _whole_lines(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """Cuts after LF. A line over LINE_LIMIT comes alone, its middle left out."""
    held: list[bytes] = []
    held_size = 0
    is_first = True
    while data := stream.read(BLOCK_SIZE):
        if is_first:
            is_first = False
            if data.startswith(_UTF16_MARKS):
                raise JobError(f"{path}:1: text in UTF-16; expected UTF-8")
            data = data.removeprefix(_UTF8_MARK)
        end = data.rfind(b"\n") + 1
        if end:
            yield from _joined(held, held_size, data[:end])
            held, held_size = [], 0
        rest = data[end:]
        if held_size <= LINE_LIMIT:  # past it only the size still counts
            held.append(rest)
        held_size += len(rest)
    if held_size:
        yield from _joined(held, held_size, b"\n")


def _joined(held: list[bytes], held_size: int, data: bytes) -> Iterator[bytes]:
    if held_size <= LINE_LIMIT:
        held.append(data)
        yield b"".join(held)
        return
    held.append(b"\n")
    yield b"".join(held)
    rest = data[data.index(b"\n") + 1 :]
    if rest:
        yield rest


def _block(data: bytes, first_line: int) -> Block:
    if len(data) > LINE_LIMIT and data.count(b"\n") == 1:
        return Block(first_line, "", False, f"line longer than {LINE_LIMIT} octets")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    is_clean = len(data.translate(None, _CONTROLS)) == len(data)
    try:
        return Block(first_line, data.decode(), is_clean)
    except UnicodeDecodeError:
        return Block(first_line, data.decode(errors="surrogateescape"), False)
