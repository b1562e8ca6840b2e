"""From a next-hop to hosts in order, with a resolver from memory (spec: routing, 2)."""

import asyncio
from functools import partial

import pytest

from fastsmtp.route import hosts as module
from fastsmtp.route.failure import NOTHING as NO_SUCH
from fastsmtp.route.failure import TEMPORARY as LATER
from fastsmtp.route.failure import LookupFailure
from fastsmtp.route.hosts import Router, RouteRules
from fastsmtp.route.nexthop import is_address
from fastsmtp.route.order import OrderRules
from fastsmtp.route.resolver import Found, unheard

NOTHING = LookupFailure("5.4.4", "Host not found", NO_SUCH)
TEMPORARY = LookupFailure("4.4.3", "Host not found, try again", LATER)


class Names:
    """A resolver that answers from dicts; a LookupFailure in them is raised."""

    dns_enabled = True

    def __init__(self, mx=None, addresses=None, srv=None, aliases=None):
        self.mx = mx or {}
        self.known = addresses or {}
        self.srv = srv or {}
        self.aliases = aliases or {}
        self.asked = []

    async def mail_exchangers(self, domain):
        self.asked.append(domain)
        return self._given(self.mx.get(domain, []))

    async def services(self, name):
        return self._given(self.srv.get(name, []))

    async def addresses(self, host):
        name = self.aliases.get(host, host)
        literal = [host] if is_address(host) else NOTHING
        return Found(name, self._given(self.known.get(name, literal)))

    @staticmethod
    def _given(answer):
        if isinstance(answer, LookupFailure):
            raise answer
        return answer


ORDER = OrderRules(True, "any", True, 0, False)
RULES = RouteRules(port=25, order=ORDER, ignores_mx_failure=False, waits_for_mx_address=False)


def router(names, warn=unheard, **changes):
    order = {name: changes.pop(name) for name in OrderRules._fields if name in changes}
    return Router(RULES._replace(order=ORDER._replace(**order), **changes), names, warn)


def hosts(names, nexthop="example.com", number=0, **changes):
    return asyncio.run(router(names, **changes).hosts(nexthop, number))


def failure(names, nexthop="example.com", number=0, **changes):
    with pytest.raises(LookupFailure) as caught:
        hosts(names, nexthop, number, **changes)
    return caught.value


TWO = {"mx1": ["192.0.2.1"], "mx2": ["192.0.2.2"]}


def test_hosts_come_by_preference():
    found = hosts(Names({"example.com": [(20, "mx2"), (10, "mx1")]}, TWO))
    assert [(h.name, h.preference, h.best) for h in found] == [("mx1", 10, True), ("mx2", 20, False)]


def test_domain_without_mx_is_its_own_host():
    (host,) = hosts(Names(addresses={"example.com": ["192.0.2.9"]}))
    assert (host.name, host.address, host.port) == ("example.com", "192.0.2.9", 25)


def test_brackets_skip_mx():
    names = Names({"example.com": [(10, "mx1")]}, {"example.com": ["192.0.2.9"], **TWO})
    assert [h.address for h in hosts(names, "[example.com]:587")] == ["192.0.2.9"]


def test_null_mx_bounces_even_beside_others():
    error = failure(Names({"example.com": [(0, "."), (10, "mx1")]}, TWO))
    assert (error.dsn, error.text) == ("5.1.0", "Domain example.com does not accept mail (nullMX)")


def test_unknown_domain_fails_hard():
    assert failure(Names()).dsn == "5.4.4"


def test_temporary_mx_failure_asks_for_no_address():
    names = Names({"example.com": TEMPORARY}, {"example.com": ["192.0.2.9"]})
    assert failure(names).dsn == "4.4.3"
    assert hosts(names, "example.com", ignores_mx_failure=True)[0].address == "192.0.2.9"


@pytest.mark.parametrize("order", [("mx1", "mx2"), ("mx2", "mx1")])
def test_one_temporary_exchanger_keeps_the_mail_waiting(order):
    names = Names({"example.com": [(10, order[0]), (20, order[1])]}, {"mx1": NOTHING, "mx2": TEMPORARY})
    assert failure(names).soft


