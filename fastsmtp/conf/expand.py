"""`$name` in values: the text that a value stands for once every reference in it is replaced.

    $name  ${name}  $(name)          the value of name, itself expanded; nothing when name is undefined
    $$                               one dollar sign
    ${name?text}  ${name:text}       text if the value is non-empty; text if it is empty or undefined
    ${name?{a}:{b}}                  a or b; blanks around the braces do not count, those inside do
    ${{left} OP {right}?{a}:{b}}     OP is == != < <= >= >: numbers if both sides are digits, bytes otherwise;
                                     with the suffix `level` 3.6 precedes 3.10. Alone: `true` or nothing

    expand(text, lookup)     the value of `text`; `lookup` gives raw text, or None for undefined
    references(text)         every name that `text` mentions, for telling unused settings from used ones
Raises ExpansionError, which says what and where. A test with `?` and `:` looks at the raw text: a name
whose value is only a reference to nothing counts as set, as in Postfix. Only the chosen operand is read:
faults in the other one stay unseen. References inside lookup tables are not this module's business.
Source: postconf(5), "file format"; mac_expand(3); the order of the two passes observed on Postfix 3.7.
"""

from collections.abc import Callable
from typing import NamedTuple

from fastsmtp.conf.level import level
from fastsmtp.conf.lists import BLANKS

Lookup = Callable[[str], str | None]

NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
NESTING_LIMIT = 100  # mac_expand(3); also what stops `a = $a`

_OPERATORS: dict[str, Callable[[int], bool]] = {
    "==": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<=": lambda sign: sign <= 0,
    ">=": lambda sign: sign >= 0,
    "<": lambda sign: sign < 0,
    ">": lambda sign: sign > 0,
}
_CLOSERS = {"{": "}", "(": ")"}


class ExpansionError(ValueError):
    """A reference that cannot be read; the text says which and why."""


class _Choice(NamedTuple):
    """The parts of one reference: what is tested, and the texts for "yes" and "no" (None: the value
    itself).
    """

    name: str
    holds: bool
    yes: str | None
    no: str | None


def expand(text: str, lookup: Lookup) -> str:
    """`text` with every reference replaced, to the bottom."""
    return _expand(text, lookup, 0) if "$" in text else text


def references(text: str) -> set[str]:
    """The names that `text` mentions anywhere, in operands too; broken references are passed over."""
    names: set[str] = set()
    position = text.find("$")
    while position >= 0:
        if text[position + 1 : position + 2] == "$":
            position = text.find("$", position + 2)
            continue
        start = position + 1
        if text[start : start + 1] in _CLOSERS:
            start += 1
            while text[start : start + 1] and text[start] in BLANKS:
                start += 1
        end = _name_end(text, start)
        if end > start:
            names.add(text[start:end])
        position = text.find("$", position + 1)
    return names


