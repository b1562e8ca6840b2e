"""What the DNS says, and whether it vouches for it: questions whose answers DNSSEC has validated, for DANE.

    names = SecureNames(nameservers)
    await names.exchangers(domain)     Secured: the hosts of its MX records
    await names.addresses(host)        Secured: its addresses; `name` is where its CNAMEs end
    await names.alias(host)            Secured: whether the CNAME record of that name itself is validated
    await names.tlsa(host, port)       Secured: (usage, selector, matching type, data) of each record
All give None where no answer could be had: SERVFAIL (so does a resolver that found a forgery), time-outs.

The resolver does the validating and says so with a bit (AD) that anyone on the way could set: it should be
on this machine. Answers are kept for their TTL, 1 to 100 seconds. Only the rare hosts at level dane are
asked for here, so the messages are dnspython's.
Source: RFC 6698, 7672 2.2; Postfix tls_dane(3), dns_lookup(3); spec: tls, 9."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from fastsmtp.route import nameservers
from fastsmtp.route.nameservers import NameServers

SHORTEST_TTL, LONGEST_TTL = 1.0, 100.0  # seconds
ANSWERS_LIMIT = 10_000  # kept
PAYLOAD_SIZE = 1232  # DNS flag day 2020

Ask = Callable[[dns.message.Message], Awaitable[dns.message.Message | None]]


class Secured(NamedTuple):
    """An answer; no records where the name or the type does not exist."""

    secure: bool
    name: str  # where the CNAMEs end
    records: tuple[object, ...]


class SecureNames:
    """Validated names for one worker."""

    def __init__(self, servers: tuple[tuple[str, int], ...] = (), ask: Ask | None = None) -> None:
        """`servers`: address and port; none: those of resolv.conf. `ask` stands in for them in tests."""
        self._servers = NameServers(servers) if servers else nameservers.read()
        self._ask = ask or self._ask_servers
        self._kept: OrderedDict[tuple[str, str], tuple[float, Secured]] = OrderedDict()
        self._asked: dict[tuple[str, str], asyncio.Task[Secured | None]] = {}

    async def exchangers(self, domain: str) -> Secured | None:
        return await self._answer(domain, "MX")

    async def addresses(self, host: str) -> Secured | None:
        """Both families; validated if what there is of them is."""
        first, second = await asyncio.gather(self._answer(host, "A"), self._answer(host, "AAAA"))
        if first is None or second is None:
            return None
        found = [each for each in (first, second) if each.records] or [first, second]
        return Secured(
            all(each.secure for each in found),
            found[0].name,
            tuple(record for each in found for record in each.records),
        )

    async def alias(self, host: str) -> Secured | None:
        return await self._answer(host, "CNAME")

    async def tlsa(self, host: str, port: int) -> Secured | None:
        return await self._answer(f"_{port}._tcp.{host}", "TLSA")

    async def _answer(self, name: str, kind: str) -> Secured | None:
        """From memory, from whoever asks the same just now, or from a name server."""
        loop = asyncio.get_running_loop()
        key = name.lower().removesuffix("."), kind
        kept = self._kept.get(key)
        if kept is not None and kept[0] > loop.time():
            return kept[1]
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = loop.create_task(self._look_up(key))
            asked.add_done_callback(lambda _: self._asked.pop(key, None))
        return await asyncio.shield(asked)

    async def _look_up(self, key: tuple[str, str]) -> Secured | None:
        try:
            question = dns.message.make_query(
                dns.name.from_text(key[0]), key[1], use_edns=0, payload=PAYLOAD_SIZE
            )
        except dns.exception.DNSException:
            return Secured(False, key[0], ())  # no such name can exist
        question.flags |= dns.flags.AD  # RFC 6840 5.7: says that we want to know
        packet = await self._ask(question)
        found = None if packet is None else read(packet)
        if found is None:
            return None
        answer, ttl = found
        self._kept[key] = asyncio.get_running_loop().time() + min(max(ttl, SHORTEST_TTL), LONGEST_TTL), answer
        self._kept.move_to_end(key)
        if len(self._kept) > ANSWERS_LIMIT:
            self._kept.popitem(last=False)
        return answer

    async def _ask_servers(self, question: dns.message.Message) -> dns.message.Message | None:
        """One after the other, as often as the system's resolver would."""
        servers = self._servers
        for address, port in servers.servers * servers.attempts:
            try:
                packet, _ = await dns.asyncquery.udp_with_fallback(question, address, servers.timeout, port)
            except (dns.exception.DNSException, OSError, EOFError):
                continue
            if packet.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                return packet
        return None


def read(packet: dns.message.Message) -> tuple[Secured, float] | None:
    """The answer and its TTL; None where it is none."""
    if packet.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    secure = bool(packet.flags & dns.flags.AD)
    if not isinstance(packet, dns.message.QueryMessage):
        return None
    try:
        chain = packet.resolve_chaining()
    except dns.exception.DNSException:
        return None
    name = chain.canonical_name.to_text(omit_final_dot=True).lower()
    records = tuple(map(_data, chain.answer)) if chain.answer is not None else ()
    return Secured(secure, name, records), float(chain.minimum_ttl)


def _data(record: object) -> object:
    kind = getattr(record, "rdtype", None)
    if kind == dns.rdatatype.MX:
        return record.exchange.to_text(omit_final_dot=True).lower()  # type: ignore[attr-defined]
    if kind == dns.rdatatype.TLSA:
        return record.usage, record.selector, record.mtype, record.cert  # type: ignore[attr-defined]
    return str(record)