def test_exchangers_without_address_bounce_unless_told_to_wait():
    names = Names({"example.com": [(10, "mx1")]})
    assert failure(names).dsn == "5.4.4"
    assert failure(names, "example.com", waits_for_mx_address=True).dsn == "4.4.4"


def test_failing_exchanger_is_passed_over_while_another_has_an_address():
    names = Names({"example.com": [(10, "gone"), (20, "mx2")]}, TWO)
    assert [h.name for h in hosts(names)] == ["mx2"]


def test_numeric_exchanger_is_used_as_an_address():
    assert hosts(Names({"example.com": [(10, "192.0.2.7")]}))[0].address == "192.0.2.7"


def test_equal_preferences_are_shuffled_and_never_pass_a_better_one():
    many = {f"m{i}": [f"192.0.2.{i}"] for i in range(1, 9)}
    names = Names({"example.com": [(10, "mx1"), *((20, name) for name in many)]}, {**TWO, **many})
    orders = {tuple(h.name for h in hosts(names)) for _ in range(50)}
    assert {order[0] for order in orders} == {"mx1"}
    assert len(orders) > 5


def test_order_is_kept_with_randomize_off():
    names = Names(
        {"example.com": [(10, f"m{i}") for i in range(5)]}, {f"m{i}": ["192.0.2.1"] for i in range(5)}
    )
    orders = {tuple(h.name for h in hosts(names, "example.com", randomize=False)) for _ in range(9)}
    assert len(orders) == 1


def test_sites_of_the_fallback_relay_stand_behind_all_others():
    sites = router(Names(), fallback="[f1] f2:587").sites("[a], b:2525")
    assert [(site.host, site.port, site.literal, site.fallback) for site in sites] == [
        ("a", 25, True, False),
        ("b", 2525, False, False),
        ("f1", 25, True, True),
        ("f2", 587, False, True),
    ]


def test_sites_are_numbered_for_their_limits():
    names = Names({}, TWO)
    found = [hosts(names, "[mx2] [mx1]", n, fallback="[mx1]")[0] for n in (0, 1, 2)]
    assert [(host.name, host.site) for host in found] == [("mx2", 0), ("mx1", 1), ("mx1", 2)]


@pytest.mark.parametrize(
    ("changes", "nexthop", "number"),
    [({"relay": "[nowhere]"}, "[nowhere]", 0), ({"fallback": "[nowhere]"}, "example.com", 1)],
)
def test_relay_that_is_not_found_is_a_configuration_fault(changes, nexthop, number):
    heard = []
    error = failure(Names(), nexthop, number, warn=heard.append, **changes)
    assert (error.dsn, error.text) == ("4.3.5", "Host not found")
    (warning,) = heard
    assert warning.endswith("configuration problem: Host not found")


def test_relay_that_a_table_names_is_one_too():
    relays = set()
    made = Router(RULES, Names(), relays=relays)
    relays.add("[nowhere]")
    with pytest.raises(LookupFailure) as caught:
        asyncio.run(made.hosts("[nowhere]"))
    assert caught.value.dsn == "4.3.5"


@pytest.mark.parametrize(
    "text", ["[mx1", "[mx1]x", "[mx1]:x", "a:0", "a:65536", "a:25x", "2001:db8::1", "a..b", "", " ,"]
)
def test_bad_next_hop_is_a_configuration_fault(text):
    heard = []
    error = failure(Names(), text, warn=heard.append)
    assert error.dsn == "4.3.5"
    assert heard == [error.text]
    assert text in error.text


def test_port_of_wrapped_tls_is_pointed_out():
    heard = []
    router(Names(), heard.append).sites("[a]:465")
    assert "465" in heard[0]


# This machine


HERE = {"interfaces": ("192.0.2.2",), "proxies": ("198.51.100.1",)}


def test_hosts_that_are_no_nearer_than_this_machine_are_dropped():
    known = {"dead": ["192.0.2.9"], "self": ["192.0.2.2"], "other": ["192.0.2.3"], "far": ["192.0.2.4"]}
    names = Names({"example.com": [(10, "dead"), (20, "self"), (20, "other"), (30, "far")]}, known)
    (host,) = hosts(names, **HERE)
    assert (host.name, host.last) == ("dead", True)
    assert len(hosts(names)) == 4


