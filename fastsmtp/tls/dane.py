"""DANE: what the TLSA records of a host make of levels dane and dane-only.

    plan = await Dane(rules, names, warn).plan(level, nexthop, host)     PolicyError: not this host now
    plan.level           what it became: may, encrypt, halfdane or dane
    plan.records         those that count then, plan.base the name that they were found at

| TLSA records | dane | dane-only |
| --- | --- | --- |
| cannot be looked up | not this host now | likewise |
| none, or none that is validated | may | not this host |
| none that is usable | encrypt | not this host |
| usable, the MX records validated | dane | dane |
| usable, the MX records not | smtp_tls_dane_insecure_mx_policy | not this host |

Does not compare certificates: that is tlsa.py's. Does not ask: `names` do (fastsmtp.route.secure).
Source: RFC 7672 2.1, 2.2, RFC 7671; Postfix smtp_tls_policy(3), tls_dane(3); spec: tls, 9.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from fastsmtp.errors import PolicyError
from fastsmtp.mail.destination import Host
from fastsmtp.tls.level import Level
from fastsmtp.tls.names import as_address, domain_of
from fastsmtp.tls.tlsa import Record, usable

UNSECURED = "4.7.5"
LITERAL = "["


class Secured(Protocol):
    """An answer of the DNS."""

    @property
    def secure(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def records(self) -> tuple[object, ...]: ...


class Names(Protocol):
    """Who asks. None: no answer could be had."""

    async def exchangers(self, domain: str) -> Secured | None: ...
    async def addresses(self, host: str) -> Secured | None: ...
    async def alias(self, host: str) -> Secured | None: ...
    async def tlsa(self, host: str, port: int) -> Secured | None: ...


class DaneRules(NamedTuple):
    """What main.cf says."""

    obstacle: str = ""  # a setting with which no answer can be trusted
    insecure_mx: Level = Level.HALFDANE  # what records mean where the MX records were not validated
    forces_lookup: bool = False  # smtp_tls_force_insecure_host_tlsa_lookup
    digests: tuple[str, ...] = ("sha512", "sha256")


class Plan(NamedTuple):
    """What a host's level became."""

    level: Level
    records: tuple[Record, ...] = ()
    base: str = ""  # TLSA base name: for SNI, and for names in certificates of an authority
    domains: tuple[str, ...] = ()  # the next-hop's, which may stand in such a certificate as well


class Dane:
    """Of one transport."""

    def __init__(self, rules: DaneRules, names: Callable[[], Names], warn: Callable[[str], None]) -> None:
        """`names` are opened when the first host needs them."""
        self._rules = rules
        self._open = names
        self._names: Names | None = None
        self._warn = warn
        self._warned = False

    async def plan(self, level: Level, nexthop: str, host: Host) -> Plan:
        """`level`: DANE or DANE_ONLY. PolicyError."""
        only = level is Level.DANE_ONLY
        if self._rules.obstacle:
            return self._without(only, nexthop)
        if self._names is None:
            self._names = self._open()
        secure, domains = await self._exchanger(nexthop, host)
        if only and not secure:
            raise PolicyError("non DNSSEC destination", UNSECURED)
        if not secure and self._rules.insecure_mx is Level.MAY:
            return Plan(Level.MAY)
        found = None if as_address(host.name) else await self._records(host)
        if found is None:
            return _downgraded(only, Level.MAY, "no TLSA records found")
        plan = Plan(Level.DANE, usable(found[1], self._rules.digests), found[0], domains)
        if not plan.records:
            return _downgraded(only, Level.ENCRYPT, "TLSA records unusable")
        return plan if secure else self._insecure(plan)

    def _insecure(self, plan: Plan) -> Plan:
        """The MX records were not validated."""
        level = self._rules.insecure_mx
        return Plan(level) if level is Level.ENCRYPT else plan._replace(level=Level.HALFDANE)

    def _without(self, only: bool, nexthop: str) -> Plan:
        text = f"DANE cannot be used: {self._rules.obstacle}"
        if not self._warned:
            self._warned = True
            self._warn(f"{text}; level dane is may, level dane-only defers")
        if only:
            raise PolicyError("client TLS configuration problem", UNSECURED)
        return Plan(Level.MAY)

    async def _exchanger(self, nexthop: str, host: Host) -> tuple[bool, tuple[str, ...]]:
        """Whether a validated answer names this host for this next-hop; the domain, also without CNAMEs."""
        domain = domain_of(nexthop)
        if nexthop.startswith(LITERAL):
            return True, (domain,)
        found = await self._have().exchangers(domain)
        if found is None:
            raise _trouble(host)
        hosts = found.records or (found.name, domain)
        domains = (domain, found.name) if found.secure else (domain,)
        return found.secure and host.name.lower() in hosts, tuple(dict.fromkeys(domains))

    async def _records(self, host: Host) -> tuple[str, tuple[object, ...]] | None:
        """Those of the first base name that has validated ones."""
        for base in await self._bases(host):
            found = await self._have().tlsa(base, host.port)
            if found is None:
                raise _trouble(host)
            if found.secure and found.records:
                return base, found.records
        return None

    async def _bases(self, host: Host) -> list[str]:
        """The names that TLSA records may stand at: where the host's CNAMEs end, then its own."""
        names = self._have()
        found = await names.addresses(host.name)
        if found is None:
            raise _trouble(host)
        bases = [found.name] if found.secure else []
        if found.name != host.name.lower():
            alias = await names.alias(host.name)
            if alias is None:
                raise _trouble(host)
            if alias.secure:
                bases.append(host.name.lower())
        if not bases and self._rules.forces_lookup:
            bases.append(host.name.lower())
        return bases

    def _have(self) -> Names:
        assert self._names is not None
        return self._names


def _downgraded(only: bool, level: Level, text: str) -> Plan:
    if only:
        raise PolicyError(text, UNSECURED)
    return Plan(level)


def _trouble(host: Host) -> PolicyError:
    """Going on without the records is what an attacker would want."""
    return PolicyError(f"TLSA lookup error for {host.name}:{host.port}", UNSECURED)
