"""The hosts of a next-hop in the order they are tried.

    await router.hosts("example.com")     [Host, ...], best preference first; RouteFailure where there is none

MX hosts by preference, shuffled among equals (smtp_randomize_addresses); the domain itself where it has no
MX; a bracketed or numeric next-hop as it is. Each site of a next-hop with several stands behind the one
before.

Does not connect, and does not count attempts.
Source: RFC 5321 5.1, RFC 7505; Postfix smtp_addr(3); spec: routing, 1 and 2.
"""

import random
from typing import NamedTuple

from fastsmtp.mail.destination import Host
from fastsmtp.route.failure import LookupFailure
from fastsmtp.route.nexthop import NexthopError, Site, is_address, parse_site, split_sites
from fastsmtp.route.resolver import Resolver

NULL_MX = "5.1.0"
NO_ADDRESS = "5.4.4"
BAD_NEXTHOP = "4.3.5"


class RouteRules(NamedTuple):
    """What is configured about MX records."""

    port: int  # smtp_tcp_port
    randomize: bool  # smtp_randomize_addresses
    ignores_mx_failure: bool  # ignore_mx_lookup_error
    waits_for_mx_address: bool  # smtp_defer_if_no_mx_address_found
    relay: str = ""  # relayhost
    fallback: str = ""  # smtp_fallback_relay


class Router:
    """Next-hops to hosts, for one worker."""

    def __init__(self, rules: RouteRules, resolver: Resolver) -> None:
        self._rules = rules
        self._resolver = resolver

    async def hosts(self, nexthop: str) -> list[Host]:
        """Hosts in the order to try, those of the fallback relay last.

        Raises LookupFailure with the status of those who wait for it.

        With several sites soft beats hard: one that is only down keeps the mail waiting. A relay that cannot
        be found is a fault of the configuration, never the recipients'.
        """
        failure: LookupFailure | None = None
        found: list[Host] = []
        if not split_sites(nexthop):
            raise LookupFailure(BAD_NEXTHOP, "empty next-hop")
        for texts, is_relay in ((nexthop, nexthop == self._rules.relay), (self._rules.fallback, True)):
            try:
                found += await self._sites_hosts(texts, sites_before=len({host.site for host in found}))
            except LookupFailure as error:
                if is_relay and not error.soft:
                    error = LookupFailure(BAD_NEXTHOP, error.text)
                failure = error
        if not found and failure is not None:
            raise failure
        return found

    async def _sites_hosts(self, texts: str, *, sites_before: int) -> list[Host]:
        """The hosts of all sites in `texts`; LookupFailure where none has any."""
        failure: LookupFailure | None = None
        found: list[Host] = []
        try:
            sites = [parse_site(text, self._rules.port) for text in split_sites(texts)]
        except NexthopError as error:
            raise LookupFailure(BAD_NEXTHOP, str(error)) from None
        for number, site in enumerate(sites, sites_before):
            try:
                found += [host._replace(site=number) for host in await self._site_hosts(site)]
            except LookupFailure as error:
                if failure is None or error.soft:
                    failure = error
        if not found and failure is not None:
            raise failure
        return found

    async def _site_hosts(self, site: Site) -> list[Host]:
        if is_address(site.host):
            return [Host(site.host, site.host, site.port, 0, True)]
        if site.literal or not self._resolver.dns_enabled:
            return await self._host(site, site.host, 0)
        try:
            exchangers = await self._resolver.mail_exchangers(site.host)
        except LookupFailure:
            if not self._rules.ignores_mx_failure:
                raise
            exchangers = []
        if not exchangers:
            return await self._host(site, site.host, 0)
        if any(host in ("", ".") for _, host in exchangers):
            raise LookupFailure(NULL_MX, f"Domain {site.host} does not accept mail (nullMX)")
        return await self._exchanger_hosts(site, sorted(exchangers))

    async def _exchanger_hosts(self, site: Site, exchangers: list[tuple[int, str]]) -> list[Host]:
        found: list[Host] = []
        failure: LookupFailure | None = None
        for preference, name in exchangers:
            try:
                found += await self._host(site, name, preference)
            except LookupFailure as error:
                # A temporary failure of any host is sticky; the text is that of the last one.
                soft = error.soft or (failure is not None and failure.soft)
                failure = LookupFailure("4" + error.dsn[1:] if soft else error.dsn, error.text)
        if not found and failure is not None:
            if self._rules.waits_for_mx_address:
                raise LookupFailure("4" + failure.dsn[1:], failure.text)
            raise failure
        best = min(host.preference for host in found)
        if self._rules.randomize:
            random.shuffle(found)
            found.sort(key=lambda host: host.preference)
        return [host._replace(best=host.preference == best) for host in found]

    async def _host(self, site: Site, name: str, preference: int) -> list[Host]:
        """The addresses of one host name (or of an address that stands for one)."""
        if is_address(name):
            return [Host(name, name, site.port, preference, True)]
        hosts = [
            Host(name, a, site.port, preference, True)
            for a in (await self._resolver.addresses(name)).addresses
        ]
        if self._rules.randomize:
            random.shuffle(hosts)
        return hosts
