"""Rows of a .jsonl list (an object a line) and of a .txt list (an address a line).

    JsonReader(keeps_line)   .chunk(block) -> Chunk; with keeps_line the packed row is the line
    TextReader()             .chunk(block) -> Chunk; a line that begins with `#`, blanks apart, is a comment

Blank lines are no rows. In JSON, control characters can hide in escapes at any depth: all strings of a line
with a backslash in it are looked at. An address that begins with `#` fits into the other kinds of list.
Source: JSON Lines; RFC 8259 (NaN and Infinity, which it does not know, are refused); comments as in Postfix's
tables.
"""

import json
from typing import NoReturn

from fastsmtp.job.blocks import Block
from fastsmtp.job.sift import Chunk, Rejected, Row, Sifter, control_reason, rejected
from fastsmtp.mail.fields import ADDRESS_FIELD


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def in_words(error: ValueError | RecursionError) -> str:
    """What is wrong with a line; the json module counts lines too, and there is only this one."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.pos + 1}"
    return str(error) if isinstance(error, ValueError) else "nested too deep"


class JsonReader:
    """One JSON object a line."""

    def __init__(self, keeps_line: bool, *, utf8: bool = False) -> None:
        self._keeps_line = keeps_line
        self._sifter = Sifter(utf8=utf8)
        self._decode = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode

    def chunk(self, block: Block) -> Chunk:
        """The rows of a block."""
        good: list[Row] = []
        bad: list[Rejected] = []
        if block.reason:
            return good, [rejected(block.first_line, "", block.reason)]
        numbers: list[int] = []
        addresses: list[str] = []
        packed: list[str] = []
        for number, raw in enumerate(block.text.split("\n")[:-1], block.first_line):
            line = raw.strip(" \t")
            if not line:
                continue
            found = self._address_or_rejected(number, line, block.is_clean and "\\" not in line)
            if isinstance(found, str):
                numbers.append(number)
                addresses.append(found)
                packed.append(line if self._keeps_line else "")
            else:
                bad.append(found)
        if numbers:
            self._sifter.sift(numbers, addresses, packed, good, bad)
        return good, bad

    def _address_or_rejected(self, number: int, line: str, is_clean: bool) -> str | Rejected:
        try:
            row, end = self._decode(line)
        except (ValueError, RecursionError) as error:
            return rejected(number, "", f"not JSON: {in_words(error)}")
        if end != len(line):
            return rejected(number, "", f"a JSON object and more text, from column {end + 1}")
        if not isinstance(row, dict):
            return rejected(number, "", "not a JSON object")
        address = row.get(ADDRESS_FIELD)
        if not isinstance(address, str):
            return rejected(
                number, "", f"`{ADDRESS_FIELD}` is not a string" if address is not None else "no address"
            )
        if not is_clean:
            for name, value in row.items():
                reason = control_reason("a key", name) or _value_reason(name, value)
                if reason:
                    return rejected(number, address, reason)
        return address


def _value_reason(name: str, value: object) -> str:
    """`name` is the outermost key: the one that the list's author knows."""
    if isinstance(value, str):
        return control_reason(name, value)
    if isinstance(value, dict):
        inner = [*value.keys(), *value.values()]
    elif isinstance(value, list):
        inner = value
    else:
        return ""
    return next(filter(None, (_value_reason(name, item) for item in inner)), "")


class TextReader:
    """One address a line."""

    def __init__(self, *, utf8: bool = False) -> None:
        self._sifter = Sifter(utf8=utf8)

    def chunk(self, block: Block) -> Chunk:
        """The rows of a block."""
        good: list[Row] = []
        bad: list[Rejected] = []
        if block.reason:
            return good, [rejected(block.first_line, "", block.reason)]
        numbers: list[int] = []
        addresses: list[str] = []
        for number, line in enumerate(block.text.split("\n")[:-1], block.first_line):
            if not line or line.lstrip(" \t")[:1] in ("#", ""):
                continue
            reason = "" if block.is_clean else control_reason("the line", line)
            if reason:
                bad.append(rejected(number, line, reason))
            else:
                numbers.append(number)
                addresses.append(line)
        if numbers:
            self._sifter.sift(numbers, addresses, [""] * len(numbers), good, bad)
        return good, bad
