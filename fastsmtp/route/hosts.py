"""The hosts of a next-hop in the order they are tried, site by site.

    router.sites(nexthop)              its sites and those of the fallback relay behind them
    await router.hosts(nexthop, n)     [Host, ...] of site number n, best preference first
    router.expect(nexthop, found)      it is about to be asked for: looks ahead, and calls `found` then

MX hosts by preference, shuffled among equals (smtp_randomize_addresses); the domain itself where it has no
MX; a bracketed or numeric next-hop as it is; SRV records for services in use_srv_lookup. Mail never goes to
this machine, nor to a host that is no nearer to its domain than this machine is.

Raises LookupFailure with the status of those who wait for it. A relay that cannot be found is a fault of the
configuration, never the recipients'.
Does not connect, and does not count attempts.
Source: RFC 5321 5.1, RFC 7505; Postfix smtp_addr(3), smtp_connect(3); spec: routing, 1 to 3, 5.2.
"""

import asyncio
from collections.abc import Callable, Collection
from types import MappingProxyType
from typing import Final, NamedTuple

from fastsmtp.mail.destination import Host
from fastsmtp.route import failure
from fastsmtp.route.failure import LookupFailure
from fastsmtp.route.nexthop import NexthopError, Ports, Site, is_address, parse_site, split_sites
from fastsmtp.route.order import OrderRules, arranged, drawn
from fastsmtp.route.own import OwnAddresses
from fastsmtp.route.resolver import Resolver, unheard

NULL_MX: Final = "5.1.0"
BAD_NEXTHOP: Final = "4.3.5"
NO_PRIMARY: Final = "4.4.4"
LOOP_PORT: Final = 25  # elsewhere an own address may well be another program
TLS_PORT: Final = 465
HOSTS_LIMIT: Final = 100  # addresses of one site (Postfix's dns_rr_list_limit)
SITES_LIMIT: Final = 10_000  # next-hops whose sites are remembered
AHEAD_LIMIT: Final = 5000  # next-hops that were looked up and wait for the delivery that asks
AHEAD_TIME: Final = 5.0  # seconds that what was found so is good for: also where a TTL is shorter


class RouteRules(NamedTuple):
    """What is configured about next-hops and MX records."""

    port: int  # smtp_tcp_port
    order: OrderRules
    ignores_mx_failure: bool  # ignore_mx_lookup_error
    waits_for_mx_address: bool  # smtp_defer_if_no_mx_address_found
    relay: str = ""  # relayhost
    fallback: str = ""  # smtp_fallback_relay
    cname_names: bool = False  # smtp_cname_overrides_servername
    services: frozenset[str] = frozenset()  # use_srv_lookup
    ignores_srv_failure: bool = False  # ignore_srv_lookup_error
    leaves_srv: bool = False  # allow_srv_lookup_fallback
    interfaces: tuple[str, ...] = ()  # inet_interfaces, by address
    proxies: tuple[str, ...] = ()  # proxy_interfaces
    ports: Ports = MappingProxyType({})  # known_tcp_ports


