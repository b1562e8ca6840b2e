"""`fastsmtp lookup`: asks a lookup table, as `postmap -q` does.

Source: postmap(1), -q; the exit status too.
"""

import click

from fastsmtp.cli.options import say, warn
from fastsmtp.errors import TableError
from fastsmtp.lookup.opening import open_strictly

NOT_FOUND = 1


@click.command("lookup", short_help="Ask a lookup table, as postmap -q does.")
@click.option("-f", "exact", is_flag=True, help="Do not fold the case of the key where the table would.")
@click.argument("table", metavar="TYPE:NAME")
@click.argument("key")
def command(*, exact: bool, table: str, key: str) -> int:
    """Print what the table TYPE:NAME holds for KEY.

    \b
    Exit status:
       0  found
       1  not found, or the table cannot answer: then a line on stderr says why
    """
    try:
        found = open_strictly(table, warn, fold=not exact).get(key)
    except TableError as error:
        raise click.ClickException(f"table {table}: {error}") from None
    if found is None:
        return NOT_FOUND
    if not found:
        warn(f"table {table}: key {key}: an empty result is not allowed: mail that needs it is deferred")
    say(found)
    return 0
