"""ldap:FILE: attributes of entries in a directory, searched for as the client file FILE says.

    server_host, server_port    ldap://, ldaps:// or ldapi:// URLs, or hosts; localhost, 389
    search_base, scope          where; % letters as in `query`, quoted for a DN; sub, one or base
    query_filter                what; (mailacceptinggeneralid=%s)
    result_attribute            whose values are the result; maildrop
    special_result_attribute    values that are DNs or LDAP URLs: what these lead to counts in their place
    leaf_result_attribute       counts in entries without special attributes alone
    terminal_result_attribute   where an entry has one, nothing else of it counts
    recursion_limit, size_limit, expansion_limit, domain, result_format
    bind, bind_dn, bind_pw      yes and no; the password is shown nowhere
    timeout                     seconds, 10: for connecting and for each search
    start_tls, tls_ca_cert_file, tls_ca_cert_dir, tls_cert, tls_key, tls_require_cert
    chase_referrals             no

    table.searches(key)         a generator: yields each Search, is sent its entries, returns the answer

Protocol version 3 is always spoken. Not supported: bind = sasl, dereference.
Source: ldap_table(5), dict_ldap(3); RFC 4514 and RFC 4515 for quoting.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from fastsmtp.conf.lists import split_words
from fastsmtp.errors import TableError
from fastsmtp.lookup.client import Client, check, fill
from fastsmtp.lookup.remote import Manners, Remote, require
from fastsmtp.lookup.table import Opening, Table

SCOPES = ("sub", "one", "base")
EVERY_ENTRY = "(objectClass=*)"
UNSUPPORTED = {"bind": ("yes", "no"), "dereference": ("0",), "chase_referrals": ("yes", "no")}

Entry = Mapping[str, Sequence[str]]  # attribute -> values, in the server's order


class Search(NamedTuple):
    base: str
    scope: str
    filter: str


Searches = Generator[Search, Sequence[Entry], None]


class Attributes(NamedTuple):
    """Names in lower case."""

    terminal: tuple[str, ...]
    leaf: tuple[str, ...]
    plain: tuple[str, ...]
    special: tuple[str, ...]


class LDAP(Remote):
    """A search in one of several servers that hold the same entries."""

    __slots__ = ("_attributes", "_client", "_recursion_limit", "_search_base", "scope", "size_limit")

    def __init__(self, reference: str, hosts: tuple[str, ...], client: Client, opening: Opening) -> None:
        limit = float(client.number("timeout", 10))
        super().__init__(
            reference,
            "ldap",
            hosts,
            Manners(time_limit=limit),
            fixed=True,
            folded=opening.fold,
            files=(client.file,),
        )
        self._client = client
        self._search_base = check(client.text("search_base"), "search_base")
        self.scope = client.choice("scope", SCOPES)
        self._attributes = Attributes(
            split_words(client.text("terminal_result_attribute").lower()),
            split_words(client.text("leaf_result_attribute").lower()),
            split_words(client.text("result_attribute", "maildrop").lower()),
            split_words(client.text("special_result_attribute").lower()),
        )
        self._recursion_limit = client.number("recursion_limit", 1000)
        self.size_limit = client.number("size_limit", client.number("expansion_limit", 0))

    @property
    def attributes(self) -> tuple[str, ...]:
        """All that a search asks for."""
        return tuple(name for names in self._attributes for name in names)

    def text(self, name: str, default: str = "") -> str:
        """A value of the client file, for whoever connects."""
        return self._client.text(name, default)

    def asks(self, key: str) -> bool:
        return self._first(key) is not None

    def _first(self, key: str) -> Search | None:
        question = self._client.question(key, quote_filter)
        base = fill(self._search_base, key, key, quote_dn)
        return None if question is None or base is None else Search(base, self.scope, question)

    def searches(self, key: str) -> Generator[Search, Sequence[Entry], str | None]:
        """The searches that lead to the answer, one after another."""
        first = self._first(key)
        if first is None:
            return None
        values: list[str] = []
        yield from self._collect((yield first), values, 0)
        return self._client.answer(key, values)

    def _collect(self, entries: Sequence[Entry], values: list[str], depth: int) -> Searches:
        """Adds what counts of `entries` to `values`."""
        terminal, leaf, _, special = self._attributes
        for raw in entries:
            entry = {name.lower(): found for name, found in raw.items() if found}
            is_terminal = any(name in entry for name in terminal)
            is_leaf = not any(name in entry for name in special)
            for name, found in entry.items():
                if is_terminal:
                    values += found if name in terminal else ()
                elif name in special and name not in self._attributes.plain:
                    yield from self._follow(found, values, depth)
                elif name not in leaf or is_leaf:
                    values += found

    def _follow(self, places: Sequence[str], values: list[str], depth: int) -> Searches:
        """What the entries count for that DNs and URLs lead to."""
        if depth >= self._recursion_limit:
            raise TableError(f"{self.name}: recursion_limit = {self._recursion_limit} is exceeded")
        for place in places:
            yield from self._collect((yield _search(place)), values, depth + 1)


def _search(place: str) -> Search:
    """A special value: a DN, or ldap://host/DN?attributes?scope?filter, whose host does not matter."""
    if not place.lower().startswith(("ldap://", "ldaps://", "ldapi://")):
        return Search(place, "base", EVERY_ENTRY)
    path = place.partition("://")[2].partition("/")[2]
    base, _, scope, filter_, *_ = (*(unquote(part) for part in path.split("?")), "", "", "", "")
    return Search(base, scope if scope in SCOPES else "base", filter_ or EVERY_ENTRY)


def quote_filter(text: str) -> str:
    """`text` for use as a value in a filter."""
    return "".join(f"\\{ord(each):02x}" if each in "*()\\\0" else each for each in text)


def quote_dn(text: str) -> str:
    """`text` for use as a value in a DN."""
    last = len(text) - 1
    parts = []
    for at, each in enumerate(text):
        edge = (each == " " and at in (0, last)) or (each == "#" and at == 0)
        parts.append("\\00" if each == "\0" else f"\\{each}" if edge or each in ',+"\\<>;=' else each)
    return "".join(parts)


def _hosts(text: Callable[[str, str], str]) -> tuple[str, ...]:
    """URLs of the servers."""
    port = text("server_port", "389")
    return tuple(
        word if "://" in word else f"ldap://{word}" if ":" in word else f"ldap://{word}:{port}"
        for word in split_words(text("server_host", "localhost"))
    )


def opener(reference: str, name: str, opening: Opening) -> Table:
    require("bonsai", "ldap")
    client = Client.read(Path(name), opening, query="query_filter", default_query=_default_filter)
    for parameter, values in UNSUPPORTED.items():
        client.choice(parameter, values)
    return LDAP(reference, _hosts(client.text), client, opening)


def _default_filter(text: Callable[[str], str]) -> str:
    return "(mailacceptinggeneralid=%s)"
