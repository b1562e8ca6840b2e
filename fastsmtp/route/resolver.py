"""Names to addresses and mail exchangers: asked once for all who ask at the same time, kept for their TTL.

    await resolver.mail_exchangers(domain)    [(preference, host)], unsorted; [] where the domain names none
    await resolver.services(name)             [(priority, weight, port, host)] of SRV records; [] likewise
    await resolver.addresses(host)            Found: where the CNAMEs end, addresses, IPv4 first
Raises LookupFailure with the enhanced status code that the recipients get. "No such name" is kept for a
bounded time, a temporary failure for seconds.

The system's resolver (`native`) is asked off the loop's thread. No name server is asked, and no socket
opened, before the first question: a job for one relay given by address never needs it.
Source: RFC 5321 5.1, 7505, 2308; Postfix dns_lookup(3), smtp_addr(3); spec: routing, 2.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import NamedTuple, cast

from fastsmtp.route import failure, nameservers
from fastsmtp.route.exchange import Exchange, NoAnswer
from fastsmtp.route.failure import LookupFailure
from fastsmtp.route.nameservers import NameServers
from fastsmtp.route.nexthop import family, is_address, is_host_name
from fastsmtp.route.packet import BadName, Packet, Record
from fastsmtp.route.records import Answer, Drops, Elsewhere, Memory, interpret

FAMILIES = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}
KIND_OF = {"ipv4": "A", "ipv6": "AAAA"}
PASSING = frozenset({socket.EAI_AGAIN, socket.EAI_MEMORY, socket.EAI_SYSTEM})
UNKNOWN = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})


class LookupRules(NamedTuple):
    """What is configured about lookups."""

    protocols: frozenset[str]  # inet_protocols
    dns: bool  # disable_dns_lookups = no, and smtp_dns_support_level does not say so either
    methods: frozenset[str]  # smtp_host_lookup: dns, native
    nameservers: tuple[tuple[str, int], ...]  # address and port; none: those of resolv.conf
    options: frozenset[str] = frozenset()  # smtp_dns_resolver_options


class Found(NamedTuple):
    """The addresses of a host."""

    name: str  # where its CNAMEs end
    addresses: list[str]


Waiter = asyncio.Future[Answer | LookupFailure]


def unheard(text: str) -> None:
    """For those who keep no log."""


class Resolver:
    """Names for one worker."""

    def __init__(
        self, rules: LookupRules, warn: Callable[[str], None] = unheard, drops: Drops | None = None
    ) -> None:
        """`warn` hears of records that cannot be used; `drops` is smtp_dns_reply_filter."""
        protocols = rules.protocols
        self.types = [kind for name, kind in KIND_OF.items() if name in protocols or "all" in protocols]
        self.dns_enabled = rules.dns
        self._uses_dns = rules.dns and "dns" in rules.methods
        self._uses_native = not rules.dns or "native" in rules.methods
        self._rules = rules
        self._warn = warn
        self._drops = drops
        self._memory = Memory()
        self._asked: dict[tuple[str, str], list[Waiter]] = {}  # who waits for each question
        self._exchange: Exchange | None = None
        self._search: tuple[str, ...] = ()
        self._dots = 1

    async def mail_exchangers(self, domain: str) -> list[tuple[int, str]]:
        """MX records; [] where there are none, or no such domain. The root as a host is the null MX."""
        found = [cast("tuple[int, str]", record.data) for record in await self._records(domain, "MX")]
        return [(found[i][0], name) for i, name in self._named(domain, "MX", [name for _, name in found])]

    async def services(self, name: str) -> list[tuple[int, int, int, str]]:
        """SRV records; [] where there are none. The root as a host: no such service."""
        found = [cast("tuple[int, int, int, str]", r.data) for r in await self._records(name, "SRV")]
        return [(*found[i][:3], host) for i, host in self._named(name, "SRV", [each[3] for each in found])]

    async def addresses(self, host: str) -> Found:
        """Every address of a host, of the families in use."""
        if not self.types:
            raise LookupFailure("4.4.4", "all network protocols are disabled", failure.TEMPORARY)
        kind = family(host)
        if kind is not None:
            if KIND_OF[kind] in self.types:
                return Found(host, [host])
            raise failure.no_name(host)
        if not self._uses_dns:
            return await self._native_addresses(host)
        found: list[str] = []
        name = host
        worst: LookupFailure | None = None
        for answer in await self._each(host):
            if isinstance(answer, Answer):
                found += [str(record.data) for record in answer.records]
                name = answer.name
            elif worst is None or answer.kind >= worst.kind:
                worst = answer
        if found:
            return Found(name, found)
        assert worst is not None
        if worst.found_nothing and self._uses_native:
            return await self._native_addresses(host)
        raise worst

    def close(self) -> None:
        if self._exchange is not None:
            self._exchange.close()
            self._exchange = None

    # The DNS

    async def _records(self, name: str, kind: str) -> list[Record]:
        """The records; [] where the answer is that there are none."""
        if is_address(name):
            return []
        answer = await self._searched(name, kind)
        if isinstance(answer, Answer):
            return answer.records
        if answer.found_nothing:
            return []
        raise answer

    def _named(self, asked: str, kind: str, names: list[str]) -> list[tuple[int, str]]:
        """Which of the hosts have a name that can be one; LookupFailure where none has."""
        good: list[tuple[int, str]] = []
        for place, name in enumerate(names):
            if is_address(name):
                self._warn(f"numeric domain name in resource data of {kind} record for {asked}: {name}")
            elif name != "." and not is_host_name(name):
                self._warn(f"malformed domain name in resource data of {kind} record for {asked}: {name}")
                continue
            good.append((place, name))
        if names and not good:
            raise failure.garbled(asked, kind)
        return good

    async def _searched(self, name: str, kind: str) -> Answer | LookupFailure:
        """With smtp_dns_resolver_options, a short name is completed as the system's resolver does it."""
        if not self._rules.options:
            return await self.query(name, kind)
        self._open()
        last: Answer | LookupFailure | None = None
        for candidate in self._candidates(name):
            last = await self.query(candidate, kind)
            if isinstance(last, Answer) or not last.found_nothing:
                return last
        assert last is not None
        return last

    def _candidates(self, name: str) -> list[str]:
        dots, options = name.count("."), self._rules.options
        domains: tuple[str, ...] = ()
        if "res_dnsrch" in options:
            domains = self._search
        elif "res_defnames" in options and not dots:
            domains = self._search[:1]
        longer = [f"{name}.{domain}" for domain in domains]
        return [name, *longer] if dots >= self._dots else [*longer, name]

    async def _each(self, host: str) -> "list[Answer | LookupFailure]":
        """Of every type of address in use, asked for at once."""
        if self._rules.options:
            return await asyncio.gather(*(self._searched(host, kind) for kind in self.types))
        asked = [self._begin(host, kind) for kind in self.types]
        return [await each if isinstance(each, asyncio.Future) else each for each in asked]

    async def query(self, name: str, kind: str) -> Answer | LookupFailure:
        """From memory, from whoever asks the same just now, or from a name server."""
        found = self._begin(name, kind)
        return await found if isinstance(found, asyncio.Future) else found

    def _begin(self, name: str, kind: str) -> "Answer | LookupFailure | Waiter":
        """What is known already, or a future of the caller's own for what will be."""
        loop = asyncio.get_running_loop()
        key = (name, kind)
        kept = self._memory.find(key, loop.time())
        if kept is not None:
            return kept
        waiter: Waiter = loop.create_future()
        waiting = self._asked.get(key)
        if waiting is not None:
            waiting.append(waiter)
        elif not is_host_name(name):
            return failure.no_name(name)
        else:
            self._asked[key] = [waiter]
            self._ask(key, name, 0)
        return waiter

    def _ask(self, key: tuple[str, str], name: str, steps: int) -> None:
        try:
            sent = self._open().ask(name, key[1])
        except BadName:
            self._settle(key, failure.no_name(name), -1)
            return
        sent.add_done_callback(lambda done: self._heard(key, name, steps, done))

    def _open(self) -> Exchange:
        if self._exchange is None:
            read = nameservers.read()
            self._search, self._dots = read.search, read.dots
            chosen = self._rules.nameservers
            self._exchange = Exchange(NameServers(chosen) if chosen else read)
        return self._exchange

    def _heard(self, key: tuple[str, str], name: str, steps: int, done: "asyncio.Future[Packet]") -> None:
        if done.cancelled():
            self._settle(key, failure.unanswered(failure.TEMPORARY, *key, "Host not found, try again"), -1)
            return
        error = done.exception()
        if error is not None:
            assert isinstance(error, NoAnswer)
            self._settle(key, failure.unanswered(failure.TEMPORARY, *key, "Host not found, try again"), -1)
            return
        packet = done.result()
        said = interpret(key[0], name, key[1], packet, steps=steps, drops=self._drops)
        if isinstance(said, Elsewhere):
            self._ask(key, said.name, steps + 1)
        else:
            self._settle(key, said, packet.negative_ttl)

    def _settle(self, key: tuple[str, str], what: Answer | LookupFailure, negative_ttl: float) -> None:
        self._memory.keep(key, what, negative_ttl, asyncio.get_running_loop().time())
        for waiter in self._asked.pop(key):
            if not waiter.done():
                waiter.set_result(what)

    # The system's resolver

    async def _native_addresses(self, host: str) -> Found:
        """Off the loop's thread."""
        wanted = {FAMILIES[kind] for kind in self.types}
        try:
            infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            dsn = ("4" if error.errno in PASSING else "5") + (".4.4" if error.errno in UNKNOWN else ".3.0")
            text = f"unable to look up host {host}: {error.strerror}"
            kind = failure.NOTHING if error.errno in UNKNOWN else failure.FIRM
            raise LookupFailure(dsn, text, kind) from None
        found = [str(info[4][0]) for info in infos if info[0] in wanted]
        if not found:
            raise LookupFailure("5.4.4", f"{host}: host not found", failure.NOTHING)
        return Found(host, found)
