"""Addresses as they shall be seen outside: smtp_generic_maps.

    generic = Generic(rules, warn)
    generic.find(address)     its replacement; None: it stays; TableError: nobody knows, nothing may be sent
    generic.changed(now)      now and then: whether tables were read anew, or may have other answers now, so
                              that what was made with the earlier ones is to be made again
Addresses come in and go out in quoted form. A result `@domain` keeps the local part; a name without a domain
is at $myorigin; a result is not looked up again. The null sender is nobody's.
What is found is remembered, so that an address that stands in each message is looked up once; what a database
or a server says, for MEMORY_TIME. A server's answer that is not at hand is Pending.
Source: generic(5), mail_addr_map(3), mail_addr_find(3); smtp_generic_maps, recipient_delimiter,
propagate_unmatched_extensions, myorigin, mydestination (spec: content, 6; config, 9.1).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from fastsmtp.errors import TableError
from fastsmtp.lookup.followed import Apart, Followed
from fastsmtp.lookup.keys import email_keys, find, spellings, split_extension
from fastsmtp.lookup.maps import Maps
from fastsmtp.lookup.pattern_list import PatternList
from fastsmtp.lookup.table import fold
from fastsmtp.mail.address import quote
from fastsmtp.mail.address_list import parse

PARAMETER = "smtp_generic_maps"
MEMORY_TIME = 10.0  # seconds; spec: config, 10, asks for 60 at most until a change counts
MEMORY_LIMIT = 10_000  # addresses remembered; then all are forgotten

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")

Warn = Callable[[str], None]


class GenericRules(NamedTuple):
    """The settings that matter here."""

    tables: tuple[str, ...]
    delimiter: str
    propagates: bool  # an extension that the lookup did not use is added to the result
    origin: str
    destinations: tuple[str, ...]


class Generic:
    """The tables, open."""

    def __init__(self, rules: GenericRules, warn: Warn, apart: Apart | None = None) -> None:
        """`apart`: see Followed."""
        self._rules = rules
        self._warn = warn
        self._origin = fold(rules.origin)
        self._maps = Followed(lambda: Maps.open(PARAMETER, rules.tables, warn), apart)
        self._destinations = Followed(
            lambda: PatternList.open("mydestination", rules.destinations, warn), apart
        )
        self._known: dict[str, str | None] = {}
        self._forget_at = 0.0

    @property
    def volatile(self) -> bool:
        """Its answers come from a database or a server, at least in part."""
        return self._maps.now.volatile or self._destinations.now.volatile

    def changed(self, now: float) -> bool:
        """`now`: any clock in seconds."""
        opened = self._maps.look(now)
        opened = self._destinations.look(now) or opened
        if not opened and not (self.volatile and now >= self._forget_at):
            return False
        first, self._forget_at = not self._forget_at, now + MEMORY_TIME
        self._known.clear()
        return opened or not first

    def find(self, address: str) -> str | None:
        """Its replacement, if the tables name one."""
        if not address:
            return None
        try:
            return self._known[address]
        except KeyError:
            found = self._look_up(address)
        if len(self._known) >= MEMORY_LIMIT:
            self._known.clear()
        self._known[address] = found
        return found

    def _is_local(self, domain: str) -> bool:
        return fold(domain) == self._origin or self._destinations.now.match_host(domain)

    def _look_up(self, address: str) -> str | None:
        hit = find(self._maps.now, email_keys(address, self._rules.delimiter, self._is_local))
        if hit is None:
            return None
        key, result = hit
        if not result.isprintable() and _CONTROL.search(result):
            raise TableError(f'{PARAMETER}: lookup of "{address}" gives control characters: {result!r}')
        quoted, at, domain = address.rpartition("@")
        local = spellings(quoted if at else address)[-1]
        user, extension = split_extension(local, self._rules.delimiter)
        key_local, key_at, _ = key.text.rpartition("@")
        is_partial = bool(extension) and spellings(key_local if key_at else key.text)[-1] == user
        if result.startswith("@"):
            local, domain = user if is_partial else local, result[1:]
        else:
            local, domain = self._first(address, result)
        if is_partial and self._rules.propagates:
            local += spellings(quoted if at else address)[-1][len(user) :]
        return quote(local, domain)

    def _first(self, address: str, result: str) -> tuple[str, str]:
        """The address in `result`, complete: local part, without quotes, and domain."""
        listed = parse(result)
        found = listed.addresses if listed is not None else []
        if not found:
            raise TableError(f'{PARAMETER}: lookup of "{address}" gives no address: {result!r}')
        if len(found) > 1:
            self._warn(f"multi-valued {PARAMETER} result for {address}")
        local, at, domain = found[0].rpartition("@")
        return (local, domain) if at else (domain, self._rules.origin)
