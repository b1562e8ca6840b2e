"""`fastsmtp lookup`: asks a lookup table, as `postmap -q` does, or lists it, as `postmap -s` does.

Source: postmap(1), -q, -s and -f; the exit status too.
"""

import asyncio
import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import click

from fastsmtp.cli.options import load_settings, say, settings_options, warn
from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.lookup.table import Table
from fastsmtp.remote.rules import AnswerRules
from fastsmtp.worker.asking import answer_rules

FOUND, NOT_FOUND = 0, 1
STDIN = "-"  # in place of a key: a key a line, as postmap has it
LINES_AT_ONCE = 500

Found = str | TableError | None
AskEach = Callable[[Sequence[str]], list[Found]]


@settings_options
@click.command("lookup", short_help="Ask a lookup table, as postmap -q does.")
@click.option("-f", "exact", is_flag=True, help="Do not fold the case of the key where the table would.")
@click.option("-s", "lists", is_flag=True, help="Print all keys and results of a table that is a file.")
@click.argument("table", metavar="TYPE:NAME")
@click.argument("key", required=False)
def command(
    *, config: Path | None, overrides: Sequence[str], exact: bool, lists: bool, table: str, key: str | None
) -> int:
    """Print what the table TYPE:NAME holds for KEY.

    KEY may be `-`: then each line of stdin is a key, and what is found is printed as KEY, tab, result.
    Settings matter to tables that ask a server alone: lookup_time_limit and the like.

    \b
    Exit status:
       0  found; with `-`, at least one key was
       1  not found, or the table cannot answer: then a line on stderr says why
    """
    if lists != (key is None):
        raise click.UsageError("expected TYPE:NAME and a KEY, or -s and TYPE:NAME")
    try:
        opened = open_strictly(table, warn, fold=not exact)
        if key is None:
            return _list(opened)
        ask = partial(_ask, opened, config, overrides)
        return _tell_each(table, ask) if key == STDIN else _tell(table, key, ask([key])[0], "")
    except TableError as error:
        raise click.ClickException(f"table {table}: {error}") from None


def _ask(table: Table, config: Path | None, overrides: Sequence[str], keys: Sequence[str]) -> list[Found]:
    """What the table says to each of `keys`, from its servers where it asks some."""
    try:
        return [_outcome(table, key) for key in keys]
    except Pending:
        return asyncio.run(_fetch(table, answer_rules(load_settings(config, overrides)), keys))


async def _fetch(table: Table, rules: AnswerRules, keys: Sequence[str]) -> list[Found]:
    answers = importlib.import_module("fastsmtp.remote.answers").Answers(rules)
    try:
        await answers.settle_each(table.get, keys)
        return [_outcome(table, key) for key in keys]
    finally:
        await answers.close()


def _outcome(table: Table, key: str) -> Found:
    try:
        return table.get(key)
    except TableError as error:
        return error


def _tell(table: str, key: str, found: Found, before: str) -> int:
    """Prints what was found, after `before`; the exit status."""
    if isinstance(found, TableError):
        raise found
    if found is None:
        return NOT_FOUND
    if not found:
        warn(f"table {table}: key {key}: an empty result is not allowed: mail that needs it is deferred")
    say(before + found)
    return FOUND


def _tell_each(table: str, ask: AskEach) -> int:
    """Keys from stdin; an error ends it."""
    status = NOT_FOUND
    for keys in _pages():
        for key, found in zip(keys, ask(keys), strict=True):
            status &= _tell(table, key, found, f"{key}\t")
    return status


def _pages() -> Iterator[list[str]]:
    """The lines of stdin."""
    with click.open_file("-", encoding="utf-8", errors="surrogateescape") as lines:
        while page := [line.rstrip("\n") for line in islice(lines, LINES_AT_ONCE)]:
            yield page


def _list(table: Table) -> int:
    for key, value in table.items():
        say(f"{key}\t{value}")
    return FOUND
