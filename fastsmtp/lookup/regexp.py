"""regexp:FILE: rules with POSIX extended regular expressions, translated to Python's.

Flags toggle: i (case is ignored unless given), m (`.` and `^ $` mind line ends only if given), x (basic
syntax). Patterns and keys are texts, compared letter by letter in ASCII's sense of case. One difference
remains: where several ways to match exist POSIX takes the longest, Python the first, so `$1` of
alternatives that are prefixes of one another (`a|ab`) may be shorter than Postfix's. Whether a rule applies
is never affected.
Source: regexp_table(5); POSIX 1003.1 XBD 9; regcomp(3) of glibc for \\w \\< \\>.
"""

import re

from fastsmtp.lookup.patterns import language, toggled
from fastsmtp.lookup.rules import BadRule, open_rules
from fastsmtp.lookup.table import Opening, Table

EXTENDED = 1 << 20  # beyond re's own flags
FLAGS = {"i": int(re.IGNORECASE), "m": int(re.MULTILINE | re.DOTALL), "x": EXTENDED}
ON = int(re.IGNORECASE | re.DOTALL) | EXTENDED

CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t\n\r\f\v",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "print": " -~",
    "graph": "!-~",
    "cntrl": r"\x00-\x1f\x7f",
    "xdigit": "0-9A-Fa-f",
}
ESCAPES = {
    "<": r"\b(?=\w)",
    ">": r"\b(?<=\w)",
    "`": r"\A",
    "'": r"\Z",
    **{letter: f"\\{letter}" for letter in "wWsSbB"},
}
QUANTIFIERS = "*+?{"


def translate(pattern: str, flags: str) -> re.Pattern[str]:
    """A POSIX pattern, compiled as Python's; BadRule if it is none."""
    on = toggled(flags, FLAGS, ON)
    multiline = bool(on & re.MULTILINE)
    text = Translation(pattern, extended=bool(on & EXTENDED), multiline=multiline).text()
    try:
        return re.compile(text, on & ~EXTENDED | re.ASCII)
    except (re.error, OverflowError) as error:
        raise BadRule(f"bad pattern: {error}") from None


class Translation:
    """One pattern on its way. `_start` is where the last atom begins in what was written, None if there is
    none.
    """

    def __init__(self, pattern: str, *, extended: bool, multiline: bool) -> None:
        self._pattern = pattern
        self._extended = extended
        self._multiline = multiline
        self._out: list[str] = []
        self._groups: list[int] = []  # where the groups that are open begin
        self._start: int | None = None
        self._quantified = False

    def text(self) -> str:
        position = 0
        while position < len(self._pattern):
            character = self._pattern[position]
            if character == "[":
                end, text = bracket(self._pattern, position, multiline=self._multiline)
                self._atom(text)
                position = end
                continue
            escaped = character == "\\"
            if escaped:
                position += 1
                if position == len(self._pattern):
                    raise BadRule("trailing backslash")
                character = self._pattern[position]
            # In basic syntax these are operators with a backslash, in extended syntax without.
            operator = character in "(){|+?" and escaped != self._extended
            operator |= not escaped and character in "*^$."
            if operator:
                position = self._operator(character, position)
            elif escaped and character in ESCAPES:
                self._atom(ESCAPES[character])
            elif escaped and character.isdigit() and character != "0":
                self._atom(f"(?:\\{character})")
            else:
                self._atom(re.escape(character))
            position += 1
        if self._groups:
            raise BadRule("unmatched (")
        return "".join(self._out)

    def _atom(self, text: str) -> None:
        self._start = len(self._out)
        self._quantified = False
        self._out.append(text)

    def _operator(self, character: str, position: int) -> int:
        """Write an operator; returns the position of its last character."""
        if character in QUANTIFIERS:
            return self._quantify(character, position)
        if character == "(":
            self._groups.append(len(self._out))
            self._out.append("(")
            self._start = None
        elif character == ")":
            if not self._groups:
                raise BadRule("unmatched )")
            self._start, self._quantified = self._groups.pop(), False
            self._out.append(")")
        elif character == "|":
            self._out.append("|")
            self._start = None
        elif character == "$":
            self._out.append("$" if self._multiline else r"\Z")
        else:
            self._out.append(character)
            if character == ".":
                self._start, self._quantified = len(self._out) - 1, False
        return position

    def _quantify(self, character: str, position: int) -> int:
        if self._start is None:
            if not self._extended:
                self._atom(re.escape(character))
                return position
            raise BadRule(f'nothing for "{character}" to repeat')
        text = character
        if character == "{":
            closer = "}" if self._extended else "\\}"
            end = self._pattern.find(closer, position)
            text = "{" + self._pattern[position + 1 : max(end, 0)] + "}"
            if not re.fullmatch(r"\{\d*(?:,\d*)?\}", text, re.ASCII) or text in ("{}", "{,}"):
                raise BadRule("bad { } after what it repeats")
            position = end + len(closer) - 1
        if self._quantified:  # a*? is (a*)? here, and nothing else in Python
            self._out[self._start :] = ["(?:", *self._out[self._start :], ")"]
        self._out.append(text)
        self._quantified = True
        return position


def bracket(pattern: str, start: int, *, multiline: bool) -> tuple[int, str]:
    """(where it ends, translation) of the bracket expression at `start`. A backslash in it is itself."""
    position = start + 1
    negated = pattern[position : position + 1] == "^"
    position += negated
    items: list[str] = []
    first = True
    while True:
        if position >= len(pattern):
            raise BadRule("unmatched [")
        character = pattern[position]
        if character == "]" and not first:
            break
        first = False
        special = pattern[position : position + 2]
        if special in ("[:", "[=", "[."):
            end = pattern.find(special[1] + "]", position + 2)
            name = pattern[position + 2 : max(end, 0)]
            if special == "[:" and name in CLASSES:
                items.append(CLASSES[name])
            elif special != "[:" and len(name) == 1:
                items.append(re.escape(name))
            else:
                raise BadRule(f'unknown class or element "{special}{name}"')
            position = end + 2
            continue
        range_ = character == "-" and items and pattern[position + 1 : position + 2] not in ("]", "")
        items.append("-" if range_ else re.escape(character))
        position += 1
    newline = r"\n" if negated and multiline else ""
    return position + 1, f"[{'^' if negated else ''}{''.join(items)}{newline}]"


def opener(reference: str, name: str, opening: Opening) -> Table:
    return open_rules(reference, name, opening, language(translate))
