"""The list of recipients as a stream of checked rows, whatever its kind.

    kind_of(path)                  "csv", "jsonl" or "txt", by its name; a further .gz is passed over
    columns(path)                  what each row offers; None where rows may differ (.jsonl)
    fields_format(path, needed)    how rows are packed for a job that uses the fields `needed`
    read(path, fields_format, utf8=...)    -> Iterator[(good, bad)], some 1,000 rows each, in the order of
    the list

    good: list of (line, address, domain, key, fields)     bad: list of (line, address, reason)

A bad row never stops the stream; JobError does (unreadable, damaged gzip, no `email` column). Memory stays
flat. Does not hold rows, look for duplicates or number recipients: that is the spool's.
Source: ours (design page, section 2, "The job file").
"""

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Literal

from fastsmtp.errors import JobError
from fastsmtp.job.blocks import Block, blocks
from fastsmtp.job.csv_rows import CsvReader, read_header
from fastsmtp.job.line_rows import JsonReader, TextReader
from fastsmtp.job.sift import Chunk, Rejected, Row
from fastsmtp.mail.fields import ADDRESS_FIELD, FieldsFormat

__all__ = ["KINDS", "Chunk", "Rejected", "Row", "columns", "fields_format", "kind_of", "read"]

Kind = Literal["csv", "jsonl", "txt"]
KINDS: tuple[Kind, ...] = ("csv", "jsonl", "txt")


def kind_of(path: Path) -> Kind:
    """By the name's ending; raises JobError for another one."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    for kind in KINDS:
        if suffixes and suffixes[-1] == f".{kind}":
            return kind
    raise JobError(f"{path}: a list ends in .csv, .jsonl or .txt (or one of these and .gz)")


def columns(path: Path) -> tuple[str, ...] | None:
    """Field names that every row has; None for .jsonl. Raises JobError for a wrong .csv header."""
    kind = kind_of(path)
    if kind == "csv":
        return tuple(name for name in read_header(path).columns if name)
    return (ADDRESS_FIELD,) if kind == "txt" else None


def fields_format(path: Path, needed: Set[str]) -> FieldsFormat:
    """Only what is needed is packed, in the order of the list."""
    wanted = needed - {ADDRESS_FIELD}
    if not wanted or kind_of(path) == "txt":
        return FieldsFormat()
    offered = columns(path)
    if offered is None:
        return FieldsFormat("json")
    return FieldsFormat("columns", tuple(name for name in offered if name in wanted))


def read(path: Path, packing: FieldsFormat, *, utf8: bool = False) -> Iterator[Chunk]:
    """The rows of the list. `packing` comes from `fields_format` for the same list. `utf8`: local parts may
    be outside ASCII.
    """
    for good, bad in _chunks(path, packing, utf8=utf8):
        bad.sort()  # what is wrong with a row is found in several places
        yield good, bad


def _chunks(path: Path, packing: FieldsFormat, *, utf8: bool) -> Iterator[Chunk]:
    kind = kind_of(path)
    if kind == "csv":
        yield from _read_csv(path, packing, utf8=utf8)
        return
    reader = JsonReader(packing.kind == "json", utf8=utf8) if kind == "jsonl" else TextReader(utf8=utf8)
    for block in blocks(path):
        yield reader.chunk(block)


def _read_csv(path: Path, packing: FieldsFormat, *, utf8: bool) -> Iterator[Chunk]:
    header = read_header(path)
    reader = CsvReader(header, packing.columns, utf8=utf8)
    for block in blocks(path):
        yield reader.chunk(_after(block, header.end_line))
    yield reader.chunk(Block(0, "", True), at_end=True)


def _after(block: Block, line: int) -> Block:
    """The block without the lines up to `line`."""
    if block.first_line > line:
        return block
    lines = block.text.split("\n")
    passed = min(line - block.first_line + 1, len(lines) - 1)
    return block._replace(first_line=block.first_line + passed, text="\n".join(lines[passed:]))
