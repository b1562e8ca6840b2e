"""The text of main.cf: physical lines become logical lines, logical lines become entries.

A line that is empty, blank or starts with `#` (blanks before it or not) is invisible wherever it stands. A
line that starts with a blank continues the logical line before it, its own blanks kept. There is no
end-of-line comment, no quoting and no escape. The same name again replaces what was there.

    logical_lines(text)           (line number, text) of each; lookup tables in files use the same rules
    parse(text, file)             every entry in order, and the warnings; SettingError with every faulty line
    entry(text, origin)           one `name = value`, wherever it comes from
    override(text)                what follows -o: `name=value` or `{ name = value }`
Does not know which names exist, and does not look at `$`. Lines end at LF alone, whatever Unicode thinks.
Source: postconf(5), "main.cf configuration file format"; readlline(3), split_nameval(3), mystrtok(3).
"""

from collections.abc import Iterator
from typing import NamedTuple

from fastsmtp.conf.lists import BLANKS, veil
from fastsmtp.errors import SettingError


class Entry(NamedTuple):
    """One `name = value`, and where it was written: `FILE:LINE`, `-o`, or a job file."""

    name: str
    value: str
    origin: str


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number of its first physical line, text without the LFs) of each logical line.

    A continuation with nothing before it comes out as it is, blanks first: the caller refuses it.
    """
    start = 0
    parts: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.lstrip(BLANKS)
        if not bare or bare[0] == "#":
            continue
        if line[0] in BLANKS and parts:
            parts.append(line)
            continue
        if parts:
            yield start, "".join(parts)
        start, parts = number, [line]
    if parts:
        yield start, "".join(parts)


def parse(text: str, file: str) -> tuple[list[Entry], list[str]]:
    """The entries of a main.cf in the order of the file, and a warning for each line that was passed over."""
    entries: dict[str, Entry] = {}
    warnings: list[str] = []
    problems: list[str] = []
    for number, line in logical_lines(text):
        origin = f"{file}:{number}"
        if "\0" in line:
            warnings.append(f"{origin}: the line holds a NUL byte: it and what follows are ignored")
            line = line.partition("\0")[0]
        if line[:1] in BLANKS:
            warnings.append(
                f'{origin}: a logical line must not start with a blank: ignored: "{line.strip(BLANKS)}"'
            )
            continue
        try:
            found = entry(line, origin)
        except SettingError as error:
            problems.extend(error.problems)
            continue
        earlier = entries.pop(found.name, None)
        if earlier is not None and earlier.value != found.value:
            warnings.append(
                f"{origin}: overriding earlier entry: {earlier.name}={veil(earlier.value)} ({earlier.origin})"
            )
        entries[found.name] = found
    if problems:
        raise SettingError(*problems)
    return list(entries.values()), warnings


def entry(text: str, origin: str) -> Entry:
    """`name = value`, the blanks around both dropped; only the first `=` separates."""
    text = text.strip(BLANKS)
    name, equals, value = text.partition("=")
    name = name.rstrip(BLANKS)
    if not equals or any(blank in name for blank in BLANKS):
        raise SettingError(f"{origin}: missing '=' after the name: \"{text}\": expected name = value")
    if not name:
        raise SettingError(f"{origin}: missing name before '=': \"{text}\": expected name = value")
    return Entry(name, value.strip(BLANKS), origin)


def override(text: str) -> Entry:
    """What follows `-o`: `name=value`, or `{ name = value }` where the value holds blanks."""
    text = text.strip(BLANKS)
    if text[:1] == "{" and text[-1:] == "}":
        text = text[1:-1]
    return entry(text, "-o")