@pytest.mark.parametrize("address", ["192.0.2.2", "198.51.100.1"])
def test_best_host_of_a_domain_is_no_host_for_itself(address):
    names = Names({"example.com": [(10, "self"), (20, "mx1")]}, {"self": [address], **TWO})
    error = failure(names, **HERE)
    assert (error.dsn, error.text) == ("5.4.6", "mail for example.com loops back to myself")
    assert hosts(names, "example.com:2525", **HERE)[0].address == address


def test_primary_that_is_not_found_defers():
    names = Names({"example.com": [(10, "gone"), (20, "self")]}, {"self": ["192.0.2.2"]})
    error = failure(names, **HERE)
    assert (error.dsn, error.text) == ("4.4.4", "unable to find primary relay for example.com")


@pytest.mark.parametrize("nexthop", ["[self]", "self", "[self]:smtp", "[192.0.2.2]"])
def test_any_own_address_of_a_host_is_a_loop(nexthop):
    names = Names({}, {"self": ["192.0.2.1", "192.0.2.2"]})
    assert failure(names, nexthop, **HERE).dsn == "5.4.6"


# Order


def test_family_is_preferred_within_equal_preference():
    known = {"mx1": ["192.0.2.1", "2001:db8::1"], "mx2": ["192.0.2.2", "2001:db8::2"]}
    names = Names({"example.com": [(10, "mx1"), (20, "mx2")]}, known)
    for preference, expected in (("ipv6", [True, False, True, False]), ("ipv4", [False, True, False, True])):
        found = hosts(names, preference=preference, both_families=True)
        assert [":" in host.address for host in found] == expected
        assert [host.best for host in found] == [True, True, False, False]


@pytest.mark.parametrize(
    ("four", "six", "limit", "expected"),
    [
        (4, 1, 3, (2, 1)),
        (1, 4, 3, (1, 2)),
        (4, 4, 3, (2, 1)),
        (4, 4, 4, (2, 2)),
        (9, 0, 3, (9, 0)),
        (2, 1, 3, (2, 1)),
    ],
)
def test_limit_of_addresses_leaves_both_families_some(four, six, limit, expected):
    addresses = [f"192.0.2.{n}" for n in range(four)] + [f"2001:db8::{n}" for n in range(six)]
    found = hosts(
        Names({}, {"a": addresses}), "[a]", addresses_limit=limit, randomize=False, both_families=True
    )
    counts = [sum((":" in host.address) is ipv6 for host in found) for ipv6 in (False, True)]
    assert tuple(counts) == expected


def test_address_lists_have_a_limit():
    heard = []
    known = {f"m{n}": [f"192.0.2.{n}"] for n in range(120)}
    found = hosts(Names({"example.com": [(10, name) for name in known]}, known), warn=heard.append)
    assert len(found) == 100
    assert "more than 100 addresses" in heard[0]


def test_alias_gives_its_name_only_on_request():
    names = Names({"example.com": [(10, "alias")]}, TWO, aliases={"alias": "mx1"})
    assert hosts(names)[0].name == "alias"
    assert hosts(names, cname_names=True)[0].name == "mx1"


# SRV


SERVICE = "_submission._tcp.example.com"
SRV = {"services": frozenset({"submission"})}


def test_service_is_found_by_its_records():
    names = Names({}, TWO, {SERVICE: [(10, 0, 1587, "mx2"), (0, 0, 2587, "mx1")]})
    found = hosts(names, "example.com:submission", **SRV)
    assert [(host.name, host.port, host.best) for host in found] == [
        ("mx1", 2587, True),
        ("mx2", 1587, False),
    ]
    assert names.asked == []


def test_bracketed_host_or_other_service_has_no_srv_lookup():
    names = Names({}, {"example.com": ["192.0.2.9"]}, {SERVICE: [(0, 0, 2587, "mx1")]})
    assert hosts(names, "[example.com]:submission", **SRV)[0].port == 587
    assert hosts(names, "example.com:2525", **SRV)[0].port == 2525


