"""Which line of a TOML file a key stands on: tomllib parses, but does not tell.

    key_lines(text)   -> {("settings", "relayhost"): 14, ("settings",): 12, ...}, lines from 1
    error_line(error) -> the line of a TOMLDecodeError

Knows tables, dotted and quoted keys, and passes over strings of several lines. A key inside an inline table
has no line of its own: `line_of` answers with that of the innermost key around it that has one.
Source: TOML 1.0.
"""

import re
import tomllib

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=\s*(.*)")
_TABLE = re.compile(rf"\s*\[\[?\s*({_PART}(?:\s*\.\s*{_PART})*)\s*\]")
_PARTS = re.compile(_PART)
_LONG_QUOTES = ('"""', "'''")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)$")

Key = tuple[str, ...]


def key_lines(text: str) -> dict[Key, int]:
    """The first line of each key and table."""
    lines: dict[Key, int] = {}
    table: Key = ()
    open_quotes = ""
    for number, line in enumerate(text.splitlines(), 1):
        if open_quotes:
            if open_quotes in line:
                open_quotes = ""
        elif heading := _TABLE.match(line):
            table = _parts(heading[1])
            lines.setdefault(table, number)
        elif entry := _KEY.match(line):
            key = table + _parts(entry[1])
            for depth in range(1, len(key) + 1):
                lines.setdefault(key[:depth], number)
            open_quotes = next((q for q in _LONG_QUOTES if entry[2].startswith(q)), "")
            if open_quotes and open_quotes in entry[2][3:]:
                open_quotes = ""
    return lines


def _parts(text: str) -> Key:
    return tuple(part.strip("\"'") for part in _PARTS.findall(text))


def line_of(lines: dict[Key, int], key: Key) -> int:
    """The line of `key`, else of what it stands in, else 1."""
    while key:
        if key in lines:
            return lines[key]
        key = key[:-1]
    return 1


def error_line(error: tomllib.TOMLDecodeError, text: str) -> tuple[int, str]:
    """(line, what is wrong); an error at the end of the file is on its last line."""
    message = str(error)
    found = _AT_LINE.search(message)
    if found:
        return int(found[1]), message[: found.start()].strip()
    return len(text.splitlines()) or 1, message.replace("(at end of document)", "at the end of the file")
