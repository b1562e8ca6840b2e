"""Pattern lists: hosts, domains, networks and tables in one setting, tried in order; the first that applies
decides.

    /file            stands for the elements in the file        type:name    a table: a hit applies
    !element         applies as "no match"                      anything     a literal, compared without case

    PatternList.open(parameter, words, warn, parents=...)     every file read, every table opened
    .match_text(text)                exactly this text: destinations, mechanisms, parameter names
    .match_host(name)                this host, or the domains above it
    .match_address(text)             this address, or a network that holds it
    .match_peer(name, address)       each element against the one, then the other
    .changed(), .broken, .size, .volatile   see `followed` and `table`
    parent_style(words, parameter)   whether example.com stands for what is below it, too

Nothing applies: False, so a list of exclusions alone matches nothing. A file or table that cannot be read
makes TableError of each match that comes to it: whether that defers or is passed over is the caller's to
say.
Source: match_list(3), match_ops(3); postconf(5), parent_domain_matches_subdomains.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fastsmtp.conf.lists import split_words
from fastsmtp.conf.maincf import logical_lines
from fastsmtp.errors import TableError
from fastsmtp.lookup.cidr import Network, address, contains, network
from fastsmtp.lookup.opening import open_table
from fastsmtp.lookup.rules import BadRule
from fastsmtp.lookup.table import Stamp, Surrogate, Table, fold, is_changed, read

Warn = Callable[[str], None]

NOTHING = 'expected a pattern after "!"'
FILE_DEPTH_LIMIT = 20  # a file that names itself would have no end
_ADDRESS_CHARACTERS = frozenset("0123456789abcdefABCDEF.:")


class Element:
    """One element: what it is compared with, and whether it says yes or no."""

    __slots__ = ("broken", "negated", "network", "table", "text")

    def __init__(
        self, text: str, *, negated: bool = False, table: Table | None = None, broken: str = ""
    ) -> None:
        self.text = text
        self.negated = negated
        self.table = table
        self.broken = broken  # why it cannot be asked; empty if it can
        self.network: Network | None = None

    def is_text(self, text: str) -> bool:
        if self.table is not None:
            return self.table.get(text) is not None
        return self.text == text

    def is_host(self, name: str, *, parents: bool) -> bool:
        if self.table is not None:
            return self._table_has_host(self.table, name, parents=parents)
        if self.text == name:
            return True
        if parents:
            return name.endswith(f".{self.text}")
        return self.text.startswith(".") and name.endswith(self.text) and len(name) > len(self.text)

    def is_address(self, text: str, found: tuple[int, int] | None) -> bool:
        if self.table is not None:
            return set(text) <= _ADDRESS_CHARACTERS and self.table.get(text) is not None
        return self.network is not None and found is not None and contains(self.network, found)

    def _table_has_host(self, table: Table, name: str, *, parents: bool) -> bool:
        if table.get(name) is not None:
            return True
        if not table.fixed:
            return False
        return any(table.get(key) is not None for key in parent_domains(name, bare=parents))


class PatternList:
    """The elements of one parameter, in order."""

    __slots__ = ("_elements", "_parents", "files", "parameter")

    def __init__(
        self, parameter: str, elements: Iterable[Element], files: Iterable[Stamp], *, parents: bool
    ) -> None:
        self.parameter = parameter
        self.files = tuple(files)
        self._elements = tuple(elements)
        self._parents = parents

    @classmethod
    def open(
        cls, parameter: str, words: Iterable[str], warn: Warn, *, parents: bool = False
    ) -> "PatternList":
        """The list that a setting holds. `warn` hears of what cannot be read; `parents`: see
        `parent_style`.
        """
        files: list[Stamp] = []
        elements = list(_elements(words, lambda text: warn(f"{parameter}: {text}"), files, 0))
        return cls(parameter, elements, files, parents=parents)

    def match_text(self, text: str) -> bool:
        key = fold(text)
        return self._first(lambda element: element.is_text(key))

    def match_host(self, name: str) -> bool:
        key = fold(name)
        return self._first(lambda element: element.is_host(key, parents=self._parents))

    def match_address(self, text: str) -> bool:
        found, key = address(text), fold(text)
        return self._first(lambda element: element.is_address(key, found))

    def match_peer(self, name: str, address_text: str) -> bool:
        host, key, found = fold(name), fold(address_text), address(address_text)
        return self._first(
            lambda element: element.is_host(host, parents=self._parents) or element.is_address(key, found)
        )

    def _first(self, applies: Callable[[Element], bool]) -> bool:
        """What the first element that applies says."""
        for element in self._elements:
            if element.broken:
                raise TableError(f"{self.parameter}: {element.broken}")
            if applies(element):
                return not element.negated
        return False

    def changed(self) -> bool:
        """Whether a file, or a file of a table, is another one now."""
        return is_changed(self.files) or any(
            element.table is not None and is_changed(element.table.files) for element in self._elements
        )

    @property
    def size(self) -> int:
        """Bytes of its files."""
        tables = [element.table.files for element in self._elements if element.table is not None]
        return sum(file.size for files in (self.files, *tables) for file in files)

    @property
    def broken(self) -> bool:
        """A file could not be read, or a table not be opened."""
        return any(element.broken or isinstance(element.table, Surrogate) for element in self._elements)

    @property
    def volatile(self) -> bool:
        """What matches may change while files stay."""
        return any(element.table is not None and element.table.volatile for element in self._elements)

    def __bool__(self) -> bool:
        return bool(self._elements)


def parent_style(words: Iterable[str], parameter: str) -> bool:
    """Whether `parameter` is in `words`, the value of parent_domain_matches_subdomains."""
    return PatternList.open("parent_domain_matches_subdomains", words, lambda _: None).match_text(parameter)


def parent_domains(name: str, *, bare: bool) -> Iterator[str]:
    """The domains above a host: `.b.c` and `.c` of a.b.c, or `b.c` and `c` if `bare`."""
    position = name.find(".", 1)
    while position >= 0:
        yield name[position + 1 :] if bare else name[position:]
        position = name.find(".", position + 1)


def _elements(words: Iterable[str], warn: Warn, files: list[Stamp], depth: int) -> Iterator[Element]:
    for word in words:
        text = word.lstrip("!")
        negated = (len(word) - len(text)) % 2 == 1
        if text.startswith("/"):
            for element in _file_elements(text, warn, files, depth + 1):
                element.negated ^= negated and not element.broken
                yield element
        elif not text:
            warn(NOTHING)
            yield Element(word, broken=NOTHING)
        elif ":" in text and not text.startswith("["):
            yield Element(text, negated=negated, table=open_table(text, warn))
        else:
            element = Element(fold(text), negated=negated)
            _look_for_network(element, warn)
            yield element


def _file_elements(name: str, warn: Warn, files: list[Stamp], depth: int) -> list[Element]:
    """The elements of a file; one that is broken if it cannot be read."""
    try:
        if depth > FILE_DEPTH_LIMIT:
            raise TableError(f"{name}: files name each other more than {FILE_DEPTH_LIMIT} deep")
        data, stamp = read(Path(name))
    except TableError as error:
        warn(str(error))
        return [Element(name, broken=str(error))]
    files.append(stamp)
    found: list[Element] = []
    for _, line in logical_lines(data.decode("utf-8", "surrogateescape")):
        found.extend(_elements(split_words(line), warn, files, depth))
    return found


def _look_for_network(element: Element, warn: Warn) -> None:
    """Read a literal as address or network where it looks like one; a bad mask breaks the element."""
    bare = element.text.replace("[", "", 1).replace("]", "", 1)
    if not set(bare) <= _ADDRESS_CHARACTERS | {"/"}:
        return
    if address(bare.partition("/")[0]) is None:
        return  # a name like "cafe", which is no address
    try:
        element.network = network(element.text)
    except BadRule as error:
        warn(str(error))
        element.broken = str(error)