def _expand(text: str, lookup: Lookup, depth: int) -> str:
    pieces: list[str] = []
    position = 0
    while (dollar := text.find("$", position)) >= 0:
        pieces.append(text[position:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            pieces.append("$")
            position = dollar + 2
            continue
        if following in _CLOSERS:
            end = _closer(text, dollar + 1)
            reference = text[dollar + 2 : end]
            position = end + 1
        else:
            position = _name_end(text, dollar + 1)
            reference = text[dollar + 1 : position]
        if not reference:
            raise ExpansionError(f'no name after "$" in "{text}" (write "$$" for a dollar sign)')
        pieces.append(_replace(reference, lookup, depth + 1))
    pieces.append(text[position:])
    return "".join(pieces)


def _replace(reference: str, lookup: Lookup, depth: int) -> str:
    if depth > NESTING_LIMIT:
        raise ExpansionError(
            f'"${reference}" is nested deeper than {NESTING_LIMIT} levels: does it refer to itself?'
        )
    choice = _comparison(reference, lookup, depth) if reference[0] == "{" else _named(reference, lookup)
    chosen = choice.yes if choice.holds else choice.no
    if chosen is None:
        chosen = lookup(choice.name)
    return _expand(chosen, lookup, depth) if chosen else ""


def _named(reference: str, lookup: Lookup) -> _Choice:
    start = len(reference) - len(reference.lstrip(BLANKS))
    end = _name_end(reference, start)
    name = reference[start:end]
    rest = reference[end:].lstrip(BLANKS)
    if not rest:
        return _Choice(name, True, None, "")
    if rest[0] not in "?:":
        raise ExpansionError(f'"{rest}" in "${{{reference}}}": a name is made of letters, digits and "_"')
    yes, no = _operands(rest, reference)
    return _Choice(name, bool(lookup(name)), yes, no)


def _comparison(reference: str, lookup: Lookup, depth: int) -> _Choice:
    left, rest = _payload(reference, reference)
    operator = next((sign for sign in _OPERATORS if rest.startswith(sign)), None)
    if operator is None:
        raise ExpansionError(f'expected == != < <= >= or > at "{rest}" in "${{{reference}}}"')
    rest = rest[len(operator) :]
    by_level = rest.startswith("level")
    rest = (rest[len("level") :] if by_level else rest).lstrip(BLANKS)
    if not rest.startswith("{"):
        raise ExpansionError(f'expected "{{" at "{rest}" in "${{{reference}}}"')
    right, rest = _payload(rest, reference)
    order = _compare_levels if by_level else _compare
    holds = _OPERATORS[operator](order(_expand(left, lookup, depth), _expand(right, lookup, depth)))
    if not rest:
        return _Choice("", holds, "true", "")
    if rest[0] not in "?:":
        raise ExpansionError(f'expected "?" or ":" at "{rest}" in "${{{reference}}}"')
    yes, no = _operands(rest, reference)
    return _Choice("", holds, yes, no)


def _operands(rest: str, reference: str) -> tuple[str, str]:
    """The texts for "yes" and "no" out of `?a`, `:b`, `?{a}`, `:{b}` or `?{a}:{b}`."""
    sign, operand = rest[0], rest[1:]
    if not operand.lstrip(BLANKS).startswith("{"):
        return (operand, "") if sign == "?" else ("", operand)
    first, rest = _payload(operand.lstrip(BLANKS), reference)
    if sign == "?" and rest:
        if rest[0] != ":":
            raise ExpansionError(f'expected ":" at "{rest}" in "${{{reference}}}"')
        second = rest[1:]
        if not second.lstrip(BLANKS).startswith("{"):
            return first, second
        second, rest = _payload(second.lstrip(BLANKS), reference)
        if not rest:
            return first, second
    if rest:
        raise ExpansionError(f'unexpected "{rest}" in "${{{reference}}}"')
    return (first, "") if sign == "?" else ("", first)


def _payload(text: str, reference: str) -> tuple[str, str]:
    """What stands between the braces that `text` begins with, and what follows, blanks trimmed."""
    end = _closer(text, 0, reference)
    return text[1:end], text[end + 1 :].lstrip(BLANKS)


def _closer(text: str, start: int, reference: str = "") -> int:
    """Where the brace or parenthesis at `start` is closed; only its own kind is counted."""
    opener = text[start]
    closer = _CLOSERS[opener]
    depth = 0
    for position in range(start, len(text)):
        if text[position] == opener:
            depth += 1
        elif text[position] == closer:
            depth -= 1
            if not depth:
                return position
    raise ExpansionError(f'"{opener}" is never closed in "{reference or text}"')


def _name_end(text: str, start: int) -> int:
    end = start
    while end < len(text) and text[end] in NAME_CHARACTERS:
        end += 1
    return end


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _compare(left: str, right: str) -> int:
    if _is_digits(left) and _is_digits(right):
        return (int(left) > int(right)) - (int(left) < int(right))
    first, second = left.encode(errors="surrogateescape"), right.encode(errors="surrogateescape")
    return (first > second) - (first < second)


def _compare_levels(left: str, right: str) -> int:
    try:
        first, second = level(left), level(right)
    except ValueError as error:
        raise ExpansionError(str(error)) from None
    return (first > second) - (first < second)
