"""Answers that DNSSEC vouches for: what is read of them, how long they are kept, what counts as none."""

import asyncio

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from fastsmtp.route.secure import Secured, SecureNames
from tests.support.jumping import run

DIGEST = "ab" * 32


class Zone:
    """In place of name servers: (name, type) -> (validated, TTL, records), or a response code, or None."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    async def ask(self, question):
        (asked,) = question.question
        key = asked.name.to_text(omit_final_dot=True), asked.rdtype.name
        self.asked.append(key)
        assert question.flags & dns.flags.AD
        await asyncio.sleep(0)
        found = self.answers.get(key, (True, 60, []))
        if found is None:
            return None
        answer = dns.message.make_response(question)
        if isinstance(found, str):
            answer.set_rcode(dns.rcode.from_text(found))
            return answer
        secure, ttl, records = found
        if secure:
            answer.flags |= dns.flags.AD
        for name, kind, data in records:
            answer.answer.append(dns.rrset.from_text(name, ttl, "IN", kind, data))
        return dns.message.from_wire(answer.to_wire())


def test_records_come_with_what_dnssec_says_of_them():
    zone = Zone(
        {
            ("a.test", "MX"): (True, 60, [("a.test.", "MX", "10 MX.a.test.")]),
            ("_25._tcp.mx.a.test", "TLSA"): (
                False,
                60,
                [("_25._tcp.mx.a.test.", "TLSA", f"3 1 1 {DIGEST}")],
            ),
        }
    )

    async def ask():
        names = SecureNames(ask=zone.ask)
        assert await names.exchangers("a.test") == Secured(True, "a.test", ("mx.a.test",))
        tlsa = await names.tlsa("mx.a.test", 25)
        assert tlsa == Secured(False, "_25._tcp.mx.a.test", ((3, 1, 1, bytes.fromhex(DIGEST)),))
        assert await names.exchangers("none.test") == Secured(True, "none.test", ())

    run(ask())


def test_addresses_follow_aliases_and_both_families_count():
    zone = Zone(
        {
            ("mx.test", "A"): (
                True,
                60,
                [("mx.test.", "CNAME", "real.test."), ("real.test.", "A", "192.0.2.1")],
            ),
            ("mx.test", "AAAA"): (True, 60, [("mx.test.", "CNAME", "real.test.")]),
            ("half.test", "A"): (True, 60, [("half.test.", "A", "192.0.2.1")]),
            ("half.test", "AAAA"): (False, 60, [("half.test.", "AAAA", "2001:db8::1")]),
            ("old.test", "A"): (True, 60, [("old.test.", "A", "192.0.2.1")]),
            ("old.test", "AAAA"): (False, 60, []),
        }
    )

    async def ask():
        names = SecureNames(ask=zone.ask)
        assert await names.addresses("mx.test") == Secured(True, "real.test", ("192.0.2.1",))
        half = await names.addresses("half.test")
        assert half is not None
        assert not half.secure
        assert await names.addresses("old.test") == Secured(True, "old.test", ("192.0.2.1",))

    run(ask())


@pytest.mark.parametrize("failure", ["SERVFAIL", "REFUSED", None])
def test_answer_that_could_not_be_had_is_none_and_is_not_kept(failure):
    zone = Zone({("mx.test", "A"): failure, ("_25._tcp.mx.test", "TLSA"): failure})

    async def ask():
        names = SecureNames(ask=zone.ask)
        for _ in range(2):
            assert await names.addresses("mx.test") is None
            assert await names.tlsa("mx.test", 25) is None

    run(ask())
    assert zone.asked.count(("_25._tcp.mx.test", "TLSA")) == 2


def test_name_that_does_not_exist_is_an_answer():
    zone = Zone({("_25._tcp.mx.test", "TLSA"): "NXDOMAIN"})

    async def ask():
        assert await SecureNames(ask=zone.ask).tlsa("mx.test", 25) == Secured(False, "_25._tcp.mx.test", ())

    run(ask())


def test_name_that_cannot_be_is_not_asked_for():
    zone = Zone({})

    async def ask():
        answer = await SecureNames(ask=zone.ask).alias("x" * 64 + ".test")
        assert answer is not None
        assert not answer.secure

    run(ask())
    assert zone.asked == []


@pytest.mark.parametrize(("ttl", "kept"), [(0, 1), (30, 30), (86400, 100)])
def test_answer_is_kept_for_its_time_within_bounds(ttl, kept):
    zone = Zone({("a.test", "MX"): (True, ttl, [("a.test.", "MX", "10 mx.a.test.")])})

    async def ask():
        names = SecureNames(ask=zone.ask)
        await names.exchangers("a.test")
        await asyncio.sleep(kept - 0.1)
        await names.exchangers("A.test.")
        assert len(zone.asked) == 1
        await asyncio.sleep(0.2)
        await names.exchangers("a.test")
        assert len(zone.asked) == 2

    run(ask())


def test_those_who_ask_at_once_share_a_question():
    zone = Zone({("a.test", "MX"): (True, 60, [("a.test.", "MX", "10 mx.a.test.")])})

    async def ask():
        names = SecureNames(ask=zone.ask)
        answers = await asyncio.gather(*(names.exchangers("a.test") for _ in range(5)))
        assert len(set(answers)) == 1

    run(ask())
    assert len(zone.asked) == 1


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr("fastsmtp.route.secure.ANSWERS_LIMIT", 2)
    zone = Zone({})

    async def ask():
        names = SecureNames(ask=zone.ask)
        for letter in "abc":
            await names.exchangers(f"{letter}.test")
        assert len(names._kept) == 2

    run(ask())