class Router:
    """Next-hops to hosts, for one worker."""

    def __init__(
        self,
        rules: RouteRules,
        resolver: Resolver,
        warn: Callable[[str], None] = unheard,
        relays: Collection[str] = (),
    ) -> None:
        """`relays`: next-hops that tables name in place of relayhost; it may grow."""
        self._rules = rules
        self._resolver = resolver
        self._warn = warn
        self._own = OwnAddresses(rules.interfaces, rules.proxies)
        self._sites: dict[str, tuple[Site, ...]] = {}
        self._relays = relays
        self._looking: set[asyncio.Task[None]] = set()
        self._ahead: dict[str, tuple[float, list[Host] | LookupFailure]] = {}  # good until then

    def is_relay(self, nexthop: str) -> bool:
        """It comes from relayhost, or from a table in its place."""
        return nexthop == self._rules.relay or nexthop in self._relays

    def sites(self, nexthop: str) -> tuple[Site, ...]:
        """In the order to try. LookupFailure where one cannot be read: then none is used."""
        found = self._sites.get(nexthop)
        if found is None:
            found = self._read_sites(nexthop)
            if len(self._sites) >= SITES_LIMIT:
                self._sites.clear()
            self._sites[nexthop] = found
        return found

    def _read_sites(self, nexthop: str) -> tuple[Site, ...]:
        rules = self._rules
        found: list[Site] = []
        try:
            found += [parse_site(text, rules.port, rules.ports) for text in split_sites(nexthop)]
            if not found:
                raise NexthopError(f'empty next-hop "{nexthop}"')
            primaries = len(found)
            found += [parse_site(text, rules.port, rules.ports) for text in split_sites(rules.fallback)]
        except NexthopError as error:
            self._warn(str(error))
            raise LookupFailure(BAD_NEXTHOP, str(error)) from None
        for site in found:
            if site.port == TLS_PORT:
                self._warn(
                    f"{site.text}: port {TLS_PORT} expects TLS from the first byte (smtp_tls_wrappermode)"
                )
        return (
            *found[:primaries],
            *(site._replace(fallback=True) for site in found[primaries:]),
        )

    async def hosts(self, nexthop: str, number: int = 0) -> list[Host]:
        """The hosts of one site; never none."""
        site = self.sites(nexthop)[number]
        try:
            found = (number == 0 and self._take_ahead(nexthop)) or await self._site_hosts(site)
            return found if number == 0 else [host._replace(site=number) for host in found]
        except LookupFailure as error:
            relay = "smtp_fallback_relay" if site.fallback else "relayhost" if self.is_relay(nexthop) else ""
            if relay and not error.soft:
                self._warn(f"{relay} configuration problem: {error.text}")
                raise LookupFailure(BAD_NEXTHOP, error.text, error.kind) from None
            raise

    def expect(self, nexthop: str, found: Callable[[], None]) -> bool:
        """Looks its first site up, so that the answers, or that there are none, are at hand when a delivery
        asks; then calls `found`. False: there is nothing to look up, and nothing to wait for.
        """
        try:
            site = self.sites(nexthop)[0]
        except LookupFailure:
            return False  # whoever asks hears of it
        if is_address(site.host) or not self._resolver.dns_enabled:
            return False
        task = asyncio.get_running_loop().create_task(self._look_ahead(nexthop, site, found))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)
        return True

    async def _look_ahead(self, nexthop: str, site: Site, found: Callable[[], None]) -> None:
        hosts: list[Host] | LookupFailure
        try:
            hosts = await self._site_hosts(site)
        except LookupFailure as error:
            hosts = error
        self._ahead[nexthop] = asyncio.get_running_loop().time() + AHEAD_TIME, hosts
        if len(self._ahead) > AHEAD_LIMIT:
            del self._ahead[next(iter(self._ahead))]
        found()

    def _take_ahead(self, nexthop: str) -> list[Host] | None:
        """What was found ahead: for the first delivery that asks, since the next one is to draw its own order
        of hosts. LookupFailure.
        """
        good_until, found = self._ahead.pop(nexthop, (0.0, None))
        if found is None or good_until < asyncio.get_running_loop().time():
            return None
        if isinstance(found, LookupFailure):
            raise found
        return found

    def close(self) -> None:
        """Nothing is looked up ahead any more."""
        for task in list(self._looking):
            task.cancel()

    # One site

    async def _site_hosts(self, site: Site) -> list[Host]:
        if is_address(site.host) or site.literal or not self._resolver.dns_enabled:
            return await self._address_hosts(site)
        if site.service in self._rules.services:
            found = await self._service_hosts(site)
            if found is not None:
                return found
        try:
            exchangers = await self._resolver.mail_exchangers(site.host)
        except LookupFailure as error:
            if not self._rules.ignores_mx_failure or error.kind == failure.POLICY:
                raise
            exchangers = []
        if not exchangers:
            return await self._address_hosts(site)
        if any(host == "." for _, host in exchangers):
            raise LookupFailure(NULL_MX, f"Domain {site.host} does not accept mail (nullMX)")
        return await self._exchanger_hosts(site, sorted(exchangers, key=lambda each: each[0]))

    async def _address_hosts(self, site: Site) -> list[Host]:
        """Of a host, or of a domain without MX records."""
        found = await self._named(site.host, site.port, 0)
        if site.port == LOOP_PORT and any(host.address in self._own for host in found):
            raise _loop(site)
        return self._arranged(found, by_mx=False)

    async def _exchanger_hosts(self, site: Site, exchangers: list[tuple[int, str]]) -> list[Host]:
        """Of MX records, by preference."""
        found: list[Host] = []
        failed: LookupFailure | None = None
        for answer in await self._each_named(site.port, exchangers):
            if isinstance(answer, LookupFailure):
                # A temporary failure of any host is sticky; the text is that of the last one.
                failed = answer.softened() if failed is not None and failed.soft else answer
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += answer
        if not found:
            assert failed is not None
            self._warn(f"no MX host for {site.host} has a valid address record")
            raise failed.softened() if self._rules.waits_for_mx_address else failed
        if len(found) > HOSTS_LIMIT:
            self._warn(f"{site.host}: more than {HOSTS_LIMIT} addresses of MX hosts: the others are dropped")
            del found[HOSTS_LIMIT:]
        found = self._nearer(site, exchangers[0][0], found)
        return self._arranged(found, by_mx=True)

    def _nearer(self, site: Site, best: int, found: list[Host]) -> list[Host]:
        """The hosts nearer to the domain than this machine, if it is one of them."""
        if site.port != LOOP_PORT:
            return found
        own = min((host.preference for host in found if host.address in self._own), default=None)
        if own is None:
            return found
        nearer = [host._replace(last=True) for host in found if host.preference < own]
        if nearer:
            return nearer
        if found[0].preference == best:
            raise _loop(site)
        raise LookupFailure(NO_PRIMARY, f"unable to find primary relay for {site.host}", failure.LOOP)

    def _arranged(self, hosts: list[Host], *, by_mx: bool) -> list[Host]:
        best = min(host.preference for host in hosts)
        return [
            host if host.preference == best else host._replace(best=False)
            for host in arranged(hosts, self._rules.order, by_mx=by_mx)
        ]

    async def _each_named(
        self, port: int, exchangers: list[tuple[int, str]]
    ) -> list[list[Host] | BaseException]:
        """The addresses of each, looked up at the same time."""
        if len(exchangers) > 1:
            return await asyncio.gather(
                *(self._named(name, port, preference) for preference, name in exchangers),
                return_exceptions=True,
            )
        ((preference, name),) = exchangers
        try:
            return [await self._named(name, port, preference)]
        except LookupFailure as error:
            return [error]

    async def _named(self, name: str, port: int, preference: int) -> list[Host]:
        """The addresses of one host name (or of an address that stands for one)."""
        found = await self._resolver.addresses(name)
        shown = found.name if self._rules.cname_names else name
        return [Host(shown, address, port, preference, True) for address in found.addresses]

    # SRV

    async def _service_hosts(self, site: Site) -> list[Host] | None:
        """None: MX records shall say."""
        rules = self._rules
        try:
            services = await self._resolver.services(f"_{site.service}._tcp.{site.host}")
            if any(service[3] == "." for service in services):
                text = f"Domain {site.host} does not support SRV requests"
                raise LookupFailure(NULL_MX, text, failure.NOTHING)
            if not services:
                text = f"Service {site.service} not found for {site.host}: no SRV record"
                raise LookupFailure(failure.STATUS[failure.NOTHING], text, failure.NOTHING)
            return await self._drawn_hosts(drawn(services))
        except LookupFailure as error:
            is_failure = error.kind not in (failure.NOTHING, failure.POLICY)
            if rules.leaves_srv or (rules.ignores_srv_failure and is_failure):
                return None
            raise

    async def _drawn_hosts(self, services: list[tuple[int, int, int, str]]) -> list[Host]:
        found: list[Host] = []
        failed: LookupFailure | None = None
        for priority, _, port, name in services:
            try:
                found += await self._named(name, port, priority)
            except LookupFailure as error:
                failed = error.softened() if failed is not None and failed.soft else error
        if not found:
            assert failed is not None
            raise failed
        best = found[0].preference
        return [host._replace(best=host.preference == best) for host in found[:HOSTS_LIMIT]]


def _loop(site: Site) -> LookupFailure:
    text = f"mail for {site.host} loops back to myself"
    return LookupFailure(failure.STATUS[failure.LOOP], text, failure.LOOP)
