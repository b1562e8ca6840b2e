"""Which parameters nothing reads yet: found by looking for their names in the package's own sources.

    unread()     the rows that no module outside this room asks for, in the order of the table
A parameter is read when a module that has settings in its hands names it, as a text of its own and not in a
sentence; when the default of one that is read refers to it; or when it is another name of one that is read.
Rows that are only accepted say so themselves and are left out. This is for `fastsmtp conf --unused` and for
the tests that keep the list shrinking; nothing on the way of a message uses it.

A name can stand in the code and change nothing all the same: that what is read here is also heeded is proved
parameter by parameter in tests/unit/parameters.
Source: ours.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from fastsmtp.conf.expand import references
from fastsmtp.conf.parameter import P
from fastsmtp.conf.table import PARAMETERS
from fastsmtp.conf.table_queue import PER_TRANSPORT

PACKAGE = Path(__file__).parent.parent
NAMES_WITHOUT_READING = "unbuilt.py"  # what a run says to settings whose part is still to be built
READ_HERE = frozenset({"compatibility_level"})  # by Settings themselves, in choosing defaults
IN_HAND = frozenset({"settings", "Settings"})


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
    """What modules outside this room that have settings in their hands have as a text, or as its end."""
    words: set[str] = set(READ_HERE)
    for file in PACKAGE.rglob("*.py"):
        if Path(__file__).parent in file.parents or file.parent.name == "cli":
            continue
        if file.name != NAMES_WITHOUT_READING:
            tree = ast.parse(file.read_text())
            if any(isinstance(node, ast.Name) and node.id in IN_HAND for node in ast.walk(tree)):
                words.update(_texts(tree))
    return words


def _texts(tree: ast.Module) -> Iterator[str]:
    """Every text of a module; of one that is put together, its end."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.Constant):
            yield str(node.values[-1].value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
