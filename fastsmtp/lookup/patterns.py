"""What regexp: and pcre: share: a line's delimiters and flags, and `$1` in its result.

    language(translate)      a Language for `rules`, given what turns (pattern, flags) into a compiled one

A pattern stands between two equal characters that are neither letters, digits nor blanks; a backslash keeps
the character after it from ending it. Flags follow at once, the result after blanks. `$1`, `${1}` and
`$(1)` stand for what a group matched, nothing if it did not take part; `$$` is a dollar sign.
Source: regexp_table(5), pcre_table(5).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from fastsmtp.lookup.rules import Answer, BadRule, Language
from fastsmtp.lookup.table import BLANKS

Translate = Callable[[str, str], re.Pattern[str]]  # (pattern, flags); BadRule if it cannot be used
_CLOSERS = {"{": "}", "(": ")"}


class PatternLine(NamedTuple):
    negated: bool
    pattern: str
    flags: str
    result: str


def language(translate: Translate) -> Language:
    """The meaning of a line, with patterns as `translate` compiles them."""

    def mean(text: str, condition: bool) -> Answer:
        line = split(text)
        compiled = translate(line.pattern, line.flags)
        if condition:
            return _condition(compiled, line.negated)
        if not line.result:
            raise BadRule("no result after the pattern")
        parts = template(line.result, compiled.groups)
        if line.negated:
            if any(isinstance(part, int) for part in parts):
                raise BadRule("$number in the result of a negated pattern")
            return _absence(compiled, "".join(map(str, parts)))
        return _presence(compiled, parts)

    return mean


def _condition(compiled: re.Pattern[str], negated: bool) -> Answer:
    search = compiled.search
    if negated:
        return lambda key: None if search(key) else ""
    return lambda key: "" if search(key) else None


def _absence(compiled: re.Pattern[str], result: str) -> Answer:
    search = compiled.search
    return lambda key: None if search(key) else result


def _presence(compiled: re.Pattern[str], parts: list[str | int]) -> Answer:
    search = compiled.search
    if len(parts) == 1 and isinstance(parts[0], str):
        result = parts[0]
        return lambda key: result if search(key) else None

    def answer(key: str) -> str | None:
        match = search(key)
        if match is None:
            return None
        return "".join(part if isinstance(part, str) else match[part] or "" for part in parts)

    return answer


def split(text: str) -> PatternLine:
    """The parts of a line; BadRule if it does not begin with a pattern."""
    negated = False
    while text[:1] == "!":
        negated = not negated
        text = text[1:].lstrip(BLANKS)
    delimiter = text[:1]
    if not delimiter or delimiter.isalnum():
        raise BadRule(f'expected a pattern between "/" and "/" instead of "{text}"')
    end = 1
    while end < len(text) and text[end] != delimiter:
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise BadRule(f'no closing "{delimiter}"')
    stop = end + 1
    while stop < len(text) and text[stop] not in BLANKS:
        stop += 1
    return PatternLine(negated, text[1:end], text[end + 1 : stop], text[stop:].strip(BLANKS))


def template(result: str, groups: int) -> list[str | int]:
    """The result as texts and group numbers; BadRule if a number is none of `groups`."""
    parts: list[str | int] = []
    position = 0
    while (dollar := result.find("$", position)) >= 0:
        parts.append(result[position:dollar])
        following = result[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            position = dollar + 2
            continue
        if following in _CLOSERS:
            position = result.find(_CLOSERS[following], dollar) + 1
            name = result[dollar + 2 : position - 1] if position else ""
        else:
            position = dollar + 1
            while position < len(result) and (result[position].isalnum() or result[position] == "_"):
                position += 1
            name = result[dollar + 1 : position]
        if not (name.isascii() and name.isdigit()):
            raise BadRule(
                f'"${following}..." in the result is no group number (write "$$" for a dollar sign)'
            )
        if not 1 <= int(name) <= groups:
            raise BadRule(f"${name} in the result, but the pattern has {groups} groups")
        parts.append(int(name))
    parts.append(result[position:])
    return [part for part in parts if part != ""] or [""]


def toggled(flags: str, known: dict[str, int], on: int) -> int:
    """re's flags after each letter of `flags` was toggled; BadRule for an unknown letter."""
    for letter in flags:
        if letter not in known:
            raise BadRule(f'unknown option "{letter}"')
        on ^= known[letter]
    return on
