"""DNS packets: the same as dnspython reads and writes, and nothing but BadPacket for what is garbled."""

import random

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from fastsmtp.route import packet
from fastsmtp.route.packet import BadName, BadPacket, Record


def answer(name, kind, *sections, rcode=0, flags=0):
    """The bytes of an answer; a section is (where, name, ttl, type, values...)."""
    made = dns.message.make_response(dns.message.make_query(name, kind, use_edns=0))
    made.set_rcode(rcode)
    made.flags |= flags
    for where, owner, ttl, rtype, *values in sections:
        getattr(made, where).append(dns.rrset.from_text(owner, ttl, "IN", rtype, *values))
    return made.to_wire()


@pytest.mark.parametrize("kind", ["A", "AAAA", "MX", "SRV"])
@pytest.mark.parametrize("edns", [True, False])
def test_question_is_one_that_dnspython_reads(kind, edns):
    read = dns.message.from_wire(packet.question(4711, packet.wire_name("mail.example.com"), kind, edns=edns))
    (asked,) = read.question
    assert (read.id, asked.name.to_text(), asked.rdtype.name) == (4711, "mail.example.com.", kind)
    assert read.flags == dns.flags.RD
    assert (read.edns, read.payload if edns else 0) == ((0, 1232) if edns else (-1, 0))


@pytest.mark.parametrize("name", ["", "a..b", ".a", "a" * 64, "a." * 130 + "b", "mäil.example"])
def test_name_that_cannot_be_is_not_asked_for(name):
    with pytest.raises(BadName):
        packet.wire_name(name)


def test_records_of_all_kinds_are_read():
    data = answer(
        "Mail.Example",
        "MX",
        ("answer", "mail.example.", 60, "CNAME", "Real.example."),
        ("answer", "real.example.", 61, "MX", "10 mx1.real.example.", "20 ."),
        ("answer", "real.example.", 62, "A", "192.0.2.1"),
        ("answer", "real.example.", 63, "AAAA", "2001:db8::1"),
        ("answer", "real.example.", 64, "SRV", "1 2 587 mx.example."),
        ("answer", "real.example.", 65, "TXT", '"passed over"'),
    )
    read = packet.read(data)
    assert (read.name, read.kind, read.rcode, read.truncated) == ("mail.example", packet.MX, 0, False)
    assert sorted(read.records, key=repr) == sorted(
        [
            Record("mail.example", "CNAME", 60, "real.example"),
            Record("real.example", "MX", 61, (10, "mx1.real.example")),
            Record("real.example", "MX", 61, (20, ".")),
            Record("real.example", "A", 62, "192.0.2.1"),
            Record("real.example", "AAAA", 63, "2001:db8::1"),
            Record("real.example", "SRV", 64, (1, 2, 587, "mx.example")),
        ],
        key=repr,
    )


def test_empty_answer_holds_as_long_as_the_authority_says():
    soa = ("authority", "example.", 900, "SOA", "ns.example. root.example. 1 2 3 4 120")
    assert packet.read(answer("no.example", "A", soa, rcode=dns.rcode.NXDOMAIN)).negative_ttl == 120
    assert packet.read(answer("no.example", "A")).negative_ttl == -1


def test_cut_answer_is_known_even_where_the_cut_is_ugly():
    data = answer("a.example", "A", ("answer", "a.example.", 9, "A", "192.0.2.1"), flags=dns.flags.TC)
    assert packet.read(data).truncated
    assert packet.read(data[:-9]).truncated


def test_bytes_that_no_host_name_has_stay_visible():
    data = answer("a.example", "MX", ("answer", "a.example.", 9, "MX", r"1 x\.y\032z\000.example."))
    assert packet.read(data).records[0].data == (1, r"x\046y\032z\000.example")


@pytest.mark.parametrize("data", [b"", b"\0" * 11, b"\x12\x34\x81\x80" + b"\0" * 8])
def test_no_message_is_no_answer(data):
    with pytest.raises(BadPacket):
        packet.read(data)


def test_name_in_a_circle_has_no_end():
    data = bytearray(answer("a.example", "A"))
    data[12:14] = b"\xc0\x0c"
    with pytest.raises(BadPacket):
        packet.read(bytes(data))


def test_garbled_packets_raise_nothing_else():
    random.seed(5)
    whole = answer(
        "a.example",
        "MX",
        ("answer", "a.example.", 9, "MX", "1 mx.a.example.", "2 mx2.a.example."),
        ("answer", "a.example.", 9, "A", "192.0.2.1"),
        ("authority", "example.", 900, "SOA", "ns.example. root.example. 1 2 3 4 120"),
    )
    read = 0
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(random.randint(1, 4)):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            packet.read(bytes(data[: random.randint(0, len(data))]))
            read += 1
        except BadPacket:
            pass
    assert read > 0
