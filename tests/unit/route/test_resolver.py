"""DNS answers, failures and the cache, against a name server on loopback (spec: routing, 2)."""

import asyncio

import pytest

from fastsmtp.route.resolver import LookupFailure, LookupRules, Resolver
from tests.support.nameserver import NameServer

ZONE = {
    ("two.test", "MX"): ["20 mx2.two.test.", "10 mx1.two.test."],
    ("null.test", "MX"): ["0 ."],
    ("mx1.two.test", "A"): ["192.0.2.1", "192.0.2.2"],
    ("mx1.two.test", "AAAA"): ["2001:db8::1"],
    ("plain.test", "A"): ["192.0.2.9"],
    ("broken.test", "MX"): "SERVFAIL",
    ("half.test", "AAAA"): "SERVFAIL",
}


@pytest.fixture
def server():
    with NameServer(ZONE) as running:
        yield running


def resolver(server, protocols=("ipv4",), methods=("dns",), dns=True):
    return Resolver(LookupRules(frozenset(protocols), dns, frozenset(methods), (("127.0.0.1", server.port),)))


def ask(server, question, *arguments, **rules):
    async def run():
        return await getattr(resolver(server, **rules), question)(*arguments)

    return asyncio.run(run())


def failure(server, question, *arguments, **rules):
    with pytest.raises(LookupFailure) as caught:
        ask(server, question, *arguments, **rules)
    return caught.value


def test_exchangers_come_with_their_preference(server):
    assert sorted(ask(server, "mail_exchangers", "two.test")) == [(10, "mx1.two.test"), (20, "mx2.two.test")]


def test_null_mx_is_the_root(server):
    assert ask(server, "mail_exchangers", "null.test") == [(0, ".")]


@pytest.mark.parametrize("domain", ["plain.test", "unknown.test"])
def test_no_exchanger_is_an_answer(server, domain):
    assert ask(server, "mail_exchangers", domain) == []


def test_server_failure_is_temporary(server):
    error = failure(server, "mail_exchangers", "broken.test")
    assert (error.dsn, error.soft) == ("4.4.3", True)
    assert error.text.startswith("Host or domain name not found. Name service error for name=broken.test ")
    assert error.text.endswith(" type=MX: Host not found, try again")


def test_addresses_are_of_the_families_in_use(server):
    assert sorted(ask(server, "addresses", "mx1.two.test")) == ["192.0.2.1", "192.0.2.2"]
    assert ask(server, "addresses", "mx1.two.test", protocols=("ipv6",)) == ["2001:db8::1"]
    assert len(ask(server, "addresses", "mx1.two.test", protocols=("all",))) == 3


def test_unknown_host_names_the_type_and_says_so(server):
    error = failure(server, "addresses", "unknown.test")
    assert (error.dsn, error.found_nothing) == ("5.4.4", True)
    assert error.text.endswith("Name service error for name=unknown.test type=A: Host not found")


def test_host_without_addresses_is_told_apart(server):
    error = failure(server, "addresses", "two.test")
    assert error.text.endswith("Host found but no data record of requested type")


def test_temporary_failure_of_one_family_outweighs_nothing_of_the_other(server):
    assert failure(server, "addresses", "half.test", protocols=("all",)).soft


def test_answers_and_unknown_names_are_asked_once(server):
    async def run():
        r = resolver(server)
        for _ in range(3):
            await r.mail_exchangers("two.test")
            await r.mail_exchangers("unknown.test")

    asyncio.run(run())
    assert server.asked == [("two.test", "MX"), ("unknown.test", "MX")]


def test_temporary_failures_are_asked_anew(server):
    async def run():
        r = resolver(server)
        for _ in range(2):
            with pytest.raises(LookupFailure):
                await r.mail_exchangers("broken.test")

    asyncio.run(run())
    assert server.asked.count(("broken.test", "MX")) >= 2


def test_questions_at_the_same_time_are_one(server):
    async def run():
        r = resolver(server)
        await asyncio.gather(*(r.mail_exchangers("two.test") for _ in range(50)))

    asyncio.run(run())
    assert server.asked == [("two.test", "MX")]


def test_native_lookup_asks_the_system_alone(server):
    assert ask(server, "addresses", "127.0.0.1", dns=False) == ["127.0.0.1"]
    assert ask(server, "addresses", "localhost", methods=("native",)) == ["127.0.0.1"]
    assert server.asked == []


def test_native_lookup_fails_with_its_own_words(server):
    error = failure(server, "addresses", "no-such-host.invalid", dns=False)
    assert error.text.startswith("unable to look up host no-such-host.invalid: ")
