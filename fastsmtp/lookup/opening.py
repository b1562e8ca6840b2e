"""Opening a table by its reference `type:name`.

    open_table(text, warn, fold=True)     the table; a Surrogate, and a warning, if it cannot be opened
    TYPES                                 every type, and the module that knows it; imported when it is used

proxy: names the table after it. Types that ask a server raise Pending until somebody with a loop has fetched
the answer: this room has none.
Source: DATABASE_README; postmap(1).
"""

import importlib
from collections.abc import Callable

from fastsmtp.errors import TableError
from fastsmtp.lookup.table import Opening, Surrogate, Table

TYPES = {
    "btree": "indexed",
    "cdb": "indexed",
    "cidr": "cidr",
    "dbm": "indexed",
    "fail": "fail",
    "hash": "indexed",
    "inline": "inline",
    "ldap": "ldap",
    "lmdb": "indexed",
    "memcache": "memcache",
    "mysql": "sql",
    "pcre": "pcre",
    "pgsql": "sql",
    "pipemap": "pipemap",
    "randmap": "randmap",
    "regexp": "regexp",
    "sdbm": "indexed",
    "socketmap": "socketmap",
    "sqlite": "sqlite",
    "static": "static",
    "tcp": "tcp",
    "texthash": "texthash",
    "unionmap": "unionmap",
}
PROXY = "proxy:"


def open_table(text: str, warn: Callable[[str], None], *, fold: bool = True) -> Table:
    """The table `text` names. `warn` hears of faulty lines, and why a table cannot be used."""
    try:
        return open_strictly(text, warn, fold=fold)
    except TableError as error:
        warn(f"{text} is unavailable: {error}")
        return Surrogate(text, str(error))


def open_strictly(text: str, warn: Callable[[str], None], *, fold: bool = True) -> Table:
    """The same, but TableError if it cannot be opened."""
    while text.startswith(PROXY):
        text = text[len(PROXY) :]
    kind, colon, name = text.partition(":")
    if not colon or not name:
        raise TableError(f'expected "type:name" instead of "{text}"')
    module = TYPES.get(kind)
    if module is None:
        raise TableError(f"unsupported dictionary type: {kind}")
    opener = importlib.import_module(f"fastsmtp.lookup.{module}").opener

    def part(inner: str) -> Table:
        return open_strictly(inner, warn, fold=fold)

    table: Table = opener(text, name, Opening(fold, warn, part))
    return table