def test_weights_decide_among_equal_priorities():
    names = Names({}, TWO, {SERVICE: [(0, 90, 1, "mx1"), (0, 10, 2, "mx2")]})
    made = router(names, **SRV)

    async def first_ports():
        return [(await made.hosts("example.com:submission"))[0].port for _ in range(400)]

    first = asyncio.run(first_ports())
    assert 300 < first.count(1) < 400


def test_service_that_is_declared_absent_bounces():
    error = failure(Names({}, {}, {SERVICE: [(0, 0, 0, ".")]}), "example.com:submission", **SRV)
    assert (error.dsn, error.text) == ("5.1.0", "Domain example.com does not support SRV requests")


@pytest.mark.parametrize(
    ("answer", "changes", "falls_back"),
    [
        ([], {}, False),
        ([], {"leaves_srv": True}, True),
        ([], {"ignores_srv_failure": True}, False),
        (TEMPORARY, {}, False),
        (TEMPORARY, {"ignores_srv_failure": True}, True),
        ([(0, 0, 1, "gone")], {"leaves_srv": True}, True),
    ],
)
def test_service_without_an_answer_goes_by_mx_only_on_request(answer, changes, falls_back):
    names = Names({"example.com": [(10, "mx1")]}, TWO, {SERVICE: answer})
    if falls_back:
        assert hosts(names, "example.com:submission", **SRV, **changes)[0].name == "mx1"
    else:
        failure(names, "example.com:submission", **SRV, **changes)


# Ahead


def ahead(names, *nexthops, made=None):
    """Which of them are looked up, and those that were told of at the end."""

    async def run():
        router_ = made or router(names)
        told = []
        begun = [nexthop for nexthop in nexthops if router_.expect(nexthop, partial(told.append, nexthop))]
        for _ in range(10):
            await asyncio.sleep(0)
        router_.close()
        return begun, told

    return asyncio.run(run())


def test_next_hop_is_looked_up_before_its_turn():
    names = Names({"example.com": TEMPORARY}, {"a.example": ["192.0.2.1"], "b.example": ["192.0.2.2"]})
    begun, told = ahead(names, "a.example", "example.com", "[b.example]", "192.0.2.1", "[192.0.2.1]", "[bad")
    assert begun == told == ["a.example", "example.com", "[b.example]"]
    assert names.asked == ["a.example", "example.com"]


def test_what_was_found_ahead_is_for_the_first_delivery_alone():
    async def run():
        names = Names({"a.example": [(10, "mx1")]}, {"mx1": ["192.0.2.1"]})
        made = router(names)
        made.expect("a.example", lambda: None)
        await asyncio.sleep(0.001)
        first, second = await made.hosts("a.example"), await made.hosts("a.example")
        return first == second, names.asked

    assert asyncio.run(run()) == (True, ["a.example", "a.example"])


def test_failure_ahead_is_what_the_first_delivery_hears():
    async def run():
        names = Names({"a.example": TEMPORARY})
        made = router(names)
        made.expect("a.example", lambda: None)
        await asyncio.sleep(0.001)
        with pytest.raises(LookupFailure) as caught:
            await made.hosts("a.example")
        return caught.value is TEMPORARY, names.asked

    assert asyncio.run(run()) == (True, ["a.example"])


def test_what_was_found_ahead_is_good_for_seconds(monkeypatch):
    async def run():
        names = Names({"a.example": [(10, "mx1")]}, {"mx1": ["192.0.2.1"]})
        made = router(names)
        made.expect("a.example", lambda: None)
        await asyncio.sleep(0.001)
        await made.hosts("a.example")
        return names.asked

    monkeypatch.setattr(module, "AHEAD_TIME", -1.0)
    assert asyncio.run(run()) == ["a.example", "a.example"]


def test_what_nobody_came_for_is_forgotten(monkeypatch):
    monkeypatch.setattr(module, "AHEAD_LIMIT", 2)
    names = Names({f"{name}.example": [(10, "mx1")] for name in "abc"}, {"mx1": ["192.0.2.1"]})
    made = router(names)
    ahead(names, "a.example", "b.example", "c.example", made=made)
    assert list(made._ahead) == ["b.example", "c.example"]
