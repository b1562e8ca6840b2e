"""What a name server's packet says about a name, and the memory of such answers.

    interpret(name, kind, packet, ...)    an Answer, the name to ask for next (a CNAME that leads out of the
                                          packet), or LookupFailure
    Memory.keep(key, what, ttl, now)      Answers and failures, each for its time, the oldest leave first
    Memory.find(key, now)                 what is known, or None

Pure: no socket; `now` is handed in.
Source: RFC 1034 3.6.2, 2308; Postfix dns_lookup(3); spec: routing, 2.2, 2.8.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from fastsmtp.errors import Pending, TableError
from fastsmtp.route import failure
from fastsmtp.route.failure import LookupFailure
from fastsmtp.route.packet import NOERROR, NXDOMAIN, Packet, Record

ANSWERS_LIMIT: Final = 10_000  # kept
NEGATIVE_TTL: Final = 300.0  # seconds that "no such name" is believed at most,
LONGEST_TTL: Final = 3600.0  # an answer,
TEMPORARY_TTL: Final = 3.0  # and a temporary failure: so that a crowd does not wait for it one by one
CHAIN_LIMIT: Final = 10  # CNAMEs in a row

Drops = Callable[[Record], bool]  # smtp_dns_reply_filter


class Answer(NamedTuple):
    """Records of the kind that was asked for; `name` is where the CNAMEs end."""

    name: str
    records: list[Record]
    ttl: float


class Elsewhere(NamedTuple):
    """The packet ends in a CNAME to this name."""

    name: str
    ttl: float


def interpret(
    asked: str, name: str, kind: str, packet: Packet, *, steps: int, drops: Drops | None
) -> Answer | Elsewhere | LookupFailure:
    """What `packet` says of `name`, to which the question for `asked` led in so many steps."""
    if packet.rcode == NXDOMAIN:
        return failure.unanswered(failure.NOTHING, asked, kind, "Host not found")
    if packet.rcode != NOERROR:
        return failure.unanswered(failure.FIRM, asked, kind, "Non-recoverable error")
    return _of_records(asked, name.lower(), kind, packet, steps=steps, drops=drops)


def _of_records(
    asked: str, name: str, kind: str, packet: Packet, *, steps: int, drops: Drops | None
) -> Answer | Elsewhere | LookupFailure:
    """The same of an answer without an error."""
    aliases = {record.name: record for record in packet.records if record.kind == "CNAME"}
    at, ttl = name, LONGEST_TTL
    while at in aliases:
        steps += 1
        if steps > CHAIN_LIMIT:
            return LookupFailure(
                failure.STATUS[failure.NOTHING], f"Name server loop for {asked}", failure.NOTHING
            )
        ttl = min(ttl, aliases[at].ttl)
        at = str(aliases[at].data)
    found = [record for record in packet.records if record.kind == kind and record.name == at]
    if found:
        usable = [record for record in found if record.data is not None]
        if not usable:
            return failure.garbled(asked, kind)
        return _filtered(asked, kind, Answer(at, usable, min(ttl, *(r.ttl for r in usable))), drops)
    if at != name and packet.negative_ttl < 0:
        return Elsewhere(at, ttl)
    why = "Host found but no data record of requested type"
    return failure.unanswered(failure.NOTHING, asked, kind, why)


def _filtered(asked: str, kind: str, answer: Answer, drops: Drops | None) -> Answer | LookupFailure:
    if drops is None:
        return answer
    try:
        left = [record for record in answer.records if not drops(record)]
    except (TableError, Pending) as error:
        text = f"Error looking up name={asked} type={kind}: DNS reply filter: {error}"
        return LookupFailure(failure.BROKEN_FILTER, text, failure.TEMPORARY)
    if left:
        return answer._replace(records=left)
    text = f"Error looking up name={asked} type={kind}: DNS reply filter drops all results"
    return LookupFailure(failure.STATUS[failure.POLICY], text, failure.POLICY)


def text_of(record: Record) -> str:
    """A record as smtp_dns_reply_filter sees it: `name ttl class type preference value`."""
    data = record.data
    if isinstance(data, tuple):
        value = " ".join(map(str, data)) + "."
    else:
        value = f"{data}." if record.kind == "CNAME" else str(data)
    return f"{record.name}. {record.ttl} IN {record.kind} {value}"


Key = tuple[str, str]  # name, kind


class Memory:
    """Answers and failures for a time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[float, Answer | LookupFailure]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: Key, now: float) -> Answer | LookupFailure | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept[0] <= now:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def keep(self, key: Key, what: Answer | LookupFailure, negative_ttl: float, now: float) -> None:
        """`negative_ttl` is the SOA's; below 0: none came."""
        if isinstance(what, Answer):
            ttl = min(what.ttl, LONGEST_TTL)
        elif what.found_nothing:
            ttl = min(negative_ttl, NEGATIVE_TTL) if negative_ttl >= 0 else NEGATIVE_TTL
        else:
            ttl = TEMPORARY_TTL
        self._kept[key] = (now + ttl, what)
        if len(self._kept) > ANSWERS_LIMIT:
            self._kept.popitem(last=False)
