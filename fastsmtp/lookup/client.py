"""Client files: how a table in a database is asked, and what its rows become.

The file has main.cf's syntax; a `$` in it is an ordinary character (observed on Postfix 3.7).

    query            %s is the key, %u its local part, %d its domain, %1 .. %9 the labels from the right
    result_format    a text for each value, %s; here lower case means the value, and %S %U %D the key
    domain           patterns: only whole addresses in these domains are looked up
    expansion_limit  more values than this are an error; 0 is no limit

    client = Client.read(path, ...)      SettingError and TableError become TableError
    client.question(key, quote)          the query, or None: this key is not looked up
    client.answer(key, values)           the values in their format, joined with commas; None if there is none
Source: mysql_table(5), pgsql_table(5), sqlite_table(5); db_common(3).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from fastsmtp.conf.lists import split_words
from fastsmtp.conf.maincf import parse
from fastsmtp.errors import SettingError, TableError
from fastsmtp.lookup.pattern_list import PatternList
from fastsmtp.lookup.table import Opening, Stamp, read

LETTERS = frozenset("sudSUD%123456789")


def veiled(told: str) -> str:
    """What is told of a file, without its words: a password may be among them."""
    return re.sub(r'(?s): ".*"|(?<=\w)=.*(?= \()', "", told)


def no_query(text: Callable[[str], str]) -> str:
    """For types whose query is a must, or is looked after elsewhere."""
    return ""


class Client:
    """What a client file says."""

    __slots__ = ("_domains", "_limit", "_result_format", "_values", "file", "query")

    def __init__(
        self,
        values: Mapping[str, str],
        file: Stamp,
        opening: Opening,
        *,
        query: str = "query",
        default_query: Callable[[Callable[[str], str]], str] = no_query,
    ) -> None:
        """`query` is the name that this type has for it; `default_query` makes one of other parameters."""
        self._values = values
        self.file = file
        self.query = check(self.text(query) or default_query(self.text), query)
        self._result_format = check(self.text("result_format", "%s"), "result_format")
        self._limit = self.number("expansion_limit", 0)
        words = split_words(self.text("domain"))
        self._domains = PatternList.open("domain", words, opening.warn) if words else None

    @classmethod
    def read(
        cls,
        path: Path,
        opening: Opening,
        *,
        query: str = "query",
        default_query: Callable[[Callable[[str], str]], str] = no_query,
    ) -> "Client":
        data, file = read(path)
        try:
            entries, warnings = parse(data.decode("utf-8", "surrogateescape"), str(path))
        except SettingError as error:
            raise TableError("; ".join(map(veiled, error.problems))) from None
        for warning in warnings:
            opening.warn(veiled(warning))
        values = {entry.name: entry.value for entry in entries}
        return cls(values, file, opening, query=query, default_query=default_query)

    def text(self, name: str, default: str = "") -> str:
        """One value of the file."""
        return self._values.get(name, default)

    def number(self, name: str, default: int) -> int:
        """The same, as a number."""
        text = self.text(name, str(default))
        if not (text.isascii() and text.isdigit()):
            raise TableError(f"{self.file.path}: {name} = {text}: expected a number")
        return int(text)

    def choice(self, name: str, words: Sequence[str]) -> str:
        """The same, one of `words`, the first of which is the default."""
        text = self.text(name, words[0]).lower()
        if text not in words:
            raise TableError(f"{self.file.path}: {name} = {text}: expected {' or '.join(words)}")
        return text

    def question(self, key: str, quote: Callable[[str], str]) -> str | None:
        """The query for `key`, each part of it through `quote`."""
        if self._domains is not None:
            local, at, domain = key.rpartition("@")
            if not at or not local or not domain or not self._domains.match_text(domain):
                return None
        return fill(self.query, key, key, quote)

    def answer(self, key: str, values: Iterable[str]) -> str | None:
        """What the rows come to; TableError if they are too many."""
        found: list[str] = []
        for value in values:
            text = fill(self._result_format, value, key, str) if value else None
            if text is None:
                continue
            found.append(text)
            if 0 < self._limit < len(found):
                raise TableError(
                    f"{self.file.path}: more than expansion_limit = {self._limit} values for one key"
                )
        return ",".join(found) if found else None


def fill(template: str, value: str, key: str, quote: Callable[[str], str]) -> str | None:
    """`template` with its % letters replaced; None if value or key lack what a letter asks for."""
    parts: list[str] = []
    position = 0
    while (percent := template.find("%", position)) >= 0:
        parts.append(template[position:percent])
        letter = template[percent + 1]
        position = percent + 2
        if letter == "%":
            parts.append("%")
            continue
        part = _part(letter, value, key)
        if part is None:
            return None
        parts.append(quote(part))
    return "".join(parts) + template[position:]


def _part(letter: str, value: str, key: str) -> str | None:
    source = key if letter.isupper() or letter.isdigit() else value
    if letter in "sS":
        return source
    local, at, domain = source.rpartition("@")
    if letter in "uU":
        return (local or None) if at else source
    if not at or not domain:
        return None
    if letter in "dD":
        return domain
    labels = [label for label in domain.split(".") if label]
    return labels[-int(letter)] if int(letter) <= len(labels) else None


def check(template: str, name: str) -> str:
    """`template`, or TableError if a % in it stands before something that has no meaning."""
    position = template.find("%")
    while position >= 0:
        if template[position + 1 : position + 2] not in LETTERS:
            raise TableError(f'{name}: invalid "%{template[position + 1 : position + 2]}" in "{template}"')
        position = template.find("%", position + 2)
    return template
