"""Tables of rules: patterns tried in the order of the file, the first that applies decides.

    /pattern/ result        !/pattern/ result
    if /pattern/ ... endif  if !/pattern/ ... endif      the lines between apply if the pattern does

The same frame serves regexp:, pcre: and cidr:, which differ in what a pattern is. A rule that cannot be
read is passed over with a warning and the table stays usable. Rules come from a file, or from the reference
itself: `regexp:{ {rule}, {rule} }`.

    open_rules(reference, name, opening, language)     the table; TableError if there is no such file
Source: regexp_table(5), pcre_table(5), cidr_table(5).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from fastsmtp.conf.lists import split_words
from fastsmtp.conf.maincf import logical_lines
from fastsmtp.errors import TableError
from fastsmtp.lookup.table import BLANKS, Opening, Stamp, Table, read

Answer = Callable[[str], str | None]  # the key's answer if the pattern applies


class BadRule(ValueError):
    """A line that is no rule; says why."""


# (rest of the line, whether it is a condition) -> answer. A condition answers any text for yes.
Language = Callable[[str, bool], Answer]


class Rule(NamedTuple):
    """A line of the table. Where a condition fails, the search goes on at `skip_to`."""

    answer: Answer
    skip_to: int  # 0: a rule with a result


class Rules(Table):
    __slots__ = ("_rules",)

    def __init__(self, reference: str, rules: list[Rule], files: tuple[Stamp, ...]) -> None:
        super().__init__(reference, fixed=False, files=files)
        self._rules = rules

    def get(self, key: str) -> str | None:
        position = 0
        while position < len(self._rules):
            answer, skip_to = self._rules[position]
            found = answer(key)
            position += 1
            if skip_to:
                position = position if found is not None else skip_to
            elif found is not None:
                return found
        return None


def open_rules(reference: str, name: str, opening: Opening, language: Language) -> Table:
    files: tuple[Stamp, ...] = ()
    if name[:1] == "{":
        lines = list(inline_lines(name))
    else:
        data, file = read(Path(name))
        files = (file,)
        lines = list(logical_lines(data.decode("utf-8", "surrogateescape")))

    def warn(number: int, text: str) -> None:
        opening.warn(f"{reference}, line {number}: {text}: skipping this rule")

    return Rules(reference, compile_rules(lines, language, warn), files)


def inline_lines(name: str) -> Iterator[tuple[int, str]]:
    """The rules of `{ {rule}, {rule} }`, numbered."""
    if name[-1:] != "}":
        raise TableError('expected "{ {rule}, {rule}... }"')
    for number, word in enumerate(split_words(name[1:-1]), 1):
        if word[0] != "{" or word[-1] != "}":
            raise TableError(f'no braces around the rule "{word}"')
        yield number, word[1:-1].strip(BLANKS)


def compile_rules(
    lines: list[tuple[int, str]], language: Language, warn: Callable[[int, str], None]
) -> list[Rule]:
    rules: list[Rule] = []
    opened: list[int] = []  # where the conditions stand that are not closed yet
    for number, line in lines:
        word, _, rest = line.partition(" ") if " " in line else line.partition("\t")
        try:
            if line[0] in BLANKS:
                raise BadRule("a logical line must not start with a blank")
            if word.lower() == "endif":
                if not opened:
                    raise BadRule("endif without if")
                start = opened.pop()
                rules[start] = rules[start]._replace(skip_to=len(rules))
            elif word.lower() == "if":
                rules.append(Rule(language(rest.strip(BLANKS), True), -1))
                opened.append(len(rules) - 1)
            else:
                rules.append(Rule(language(line.strip(BLANKS), False), 0))
        except BadRule as error:
            warn(number, str(error))
    for start in opened:
        warn(lines[-1][0], "if without endif")
        rules[start] = rules[start]._replace(skip_to=len(rules))
    return rules
