"""DNS questions, asked of dnspython's asynchronous resolver, answered once for all who ask at the same time.

    await resolver.mail_exchangers(domain)    [(preference, host)], unsorted; [] where the domain names none
    await resolver.addresses(host)            printable addresses, IPv4 first
Raises LookupFailure with the enhanced status code that the recipients get. Answers are kept for their TTL,
"no such name" for a bounded time, temporary failures not at all.

dnspython is imported when the first question is asked: a job for one relay given by address never needs it.
Source: RFC 5321 5.1, 7505, 2308; Postfix dns_lookup(3); spec: routing, 2.
"""

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

CACHE_LIMIT = 20_000  # names kept
NEGATIVE_TTL = 300.0  # seconds that "no such name" is believed
LONGEST_TTL = 3600.0
QUERIES_LIMIT = 200  # questions on the wire at once


class LookupFailure(Exception):
    """A name that could not be resolved: status and text for those who wait on it."""

    def __init__(self, dsn: str, text: str, *, found_nothing: bool = False) -> None:
        super().__init__(text)
        self.dsn = dsn
        self.text = text
        self.found_nothing = (
            found_nothing  # the name or record does not exist: an answer, not a failure to get one
        )

    @property
    def soft(self) -> bool:
        return self.dsn.startswith("4")


Answer = list[Any]
Ask = Callable[[str, str], Awaitable[tuple[Answer, float]]]  # name and type to records and TTL


class LookupRules(NamedTuple):
    """What is configured about lookups."""

    protocols: frozenset[str]  # inet_protocols
    dns: bool  # disable_dns_lookups = no
    methods: frozenset[str]  # smtp_host_lookup: dns, native
    nameservers: tuple[tuple[str, int], ...]  # address and port; none: those of resolv.conf


class Resolver:
    """DNS for one worker."""

    def __init__(self, rules: LookupRules) -> None:
        known = (("A", "ipv4"), ("AAAA", "ipv6"))
        self.types = [t for t, p in known if p in rules.protocols or "all" in rules.protocols]
        self._dns_enabled = rules.dns
        self._uses_dns = rules.dns and "dns" in rules.methods
        self._uses_native = not rules.dns or "native" in rules.methods
        self._nameservers = rules.nameservers
        self._cache: OrderedDict[tuple[str, str], tuple[float, Answer | LookupFailure]] = OrderedDict()
        self._asked: dict[tuple[str, str], asyncio.Future[Answer]] = {}
        self._slots = asyncio.Semaphore(QUERIES_LIMIT)
        self._ask: Ask | None = None

    @property
    def dns_enabled(self) -> bool:
        return self._dns_enabled

    async def mail_exchangers(self, domain: str) -> list[tuple[int, str]]:
        """MX records; [] where there are none, or no such domain. The root as a host is the null MX."""
        try:
            return [
                (r.preference, r.exchange.to_text(omit_final_dot=True))
                for r in await self._query(domain, "MX")
            ]
        except LookupFailure as failure:
            if failure.found_nothing:
                return []
            raise

    async def addresses(self, host: str) -> list[str]:
        """Every address of a host, of the families in use."""
        if not self._uses_dns:
            return await self._native_addresses(host)
        found: list[str] = []
        failures: list[LookupFailure] = []
        for answer in await asyncio.gather(
            *(self._query(host, t) for t in self.types), return_exceptions=True
        ):
            if isinstance(answer, LookupFailure):
                failures.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += [record.address for record in answer]
        if found:
            return found
        firm = [failure for failure in failures if not failure.found_nothing]
        if firm:
            raise min(firm, key=lambda failure: not failure.soft)
        if self._uses_native:
            return await self._native_addresses(host)
        raise failures[-1] if failures else LookupFailure("4.4.4", "all network protocols are disabled")

    async def _native_addresses(self, host: str) -> list[str]:
        """The system's resolver, off the loop's thread."""
        families = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}
        wanted = {families[t] for t in self.types}
        try:
            infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            soft = error.errno == socket.EAI_AGAIN
            raise LookupFailure(
                "4.4.3" if soft else "5.4.4", f"unable to look up host {host}: {error.strerror}"
            ) from None
        found = [info[4][0] for info in infos if info[0] in wanted]
        if not found:
            raise LookupFailure("5.4.4", f"{host}: host not found", found_nothing=True)
        return [str(address) for address in found]

    async def _query(self, name: str, kind: str) -> Answer:
        """From the cache, from whoever asks the same just now, or from the name server."""
        key = (name, kind)
        kept = self._cache.get(key)
        if kept is not None:
            if kept[0] > time.monotonic():
                self._cache.move_to_end(key)
                if isinstance(kept[1], LookupFailure):
                    raise kept[1]
                return kept[1]
            del self._cache[key]
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.ensure_future(self._fetch(name, kind))
            asked.add_done_callback(lambda done: self._asked.pop(key, None))
        return await asyncio.shield(asked)

    async def _fetch(self, name: str, kind: str) -> Answer:
        if self._ask is None:
            self._ask = _dnspython(self._nameservers)
        async with self._slots:
            try:
                answer, ttl = await self._ask(name, kind)
            except LookupFailure as failure:
                if failure.found_nothing:
                    self._keep((name, kind), failure, NEGATIVE_TTL)
                raise
        self._keep((name, kind), answer, min(ttl, LONGEST_TTL))
        return answer

    def _keep(self, key: tuple[str, str], answer: Answer | LookupFailure, ttl: float) -> None:
        self._cache[key] = (time.monotonic() + ttl, answer)
        if len(self._cache) > CACHE_LIMIT:
            self._cache.popitem(last=False)


def _dnspython(
    nameservers: Sequence[tuple[str, int]],
) -> Callable[[str, str], Awaitable[tuple[Answer, float]]]:
    """A question to the name servers, dnspython's exceptions translated."""
    import dns.asyncresolver  # noqa: PLC0415 - a tenth of a second that only jobs with domains need
    import dns.exception  # noqa: PLC0415
    import dns.resolver  # noqa: PLC0415

    try:
        resolver = dns.asyncresolver.Resolver(configure=not nameservers)
    except dns.resolver.NoResolverConfiguration:
        raise LookupFailure("4.4.3", "no name server: resolv.conf names none") from None
    if nameservers:
        resolver.nameservers = [address for address, _ in nameservers]
        resolver.nameserver_ports = dict(nameservers)

    def failure(name: str, kind: str, dsn: str, why: str, *, nothing: bool = False) -> LookupFailure:
        text = f"Host or domain name not found. Name service error for name={name} type={kind}: {why}"
        return LookupFailure(dsn, text, found_nothing=nothing)

    async def ask(name: str, kind: str) -> tuple[Answer, float]:
        try:
            answer = await resolver.resolve(name, kind, search=False)
        except dns.resolver.NXDOMAIN:
            raise failure(name, kind, "5.4.4", "Host not found", nothing=True) from None
        except dns.resolver.NoAnswer:
            why = "Host found but no data record of requested type"
            raise failure(name, kind, "5.4.4", why, nothing=True) from None
        except (dns.resolver.NoNameservers, dns.exception.Timeout, OSError):
            raise failure(name, kind, "4.4.3", "Host not found, try again") from None
        except dns.exception.DNSException:
            why = "Malformed or unexpected name server reply"
            raise failure(name, kind, "5.4.4", why) from None
        return list(answer), float(answer.rrset.ttl) if answer.rrset is not None else 0.0

    return ask
