"""Which parameters nothing reads yet: found by looking for their names in the package's own sources.

    unread()     the rows that no module outside this room asks for, in the order of the table
A parameter is read when a module names it, when the default of one that is read refers to it, or when it is
another name of one that is read. Rows that are only accepted say so themselves and are left out. This is for
`fastsmtp conf --unused` and for the test that keeps the list shrinking; nothing on the way of a message uses
it.
Source: ours.
"""

import re
from pathlib import Path

from fastsmtp.conf.expand import references
from fastsmtp.conf.parameter import P
from fastsmtp.conf.table import PARAMETERS
from fastsmtp.conf.table_queue import PER_TRANSPORT

PACKAGE = Path(__file__).parent.parent
NAMES_WITHOUT_READING = "unbuilt.py"  # what a run says to settings whose part is still to be built
_WORDS = re.compile(r"""["'{}_]([A-Za-z0-9_]+)["']""")  # "name", and the end of f"{transport}_name"


def unread() -> list[P]:
    """The rows that nothing asks for."""
    named = _named()
    for suffix in PER_TRANSPORT:
        if f"_{suffix}" in named:
            named |= {name for name in PARAMETERS if name.endswith(f"_{suffix}")}
    read: set[str] = set()
    found = named & PARAMETERS.keys()
    while found:
        read |= found
        rows = [PARAMETERS[name] for name in found]
        behind = {name for row in rows for name in (*row.aliases, *references(row.default))}
        found = (behind & PARAMETERS.keys()) - read
    return [row for row in PARAMETERS.values() if not (row.name in read or row.accepted or row.fixed)]


def _named() -> set[str]:
    """Every word that a module outside this room has as a string, or as the end of one."""
    words: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        if Path(__file__).parent in file.parents or file.parent.name == "cli":
            continue
        if file.name != NAMES_WITHOUT_READING:
            words.update(_WORDS.findall(file.read_text()))
    return words
