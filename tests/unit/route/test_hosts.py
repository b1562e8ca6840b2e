"""From a next-hop to hosts in order, with a resolver from memory (spec: routing, 2)."""

import asyncio

import pytest

from fastsmtp.route.failure import NOTHING as NO_SUCH
from fastsmtp.route.failure import TEMPORARY as LATER
from fastsmtp.route.failure import LookupFailure
from fastsmtp.route.hosts import Router, RouteRules
from fastsmtp.route.resolver import Found

NOTHING = LookupFailure("5.4.4", "Host not found", NO_SUCH)
TEMPORARY = LookupFailure("4.4.3", "Host not found, try again", LATER)


class Names:
    """A resolver that answers from two dicts; a LookupFailure in them is raised."""

    dns_enabled = True

    def __init__(self, mx=None, addresses=None):
        self.mx = mx or {}
        self.known = addresses or {}

    async def mail_exchangers(self, domain):
        return self._given(self.mx.get(domain, []))

    async def addresses(self, host):
        return Found(host, self._given(self.known.get(host, NOTHING)))

    @staticmethod
    def _given(answer):
        if isinstance(answer, LookupFailure):
            raise answer
        return answer


RULES = RouteRules(port=25, randomize=True, ignores_mx_failure=False, waits_for_mx_address=False)


def hosts(names, nexthop="example.com", **changes):
    return asyncio.run(Router(RULES._replace(**changes), names).hosts(nexthop))


def failure(names, nexthop="example.com", **changes):
    with pytest.raises(LookupFailure) as caught:
        hosts(names, nexthop, **changes)
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


def test_sites_stand_behind_each_other_and_soft_beats_hard():
    names = Names({"a.example": TEMPORARY}, TWO)
    assert [h.name for h in hosts(names, "[mx2] [mx1]")] == ["mx2", "mx1"]
    assert failure(names, "nowhere.example, a.example").dsn == "4.4.3"


def test_sites_are_numbered_for_their_limits():
    assert [h.site for h in hosts(Names({}, TWO), "[mx2] [mx1]", fallback="[mx1]")] == [0, 1, 2]


def test_fallback_relay_stands_behind_all_others():
    names = Names({"example.com": [(10, "mx1")]}, TWO)
    assert [h.name for h in hosts(names, fallback="[mx2]")] == ["mx1", "mx2"]


def test_domain_that_is_not_found_goes_to_the_fallback_relay():
    assert [h.name for h in hosts(Names({}, TWO), fallback="[mx2]")] == ["mx2"]
    assert [h.name for h in hosts(Names({"example.com": [(0, ".")]}, TWO), fallback="[mx2]")] == ["mx2"]


@pytest.mark.parametrize("changes", [{"relay": "[nowhere]"}, {"fallback": "[nowhere]"}])
def test_relay_that_is_not_found_is_a_configuration_fault(changes):
    error = failure(Names(), "[nowhere]" if "relay" in changes else "example.com", **changes)
    assert (error.dsn, error.text) == ("4.3.5", "Host not found")


def test_bad_next_hop_is_a_configuration_fault():
    assert failure(Names(), "[mx1").dsn == "4.3.5"
    assert failure(Names(), "[mx1]:x").dsn == "4.3.5"
