"""DNS answers, failures and the cache, against a name server on loopback (spec: routing, 2)."""

import asyncio

import pytest

from fastsmtp.errors import Pending, TableError
from fastsmtp.route import records
from fastsmtp.route.failure import LookupFailure
from fastsmtp.route.nameservers import NameServers
from fastsmtp.route.resolver import LookupRules, Resolver
from tests.support.nameserver import NameServer

ZONE = {
    ("two.test", "MX"): ["20 mx2.two.test.", "10 mx1.two.test."],
    ("null.test", "MX"): ["0 ."],
    ("mx1.two.test", "A"): ["192.0.2.1", "192.0.2.2"],
    ("mx1.two.test", "AAAA"): ["2001:db8::1"],
    ("plain.test", "A"): ["192.0.2.9"],
    ("broken.test", "MX"): "SERVFAIL",
    ("half.test", "AAAA"): "SERVFAIL",
    ("refused.test", "MX"): "REFUSED",
    ("odd.test", "MX"): "YXDOMAIN",
    ("alias.test", "CNAME"): ["plain.test."],
    ("alias2.test", "CNAME"): ["two.test."],
    ("ring1.test", "CNAME"): ["ring2.test."],
    ("ring2.test", "CNAME"): ["ring1.test."],
    ("half-good.test", "MX"): ["10 -bad-.two.test.", "20 mx1.two.test."],
    ("bad.test", "MX"): ["10 -bad-.two.test."],
    ("numeric.test", "MX"): ["10 192.0.2.7."],
    ("_submission._tcp.two.test", "SRV"): ["0 5 587 mx1.two.test."],
}


@pytest.fixture
def server():
    with NameServer(ZONE) as running:
        yield running


def resolver(server, protocols=("ipv4",), methods=("dns",), dns=True, options=(), **hands):
    servers = (("127.0.0.1", server.port),)
    rules = LookupRules(frozenset(protocols), dns, frozenset(methods), servers, frozenset(options))
    return Resolver(rules, **hands)


def ask(server, question, *arguments, **rules):
    return used(server, lambda r: getattr(r, question)(*arguments), **rules)


def used(server, use, **rules):
    """What `use` comes to with a resolver that is closed after it."""

    async def run():
        r = resolver(server, **rules)
        try:
            return await use(r)
        finally:
            r.close()

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
    assert sorted(ask(server, "addresses", "mx1.two.test").addresses) == ["192.0.2.1", "192.0.2.2"]
    assert ask(server, "addresses", "mx1.two.test", protocols=("ipv6",)).addresses == ["2001:db8::1"]
    assert len(ask(server, "addresses", "mx1.two.test", protocols=("all",)).addresses) == 3


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
    async def ask_all(r):
        for _ in range(3):
            await r.mail_exchangers("two.test")
            await r.mail_exchangers("unknown.test")

    used(server, ask_all)
    assert server.asked == [("two.test", "MX"), ("unknown.test", "MX")]


def test_temporary_failure_is_kept_for_seconds_alone(server, monkeypatch):
    async def ask_twice(r):
        for _ in range(2):
            with pytest.raises(LookupFailure):
                await r.mail_exchangers("broken.test")

    used(server, ask_twice)
    once = server.asked.count(("broken.test", "MX"))
    monkeypatch.setattr(records, "TEMPORARY_TTL", 0.0)
    used(server, ask_twice)
    assert server.asked.count(("broken.test", "MX")) == 3 * once


def test_questions_at_the_same_time_are_one(server):
    used(server, lambda r: asyncio.gather(*(r.mail_exchangers("two.test") for _ in range(50))))
    assert server.asked == [("two.test", "MX")]


def test_every_family_switched_off_defers(server):
    assert (
        failure(server, "addresses", "plain.test", protocols=()).text == "all network protocols are disabled"
    )


@pytest.mark.parametrize(("host", "protocols"), [("::1", ("ipv4",)), ("127.0.0.1", ("ipv6",))])
def test_address_of_a_family_that_is_off_is_no_host(server, host, protocols):
    error = failure(server, "addresses", host, protocols=protocols)
    assert (error.dsn, error.text) == (
        "5.4.4",
        f"Name service error for {host}: invalid host or domain name",
    )


