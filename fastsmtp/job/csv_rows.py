"""Rows of a .csv list: a header row, commas, fields quoted where they must be (RFC 4180).

    read_header(path)            -> Header; JobError without an `email` column, or with two columns of a name
    CsvReader(header, columns)   .chunk(block, at_end) -> Chunk, block after block

Three ways through a block, the first that fits: no quotes at all (cut at every comma), quotes but a record a
line, record by record. Only the last one numbers lines that a record spans, names what is wrong, and starts
anew at the next line where quotes are broken: one bad row must not swallow those after it. Blank lines are no
rows.
Source: RFC 4180 (strict in quoting; LF ends lines too); ours for the rest.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fastsmtp.errors import JobError
from fastsmtp.job.blocks import Block, blocks
from fastsmtp.job.sift import Chunk, Rejected, Row, Sifter, control_reason, rejected
from fastsmtp.mail.fields import ADDRESS_FIELD, SEPARATOR

_Record = tuple[int, list[str]]


class Header(NamedTuple):
    """The first record that is not blank."""

    columns: tuple[
        str, ...
    ]  # outer blanks trimmed; the address column is called `email` however it was written
    address_index: int
    end_line: int  # its last line


def read_header(path: Path) -> Header:
    """Reads no further than the first block with text in it."""
    for block in blocks(path):
        lines = block.text.split("\n")[:-1]
        start = next((number for number, line in enumerate(lines) if line.strip()), None)
        if block.reason:
            raise JobError(f"{path}:{block.first_line}: {block.reason}; expected a header row")
        if start is None:
            continue
        reader = csv.reader((line + "\n" for line in lines[start:]), strict=True)
        line = block.first_line + start
        try:
            names = [name.strip() for name in next(reader)]
        except csv.Error as error:
            raise JobError(f"{path}:{line}: header row: {error}") from error
        return _header(f"{path}:{line}", names, line + reader.line_num - 1)
    raise JobError(f"{path}:1: the list is empty; expected a header row with a column `{ADDRESS_FIELD}`")


def _header(place: str, names: list[str], end_line: int) -> Header:
    for number, name in enumerate(names, 1):
        reason = control_reason(f"column {number}", name)
        if reason:
            raise JobError(f"{place}: header row: {reason}")
    address_indexes = [index for index, name in enumerate(names) if name.lower() == ADDRESS_FIELD]
    if not address_indexes:
        raise JobError(f"{place}: no column `{ADDRESS_FIELD}`; the columns are {_listed(names)}")
    for index in address_indexes:
        names[index] = ADDRESS_FIELD
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise JobError(f"{place}: more than one column {_listed(twice)}")
    return Header(tuple(names), address_indexes[0], end_line)


def _listed(names: Sequence[str]) -> str:
    """The names, and what may be amiss with them."""
    text = ", ".join(f"`{name}`" for name in names)
    if len(names) == 1 and any(separator in names[0] for separator in ";\t|"):
        return text + " (columns are separated by commas)"
    if any("@" in name for name in names):
        return text + " (is the header row missing?)"
    from difflib import get_close_matches  # noqa: PLC0415 - for a faulty list alone

    close = get_close_matches(ADDRESS_FIELD, [name.lower() for name in names], n=1)
    return text + (f" (is `{close[0]}` meant?)" if close and close[0] != ADDRESS_FIELD else "")


class _Lines:
    """Lines for csv.reader that can be wound back."""

    __slots__ = ("lines", "position")

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.position = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.position == len(self.lines):
            raise StopIteration
        self.position += 1
        return self.lines[self.position - 1]


class CsvReader:
    """Reads blocks in order; a record that a block's end cuts is kept for the next one."""

    def __init__(self, header: Header, columns: Sequence[str], *, utf8: bool = False) -> None:
        """`columns` are those to pack, without `email`. `utf8`: see Sifter."""
        self._header = header
        self._width = len(header.columns)
        self._packed_indexes = [header.columns.index(column) for column in columns]
        self._sifter = Sifter(utf8=utf8)
        self._cut_text = ""  # a record whose quotes are still open
        self._cut_line = 0

    def chunk(self, block: Block, *, at_end: bool = False) -> Chunk:
        """The rows of a block; `at_end` comes with the last one (which may be empty)."""
        good: list[Row] = []
        bad: list[Rejected] = []
        first_line, text = block.first_line, block.text
        if self._cut_text:
            first_line, text = self._cut_line, self._cut_text + text
            self._cut_text = ""
        columns = self._columns_at_once(text) if block.is_clean else None
        if columns:
            lines: Sequence[int] = range(first_line, first_line + len(columns[0]))
        else:
            lines, columns = self._columns_by_record(text, first_line, at_end or bool(block.reason), bad)
        if block.reason:
            bad.append(rejected(block.first_line, "", block.reason))
        if lines:
            self._sifter.sift(lines, columns[self._header.address_index], self._pack(columns), good, bad)
        return good, bad

    def _pack(self, columns: Sequence[Sequence[str]]) -> Sequence[str]:
        packed = [columns[index] for index in self._packed_indexes]
        if not packed:
            return [""] * len(columns[0])
        if len(packed) == 1:
            return packed[0]
        return list(map(SEPARATOR.join, zip(*packed, strict=True)))

    def _columns_at_once(self, text: str) -> Sequence[Sequence[str]] | None:
        """The columns of clean text whose every line is a record of the header's width, else None."""
        width = self._width
        count = text.count("\n")
        if '"' not in text:
            # An LF is made a field between the lines: each stands where it must only if every line has
            # `width` fields.
            step = width + 1
            flat = text.replace("\n", ",\n,").split(",")
            if len(flat) != count * step + 1 or flat[width::step].count("\n") != count:
                return None
            del flat[-1]
            columns: Sequence[Sequence[str]] = [flat[index::step] for index in range(width)]
        else:
            try:
                rows = list(csv.reader(text.split("\n")[:-1], strict=True))
            except csv.Error:
                return None
            if len(rows) != count or set(map(len, rows)) != {width}:
                return None
            columns = list(zip(*rows, strict=True))
        if (
            width == 1 and "" in columns[0]
        ):  # a blank line, or a row with an empty address: only the slow way tells
            return None
        return columns if count else None

    def _columns_by_record(
        self, text: str, first_line: int, at_end: bool, bad: list[Rejected]
    ) -> tuple[list[int], list[list[str]]]:
        numbers: list[int] = []
        rows: list[list[str]] = []
        for line, values in self._records(text, first_line, at_end, bad):
            reason = self._reason(values)
            if reason:
                index = self._header.address_index
                bad.append(rejected(line, values[index] if index < len(values) else "", reason))
            else:
                numbers.append(line)
                rows.append(values)
        return numbers, [list(column) for column in zip(*rows, strict=True)]

    def _reason(self, values: list[str]) -> str:
        for name, value in zip(self._header.columns, values, strict=False):
            reason = control_reason(name, value)
            if reason:
                return reason
        if len(values) != self._width:
            return f"{len(values)} fields; the header has {self._width}"
        return ""

    def _records(self, text: str, first_line: int, at_end: bool, bad: list[Rejected]) -> Iterator[_Record]:
        """Records with the line that they begin on. A broken one ends with its first line."""
        lines = _Lines([line + "\n" for line in text.split("\n")[:-1]])
        start = 0
        while start < len(lines.lines):
            try:
                for values in csv.reader(lines, strict=True):
                    if values and (len(values) > 1 or values[0].strip()):
                        yield first_line + start, values
                    start = lines.position
            except csv.Error as error:
                if "unexpected end of data" in str(error) and not at_end:
                    self._cut_text = "".join(lines.lines[start:])
                    self._cut_line = first_line + start
                    return
                bad.append(rejected(first_line + start, "", f"not CSV: {in_words(error)}"))
                start += 1
                lines.position = start


def in_words(error: csv.Error) -> str:
    """What is wrong with the row; the csv module tells its callers what to do in place of that."""
    text = str(error)
    if text.startswith("new-line character"):
        return "a line break in a field without quotes"
    return "quotes that do not end" if text == "unexpected end of data" else text
