"""DNS messages: a question to bytes, the bytes of an answer to records.

    wire_name(name)             a name as labels; BadName where no such name can exist
    question(id, name, kind)    a query with recursion desired and EDNS, for a name as labels
    read(data)                  a Packet: id, question, response code, records; BadPacket where it is garbled

The types that routing asks for, A, AAAA, MX, CNAME, SRV, and of the SOA the time that "no such name" may be
believed. Names are lower case without the last dot, "." is the root; bytes that no host name has stand
as `\\ddd`. Knows no socket and no clock.

dnspython reads the same in forty times the time, which at thousands of domains a second is the processor: it
is what the tests compare with.
Source: RFC 1035 4, 2308 5, 2782, 6891 6.1.
"""

import re
import struct
from ipaddress import IPv6Address
from typing import NamedTuple

A, CNAME, SOA, MX, AAAA, SRV, OPT = 1, 5, 6, 15, 28, 33, 41
KINDS = {"A": A, "AAAA": AAAA, "CNAME": CNAME, "MX": MX, "SRV": SRV}
NAMES = {number: name for name, number in KINDS.items()}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)

PAYLOAD_SIZE = 1232  # what we take by UDP: fits every path (DNS flag day 2020)
LABEL_LIMIT = 63
NAME_LIMIT = 253
_INTERNET = 1
_RECURSION_DESIRED = 0x0100
_RESPONSE, _TRUNCATED = 0x8000, 0x0200
_POINTER = 0xC0
_JUMPS_LIMIT = 128  # more labels or pointers than any name has

_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_QUESTION = struct.Struct("!HH")
_SERVICE = struct.Struct("!HHH")
_USUAL = re.compile(rb"[!-[\]-~]+")  # printed, and no backslash
_EDNS = b"\x00" + _RECORD.pack(OPT, PAYLOAD_SIZE, 0, 0)


class BadName(ValueError):
    """No such name can be asked for."""


class BadPacket(ValueError):
    """What came is no DNS message."""


class Record(NamedTuple):
    """One record of an answer. `data`: an address (A, AAAA), a name (CNAME), (preference, name) of MX,
    (priority, weight, port, name) of SRV; None where it is garbled.
    """

    name: str
    kind: str
    ttl: int
    data: object


class Packet(NamedTuple):
    """An answer."""

    id: int
    name: str  # of the question
    kind: int
    rcode: int
    truncated: bool
    records: list[Record]  # the answer section, of the types that we know
    negative_ttl: int  # how long an empty answer holds: the SOA's; -1 where none came


def question(number: int, name: bytes, kind: str, *, edns: bool = True) -> bytes:
    """The bytes of a query. `name` as wire_name() gives it."""
    head = _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 1 if edns else 0)
    return head + name + _QUESTION.pack(KINDS[kind], _INTERNET) + (_EDNS if edns else b"")


def wire_name(name: str) -> bytes:
    """A name as labels."""
    if name == ".":
        return b"\x00"
    try:
        labels = name.encode("ascii").split(b".")
    except UnicodeEncodeError:
        raise BadName(name) from None
    if len(name) > NAME_LIMIT:
        raise BadName(name)
    found = bytearray()
    for label in labels:
        if not 0 < len(label) <= LABEL_LIMIT:
            raise BadName(name)
        found.append(len(label))
        found += label
    found.append(0)
    return bytes(found)


def read(data: bytes) -> Packet:
    """An answer's header, question and records; BadPacket."""
    try:
        number, flags, questions, answers, authorities, _ = _HEADER.unpack_from(data)
        if not flags & _RESPONSE or questions != 1:
            raise BadPacket("not the answer to one question")
        name, at = _name(data, _HEADER.size)
        kind = data[at] << 8 | data[at + 1]
        at += 4
        records: list[Record] = []
        for _ in range(answers):
            at = _record(data, at, records, name)
        negative_ttl = -1
        if not records:
            for _ in range(authorities):
                found, at = _authority(data, at)
                negative_ttl = max(negative_ttl, found)
    except (struct.error, IndexError) as error:
        if flags_of(data) & _TRUNCATED:
            return Packet(data[0] << 8 | data[1], "", 0, NOERROR, True, [], -1)
        raise BadPacket(str(error)) from None
    return Packet(number, name, kind, flags & 0xF, bool(flags & _TRUNCATED), records, negative_ttl)


def flags_of(data: bytes) -> int:
    """The second word of the header; 0 where there is none."""
    return data[2] << 8 | data[3] if len(data) >= _HEADER.size else 0


def _name(data: bytes, at: int) -> tuple[str, int]:
    """The name that begins there, and where what follows it begins."""
    labels: list[bytes] = []
    after = 0
    for _ in range(_JUMPS_LIMIT):
        size = data[at]
        if size == 0:
            return _text(labels), after or at + 1
        if size <= LABEL_LIMIT:
            end = at + 1 + size
            labels.append(data[at + 1 : end])
            at = end  # beyond the packet: the next look at it fails
        elif size >= _POINTER:
            after = after or at + 2
            at = (size & ~_POINTER) << 8 | data[at + 1]
        else:
            break
    raise BadPacket("name without an end")


def _text(labels: list[bytes]) -> str:
    name = b".".join(labels)
    if _USUAL.fullmatch(name) and name.count(b".") == len(labels) - 1:
        return name.decode("ascii").lower()
    return ".".join(map(_label, labels)) or "."


def _label(label: bytes) -> str:
    """Lower case; a dot or a byte beyond print inside a label is no border of labels."""
    return "".join(
        chr(byte).lower() if 0x20 < byte < 0x7F and byte not in b".\\" else f"\\{byte:03d}" for byte in label
    )


def _record(data: bytes, at: int, records: list[Record], asked: str) -> int:
    """Reads the record that begins there, in the answer to a question for `asked`; where the next one
    begins.
    """
    if data[at] == _POINTER and data[at + 1] == _HEADER.size:  # most of them: "the name of the question"
        name, at = asked, at + 2
    else:
        name, at = _name(data, at)
    kind, family, ttl, size = _RECORD.unpack_from(data, at)
    at += _RECORD.size
    end: int = at + size
    if end > len(data):
        raise BadPacket("record without an end")
    if family == _INTERNET and kind in NAMES:
        records.append(Record(name, NAMES[kind], ttl & 0x7FFFFFFF, _data(data, kind, at, size)))
    return end


def _data(data: bytes, kind: int, at: int, size: int) -> object:
    try:
        if kind == A:
            return "{}.{}.{}.{}".format(*data[at : at + 4]) if size == 4 else None
        if kind == AAAA:
            return str(IPv6Address(data[at : at + 16])) if size == 16 else None
        if kind == CNAME:
            return _name(data, at)[0]
        if kind == MX:
            return data[at] << 8 | data[at + 1], _name(data, at + 2)[0]
        return *_SERVICE.unpack_from(data, at), _name(data, at + _SERVICE.size)[0]
    except BadPacket:
        return None


def _authority(data: bytes, at: int) -> tuple[int, int]:
    """How long an SOA lets the empty answer hold (-1: another type), and where the next record begins."""
    _, at = _name(data, at)
    kind, _, ttl, size = _RECORD.unpack_from(data, at)
    end: int = at + _RECORD.size + size
    if kind != SOA or size < 4:
        return -1, end
    (minimum,) = struct.unpack_from("!I", data, end - 4)
    return min(ttl, minimum), end
