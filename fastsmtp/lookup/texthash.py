"""texthash:FILE: a text file of `key value` lines, held in memory.

Lines are those of main.cf: comments, continuations. The key ends at the first blank; a backslash or double
quotes protect blanks in it and stay part of it. A line that is none is passed over with a warning. The same
key twice makes the table unusable: nobody can say which was meant.

    load(path, opening)     (values, stamp); TableError with file, line and key of a duplicate
Source: postmap(1), "table format"; dict_thash(3).
"""

from collections.abc import Iterable
from pathlib import Path

from fastsmtp.conf.maincf import logical_lines
from fastsmtp.errors import TableError
from fastsmtp.lookup.table import BLANKS, Opening, Stamp, Table, fold, read

# What the quick way cannot read: continuations, quoting, faults
_CURIOUS = (b'"', b"\\", b"\n ", b"\n\t", b"\n\r", b"\n\v", b"\n\f", b"\0")
COMMENT = ord("#")


class TextHash(Table):
    """Keys and values of a file."""

    __slots__ = ("_folded", "_values")

    def __init__(
        self, reference: str, values: dict[str, str], files: tuple[Stamp, ...], *, folded: bool
    ) -> None:
        super().__init__(reference, fixed=True, files=files)
        self._values = values
        self._folded = folded

    def get(self, key: str) -> str | None:
        found = self._values.get(key)
        if found is None and self._folded:
            folded = key.casefold()
            if folded != key:
                return self._values.get(folded)
        return found

    def items(self) -> Iterable[tuple[str, str]]:
        return self._values.items()


def opener(reference: str, name: str, opening: Opening) -> Table:
    values, file = load(Path(name), opening, first_counts=False)
    return TextHash(reference, values, (file,), folded=opening.fold)


def load(path: Path, opening: Opening, *, first_counts: bool) -> tuple[dict[str, str], Stamp]:
    """The entries of a file. `first_counts`: of equal keys the first stays, with a warning (postmap(1))."""
    data, file = read(path)
    values = quickly(data, fold_keys=opening.fold)
    if values is None:
        values = carefully(data, path, opening, first_counts=first_counts)
    return values, file


def quickly(data: bytes, *, fold_keys: bool) -> dict[str, str] | None:
    """The entries of a file without anything curious in it; None if it needs care after all."""
    if data[:1].isspace() or any(mark in data for mark in _CURIOUS):
        return None
    lines = [line for line in data.split(b"\n") if line and line[0] != COMMENT]
    pairs = (line.split(None, 1) for line in lines)  # one at a time: a million lists keep the collector busy
    try:
        if fold_keys:
            values = {key.decode().casefold(): value.rstrip().decode() for key, value in pairs}
        else:
            values = {key.decode(): value.rstrip().decode() for key, value in pairs}
    except ValueError:  # a key without a value, bytes that are no UTF-8
        return None
    return values if len(values) == len(lines) and ":" not in {key[-1] for key in values} else None


def carefully(data: bytes, path: Path, opening: Opening, *, first_counts: bool) -> dict[str, str]:
    """The entries of any file, line by line, with a warning for each line that is none."""
    values: dict[str, str] = {}
    for number, line in logical_lines(data.decode("utf-8", "surrogateescape")):
        where = f"{path}, line {number}"
        fault, key, value = entry(line)
        if fault:
            opening.warn(f"{where}: {fault}: ignoring this line")
            continue
        if key.endswith(":"):
            opening.warn(f'{where}: the key "{key}" ends in ":": is this an alias file?')
        key = fold(key) if opening.fold else key
        if key in values:
            if not first_counts:
                raise TableError(f'{where}: duplicate entry: "{key}"')
            opening.warn(f'{where}: duplicate entry: "{key}": the first one counts')
            continue
        values[key] = value
    return values


def entry(line: str) -> tuple[str, str, str]:
    """(what is wrong, key, value) of a logical line."""
    if line[0] in BLANKS:
        return "a logical line must not start with a blank", "", ""
    if any("\udc80" <= character <= "\udcff" for character in line):
        return "the line is not UTF-8", "", ""
    quoted = False
    end = 0
    while end < len(line) and (quoted or line[end] not in BLANKS):
        if line[end] == "\\":
            end += 1
        elif line[end] == '"':
            quoted = not quoted
        end += 1
    if quoted:
        return "a double quote is never closed", "", ""
    key, value = line[:end], line[end:].strip(BLANKS)
    if not value:
        return "expected key, blank, value", "", ""
    return "", key, value