def test_alias_is_followed_also_out_of_the_packet(server):
    found = ask(server, "addresses", "alias.test")
    assert (found.name, found.addresses) == ("plain.test", ["192.0.2.9"])
    assert ask(server, "mail_exchangers", "alias2.test") != []


def test_aliases_in_a_ring_are_not_found(server):
    error = failure(server, "addresses", "ring1.test")
    assert (error.dsn, error.text) == ("5.4.4", "Name server loop for ring1.test")
    assert ask(server, "mail_exchangers", "ring1.test") == []


def test_refusal_of_the_server_is_temporary_and_other_errors_are_firm(server):
    assert failure(server, "mail_exchangers", "refused.test").dsn == "4.4.3"
    error = failure(server, "mail_exchangers", "odd.test")
    assert error.dsn == "5.4.3"
    assert error.text.endswith("Non-recoverable error")


def test_malformed_exchanger_is_dropped_with_a_warning(server):
    heard = []
    good = used(server, lambda r: r.mail_exchangers("half-good.test"), warn=heard.append)
    assert good == [(20, "mx1.two.test")]
    assert heard == ["malformed domain name in resource data of MX record for half-good.test: -bad-.two.test"]
    assert failure(server, "mail_exchangers", "bad.test").text == (
        "Name service error for name=bad.test type=MX: Malformed or unexpected name server reply"
    )


def test_numeric_exchanger_is_used_with_a_warning(server):
    heard = []
    found = used(server, lambda r: r.mail_exchangers("numeric.test"), warn=heard.append)
    assert found == [(10, "192.0.2.7")]
    assert heard == ["numeric domain name in resource data of MX record for numeric.test: 192.0.2.7"]


def test_reply_filter_that_drops_all_defers(server):
    def no_ipv4(record):
        return record.kind == "A"

    error = failure(server, "addresses", "plain.test", drops=no_ipv4)
    assert (error.dsn, error.text) == (
        "4.7.0",
        "Error looking up name=plain.test type=A: DNS reply filter drops all results",
    )
    found = ask(server, "addresses", "mx1.two.test", protocols=("all",), drops=no_ipv4)
    assert found.addresses == ["2001:db8::1"]


@pytest.mark.parametrize("problem", [TableError("table is broken"), Pending("tcp:x", "key")])
def test_reply_filter_without_an_answer_defers(server, problem):
    def broken(record):
        raise problem

    error = failure(server, "addresses", "plain.test", drops=broken)
    assert (error.dsn, error.soft) == ("4.3.0", True)
    assert "DNS reply filter" in error.text


def test_services_are_found_by_their_records(server):
    assert ask(server, "services", "_submission._tcp.two.test") == [(0, 5, 587, "mx1.two.test")]
    assert ask(server, "services", "_smtp._tcp.two.test") == []


def test_short_name_is_completed_only_on_request(server, monkeypatch):
    servers = NameServers((("127.0.0.1", server.port),), search=("other.test", "test"))
    monkeypatch.setattr("fastsmtp.route.nameservers.read", lambda: servers)
    assert failure(server, "addresses", "plain").found_nothing
    assert failure(server, "addresses", "plain", options={"res_defnames"}).found_nothing
    found = ask(server, "addresses", "plain", options={"res_dnsrch"})
    assert found.addresses == ["192.0.2.9"]


def test_native_lookup_asks_the_system_alone(server):
    assert ask(server, "addresses", "127.0.0.1", dns=False).addresses == ["127.0.0.1"]
    assert ask(server, "addresses", "localhost", methods=("native",)).addresses == ["127.0.0.1"]
    assert server.asked == []


def test_native_lookup_fails_with_its_own_words(server):
    error = failure(server, "addresses", "no-such-host.invalid", dns=False)
    assert error.text.startswith("unable to look up host no-such-host.invalid: ")
