"""pcre:FILE: rules with Perl's regular expressions, as far as Python's know them.

Flags toggle: i and s are on unless given; m, x; E ends `$` at the very end; A ties the pattern to the
start; U and X are Perl's alone. What Python writes otherwise is translated: (?<name>), \\z, \\Z, \\h,
\\Q..\\E, [[:class:]]. A pattern with something that Python has nothing for makes the table unusable rather
than being left out: a rule that silently does not apply decides wrongly. A pattern that is none is passed
over with a warning, as in Postfix.
Source: pcre_table(5); pcrepattern(3).
"""

import re

from fastsmtp.errors import TableError
from fastsmtp.lookup.patterns import language, toggled
from fastsmtp.lookup.regexp import CLASSES
from fastsmtp.lookup.rules import BadRule, open_rules
from fastsmtp.lookup.table import Opening, Table

ANCHORED, DOLLAR_AT_END, UNGREEDY, EXTRA = (1 << bit for bit in range(20, 24))  # beyond re's own flags
FLAGS = {
    "i": int(re.IGNORECASE),
    "m": int(re.MULTILINE),
    "s": int(re.DOTALL),
    "x": int(re.VERBOSE),
    "A": ANCHORED,
    "E": DOLLAR_AT_END,
    "U": UNGREEDY,
    "X": EXTRA,
}
ON = int(re.IGNORECASE | re.DOTALL)

_TOKEN = re.compile(
    r"""\\Q.*?(?:\\E|$)                    # literal text
      | \\.
      | \[:\^?\w+:\]                       # a class within brackets
      | \[\^?\]?
      | \(\?(?P<flags>[imsx]*(?:-[imsx]+)?)\)
      | \(\?(?:[imsx]*(?:-[imsx]+)?:|[=!>#]|<[=!]|P[<=>])
      | \(\?<
      | \(\?.?                             # Perl's alone
      | \(\*
      | .""",
    re.DOTALL | re.VERBOSE,
)
_KNOWN_GROUPS = re.compile(r"\(\?(?:[imsx-]*:|[=!>#]|<[=!]|P[<=>])", re.DOTALL)
_PERL_ALONE = {r"\K", r"\G", r"\R", r"\X", r"\p", r"\P", r"\g", r"\k", r"\C", r"\N"}
_SPELLED = {r"\z": r"\Z", r"\Z": r"(?=\n?\Z)", r"\h": r"[ \t]", r"\e": r"\x1b"}


def translate(pattern: str, flags: str) -> re.Pattern[str]:
    """Perl's pattern, compiled as Python's; BadRule if it is none, TableError if it is beyond Python."""
    on = toggled(flags, FLAGS, ON)
    if on & UNGREEDY:
        raise unsupported("U", pattern)
    text = spell(pattern, dollar_at_end=bool(on & DOLLAR_AT_END) and not on & re.MULTILINE)
    if on & ANCHORED:
        text = rf"\A(?:{text})"
    try:
        return re.compile(text, on & (ANCHORED - 1) | re.ASCII)
    except (re.error, OverflowError) as error:
        raise BadRule(f"bad pattern: {error}") from None


def spell(pattern: str, *, dollar_at_end: bool) -> str:
    """`pattern` in Python's spelling."""
    out: list[str] = []
    in_class = False
    switched: list[list[str]] = [[]]  # in each group that is open: the flags switched within, `i` of (?i)
    for found in _TOKEN.finditer(pattern):
        token, flags = found[0], found["flags"]
        if token[:2] == r"\Q":
            out.append(re.escape(token[2:].removesuffix(r"\E")))
        elif in_class:
            in_class = token != "]"
            out.append(_inside(token))
        elif token[0] == "[" and token[:2] != "[:":
            in_class = True
            out.append(token.replace("]", r"\]"))
        elif flags is not None:
            switched[-1].append(flags)
            out.append(f"(?{flags}:")
        elif token in ("|", ")"):
            # Python has no (?i) amid a pattern: it becomes (?i:...), closed where the alternative ends.
            out.append(")" * len(switched[-1]) + token)
            if token == "|":
                out += [f"(?{again}:" for again in switched[-1]]
            elif len(switched) > 1:
                switched.pop()
        elif token[0] == "(":
            switched.append([])
            out.append(_group(token, pattern))
        elif token in _PERL_ALONE:
            raise unsupported(token, pattern)
        else:
            out.append(r"\Z" if token == "$" and dollar_at_end else _SPELLED.get(token, token))
    return "".join(out) + ")" * len(switched[0])


def _group(token: str, pattern: str) -> str:
    """The opening of a group."""
    if token == "(" or _KNOWN_GROUPS.fullmatch(token):
        return token
    if token == "(?<":
        return "(?P<"
    raise unsupported(token, pattern)


def unsupported(token: str, pattern: str) -> TableError:
    return TableError(f'"{token}" in "/{pattern}/" is not supported')


def _inside(token: str) -> str:
    """A token within a bracket expression."""
    if token[:2] == "[:":
        name = token[2:-2]
        if name not in CLASSES:
            raise unsupported(token, "...")
        return CLASSES[name]
    if token == r"\h":
        return r" \t"
    return token.replace("[", r"\[", 1) if token[0] == "[" else token


def opener(reference: str, name: str, opening: Opening) -> Table:
    return open_rules(reference, name, opening, language(translate))
