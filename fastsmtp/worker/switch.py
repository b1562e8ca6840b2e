"""Which way mail goes: recipient and sender to transport and next-hop, by the tables of main.cf.

    switch.way(address, domain, sender)    a Way; TableError or Pending where a table has no answer
    switch.by_domain                       the domain alone decides, for one sender
    switch.look(now)                       now and then: reads tables anew that have changed

The strongest first: transport_maps; a next-hop that relay_transport, default_transport or
sender_dependent_default_transport_maps names; sender_dependent_relayhost_maps; relayhost; the recipient's
domain. Loaded only where main.cf asks for one of these.
Source: Postfix trivial-rewrite(8), transport(5); spec: config, 9.1 and 9.2; parameters, 2.5.
"""

from collections.abc import Callable
from typing import NamedTuple

from fastsmtp.lookup.followed import Followed
from fastsmtp.lookup.keys import email_keys, find, transport_keys
from fastsmtp.lookup.maps import Maps
from fastsmtp.lookup.pattern_list import PatternList
from fastsmtp.mail.destination import Destination
from fastsmtp.worker.apart import apart
from fastsmtp.worker.routing import split
from fastsmtp.worker.switch_rules import SwitchRules

DUNNO = "DUNNO"

Warn = Callable[[str], None]


class Way(NamedTuple):
    """Where mail goes."""

    destination: Destination
    relayed: bool = False  # the next-hop is a relayhost: that it does not exist is our fault


class Switch:
    """The tables, open."""

    def __init__(self, rules: SwitchRules, warn: Warn) -> None:
        self._rules = rules
        self._warn = warn
        self._transports = self._followed("transport_maps", rules.transport_maps)
        self._sender_relays = self._followed("sender_dependent_relayhost_maps", rules.sender_relayhost_maps)
        self._sender_transports = self._followed(
            "sender_dependent_default_transport_maps", rules.sender_transport_maps
        )
        self._relay_domains = Followed(
            lambda: PatternList.open(
                "relay_domains", rules.relay_domains, warn, parents=rules.bare_relay_parents
            )
        )
        self._local = PatternList.open("mydestination", rules.local_domains, warn)
        self.by_domain = not rules.transport_maps

    def _followed(self, parameter: str, words: tuple[str, ...]) -> Followed[Maps]:
        return Followed(lambda: Maps.open(parameter, words, self._warn), apart)

    def look(self, now: float) -> None:
        """`now`: any clock in seconds."""
        for table in (self._transports, self._sender_relays, self._sender_transports):
            table.look(now)
        self._relay_domains.look(now)

    def way(self, address: str, domain: str, sender: str) -> Way:
        """`address` in quoted form, `domain` its A-labels in lower case; a sender "" is the null sender."""
        way = self._usual(domain, sender)
        if not self._rules.transport_maps:
            return way
        keys = transport_keys(address, self._rules.delimiter, bare=self._rules.bare_transport_parents)
        hit = find(self._transports.now, keys)
        if hit is None:
            return way
        transport, nexthop = split(hit[1])
        if transport:
            return Way(Destination(transport, nexthop or domain))
        return Way(Destination(way.destination.transport, nexthop)) if nexthop else way

    def _usual(self, domain: str, sender: str) -> Way:
        """What holds where transport_maps says nothing."""
        rules = self._rules
        if rules.relay_domains and self._relay_domains.now.match_host(domain):
            transport, nexthop = rules.relay_transport
        else:
            named = self._of_sender(self._sender_transports.now, sender, rules.null_transport_key)
            transport, nexthop = split(named) if named else rules.default_transport
        if nexthop:
            return Way(Destination(transport, nexthop))
        relay = self._of_sender(self._sender_relays.now, sender, rules.null_relayhost_key)
        relay = " ".join(relay.replace(",", " ").split()).lower() if relay else rules.relayhost
        if relay:
            return Way(Destination(transport, relay), relayed=True)
        return Way(Destination(transport, domain))

    def _of_sender(self, maps: Maps, sender: str, null_key: str) -> str:
        """What a table says of the sender; "" where that is nothing, or DUNNO."""
        if not maps:
            return ""
        hit = find(maps, email_keys(sender or null_key, self._rules.delimiter, self._is_local))
        return hit[1] if hit is not None and hit[1].upper() != DUNNO else ""

    def _is_local(self, domain: str) -> bool:
        return domain.lower() == self._rules.origin.lower() or self._local.match_host(domain)
