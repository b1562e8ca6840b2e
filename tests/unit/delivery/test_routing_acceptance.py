"""The acceptance checks of routing, by their numbers, in a world without a network or a real clock.

Those that need real sockets are in tests/end_to_end/test_routing.py; 30 and 31, as far as keys go, in
tests/unit/session/test_cache.py.
"""

import re
from dataclasses import replace

import pytest

from tests.support.memory_peer import HANGUP, SILENT, Manner
from tests.support.world import NO_ANSWER, World

DOMAIN = "x.example"
DIRECT = {"relayhost": ""}
ABSENT = Manner(absent=True)
ONE, TWO, THREE, FOUR, FIVE = (f"192.0.2.{number}" for number in range(1, 6))
HOSTS = {(f"mx{number}.example", "A"): [f"192.0.2.{number}"] for number in range(1, 10)}
SINGLY = {"smtp_destination_recipient_limit": "1"}


def exchangers(*preferences, **more):
    """mx1.example and so on, at these preferences."""
    found = [(preference, f"mx{number}.example") for number, preference in enumerate(preferences, 1)]
    return {**HOSTS, (DOMAIN, "MX"): found, **more}


def world(*preferences, manners=None, **more):
    peers = dict(zip((ONE, TWO, THREE, FOUR, FIVE), manners or (), strict=False))
    return World(names=exchangers(*preferences), peers=peers, **more)


def relays(seen):
    return [conversation.host for conversation in seen.conversations]


def soft(command="RCPT", text="450 4.2.0 later"):
    return Manner(answers={command: text})


# What a name resolves to


def test_acceptance_01_domain_without_mx_is_its_own_host():
    seen = World(names={(DOMAIN, "A"): [ONE]}).run(**DIRECT)
    assert (relays(seen), seen.conversations[0].port, seen.status()) == ([ONE], 25, "sent 2.0.0")


def test_acceptance_02_null_mx_bounces_without_a_connection():
    seen = World(names={(DOMAIN, "MX"): [(0, ".")], (DOMAIN, "A"): [ONE]}).run(**DIRECT)
    assert (relays(seen), seen.status()) == ([], "bounced 5.1.0")


def test_acceptance_03_null_mx_beside_another_bounces_too():
    seen = World(names={**HOSTS, (DOMAIN, "MX"): [(0, "."), (10, "mx1.example")]}).run(**DIRECT)
    assert (relays(seen), seen.status()) == ([], "bounced 5.1.0")


def test_acceptance_04_unknown_domain_bounces_and_is_named():
    seen = World().run(**DIRECT)
    assert seen.status() == "bounced 5.4.4"
    reply = seen.outcomes["r@x.example"].reply
    assert "name=x.example type=A" in reply
    assert reply.endswith("Host not found")


def test_acceptance_05_temporary_mx_failure_defers_and_asks_no_further():
    seen = World(names={(DOMAIN, "MX"): NO_ANSWER, (DOMAIN, "A"): [ONE]}).run(**DIRECT)
    assert seen.status() == "deferred 4.4.3"
    assert seen.questions == [(DOMAIN, "MX")]


def test_acceptance_06_mx_failure_may_be_ignored():
    names = {(DOMAIN, "MX"): NO_ANSWER, (DOMAIN, "A"): [ONE]}
    seen = World(names=names).run(**DIRECT, ignore_mx_lookup_error="yes")
    assert (relays(seen), seen.status()) == ([ONE], "sent 2.0.0")


@pytest.mark.parametrize(("value", "status"), [("no", "bounced 5.4.4"), ("yes", "deferred 4.4.4")])
def test_acceptance_07_exchangers_that_do_not_exist(value, status):
    names = {(DOMAIN, "MX"): [(10, "gone.example"), (20, "gone2.example")], (DOMAIN, "A"): [ONE]}
    seen = World(names=names).run(**DIRECT, smtp_defer_if_no_mx_address_found=value)
    assert (relays(seen), seen.status()) == ([], status)
    assert "warning: no MX host for x.example has a valid address record" in seen.log


@pytest.mark.parametrize("order", [("gone.example", "slow.example"), ("slow.example", "gone.example")])
def test_acceptance_08_one_temporary_exchanger_defers_in_either_order(order):
    names = {(DOMAIN, "MX"): [(10, order[0]), (20, order[1])], ("slow.example", "A"): NO_ANSWER}
    assert World(names=names).run(**DIRECT).status().startswith("deferred 4.4.")


def test_acceptance_09_numeric_exchanger_is_used_with_a_warning():
    seen = World(names={(DOMAIN, "MX"): [(10, ONE)]}).run(**DIRECT)
    assert (relays(seen), seen.status()) == ([ONE], "sent 2.0.0")
    assert "warning: numeric domain name in resource data of MX record for x.example" in seen.log


def test_acceptance_10_malformed_exchanger_is_dropped_with_a_warning():
    seen = World(names={**HOSTS, (DOMAIN, "MX"): [(10, "-bad-.example"), (20, "mx1.example")]}).run(**DIRECT)
    assert (relays(seen), seen.status()) == ([ONE], "sent 2.0.0")
    assert "warning: malformed domain name in resource data of MX record for x.example" in seen.log


@pytest.mark.parametrize(("randomize", "least", "most"), [("yes", 450, 550), ("no", 1000, 1000)])
def test_acceptance_11_equal_exchangers_are_tried_first_alike(randomize, least, most):
    names = {
        (f"d{number}.example", "MX"): [(10, "mx1.example"), (10, "mx2.example")] for number in range(1000)
    }
    seen = World(names=names | HOSTS).run(
        [f"r@d{number}.example" for number in range(1000)],
        relayhost="",
        smtp_randomize_addresses=randomize,
        smtp_connection_cache_on_demand="no",
    )
    assert len(seen.conversations) == 1000
    assert least <= relays(seen).count(ONE) <= most


def test_acceptance_12_worse_exchanger_is_left_alone_while_a_better_one_accepts():
    seen = world(10, 20, manners=[Manner(answers={"RCPT": ["250 ok", "450 4.2.0 later", "250 ok"]})]).run(
        [f"r{number}@x.example" for number in range(6)], **DIRECT, **SINGLY
    )
    assert [len(heard.contents) for heard in seen.conversations if heard.host == TWO] == [1]
    assert {outcome.status for outcome in seen.outcomes.values()} == {"sent"}


# This machine


def test_acceptance_13_best_exchanger_that_is_this_machine_is_a_loop():
    seen = world(10, own=[ONE]).run(**DIRECT)
    assert (relays(seen), seen.status()) == ([], "bounced 5.4.6")
    assert seen.outcomes["r@x.example"].reply == "mail for x.example loops back to myself"
    assert relays(world(10, own=[ONE]).run(**DIRECT, smtp_tcp_port="2525")) == [ONE]


def test_acceptance_14_no_host_behind_this_machine_and_no_fallback_relay():
    seen = world(10, 20, 20, 30, manners=[ABSENT], own=[TWO]).run(**DIRECT, smtp_fallback_relay="[192.0.2.9]")
    assert (relays(seen), seen.refused) == ([], [(ONE, 25)])
    assert seen.status() == "deferred 4.4.1"


def test_acceptance_15_primary_that_is_not_found_defers():
    names = {**HOSTS, (DOMAIN, "MX"): [(10, "gone.example"), (20, "mx1.example")]}
    seen = World(names=names, own=[ONE]).run(**DIRECT, smtp_fallback_relay="[192.0.2.9]")
    assert (relays(seen), seen.status()) == ([], "deferred 4.4.4")
    assert seen.outcomes["r@x.example"].reply == "unable to find primary relay for x.example"


def test_acceptance_16_best_mx_transport_takes_what_would_loop():
    seen = world(10, own=[ONE]).run(**DIRECT, best_mx_transport="relay:[192.0.2.9]")
    assert (relays(seen), seen.status()) == (["192.0.2.9"], "sent 2.0.0")
    assert re.search(r"\w+: passing <r@x.example> to transport=relay", seen.log)


# Connecting


def test_acceptance_17_hosts_that_refuse_to_talk_are_no_sessions():
    manners = [Manner(greeting="421 busy"), Manner(greeting="554 no")] * 2
    seen = world(10, 20, 30, 40, 50, manners=manners).run(**DIRECT)
    assert relays(seen) == [ONE, TWO, THREE, FOUR, FIVE]
    assert seen.status() == "sent 2.0.0"


def test_acceptance_18_two_servers_see_the_message_at_most():
    seen = world(10, 20, 30, manners=[soft(text="450 one"), soft(text="450 two")]).run(**DIRECT)
    assert relays(seen) == [ONE, TWO]
    assert "said: 450 two" in seen.outcomes["r@x.example"].reply


def test_acceptance_19_last_failure_is_the_reason():
    seen = world(10, 20, manners=[soft(), ABSENT]).run(**DIRECT)
    outcome = seen.outcomes["r@x.example"]
    assert (seen.status(), outcome.relay) == ("deferred 4.4.1", "none")
    assert outcome.reply == "connect to mx2.example[192.0.2.2]:25: Connection refused"
    assert len([line for line in seen.lines if "450 4.2.0 later" in line]) == 1


def test_acceptance_20_hard_refusal_is_shown_to_nobody_else():
    manner = Manner(answers={"RCPT": ["550 5.1.1 no", "450 4.2.0 later"]})
    seen = world(10, 20, manners=[manner, soft()]).run(
        ["hard@x.example", "soft@x.example"], **DIRECT, smtp_fallback_relay="[192.0.2.9]"
    )
    assert seen.status("hard@x.example") == "bounced 5.1.1"
    assert seen.status("soft@x.example") == "sent 2.0.0"
    assert [line for line in seen.commands if "hard@" in line] == ["RCPT TO:<hard@x.example>"]
    assert relays(seen) == [ONE, TWO, "192.0.2.9"]


def test_acceptance_21_unknown_domain_goes_to_the_fallback_relay():
    seen = World().run(**DIRECT, smtp_fallback_relay="[192.0.2.9]")
    assert (relays(seen), seen.status()) == (["192.0.2.9"], "sent 2.0.0")


@pytest.mark.parametrize("parameter", ["relayhost", "smtp_fallback_relay"])
def test_acceptance_22_relay_that_does_not_exist_defers_with_a_warning(parameter):
    seen = World().run(**(DIRECT | {parameter: "[gone.example]"}))
    assert seen.status() == "deferred 4.3.5"
    assert f"warning: {parameter} configuration problem" in seen.log


def test_acceptance_23_bad_next_hop_defers_its_own_mail_alone():
    seen = World().run(relayhost="[192.0.2.9")
    assert seen.status() == "deferred 4.3.5"
    assert 'missing "]" in next-hop "[192.0.2.9"' in seen.outcomes["r@x.example"].reply


def test_acceptance_23_other_destinations_go_on():
    names = {**HOSTS, ("good.example", "MX"): [(10, "mx1.example")]}
    seen = World(names=names).run(
        ["r@bad.example", "r@good.example"],
        **DIRECT,
        transport_maps="inline:{ { bad.example = smtp:[192.0.2.9 } }",
    )
    assert seen.status("r@bad.example") == "deferred 4.3.5"
    assert seen.status("r@good.example") == "sent 2.0.0"
    assert relays(seen) == [ONE]


def test_acceptance_24_next_site_is_tried_in_the_same_attempt():
    seen = World(peers={ONE: ABSENT}).run(relayhost=f"[{ONE}], [{TWO}]")
    assert (seen.refused, relays(seen)) == ([(ONE, 25)], [TWO])
    assert (seen.status(), seen.outcomes["r@x.example"].attempts) == ("sent 2.0.0", 1)


def test_several_sites_of_which_one_is_only_down_bounce_nothing():
    seen = World(peers={ONE: ABSENT}).run(relayhost="", smtp_fallback_relay=f"[{ONE}], [{TWO}]")
    assert seen.status() == "sent 2.0.0"


# Idle sessions

PERMANENT = {"relayhost": f"[{ONE}]", "smtp_connection_cache_destinations": ONE}
AGAIN = {"minimal_backoff_time": "1", "maximal_backoff_time": "1", "smtp_connection_cache_on_demand": "no"}
THIRD_TIME = Manner(answers={"RCPT": ["450 4.2.0 later", "450 4.2.0 later", "250 ok"]})


def test_acceptance_25_permanent_caching_keeps_one_connection():
    seen = World(THIRD_TIME).run(once=False, **PERMANENT, **AGAIN)
    (conversation,) = seen.conversations
    verbs = [line.partition(" ")[0] for line in conversation.commands]
    mails = [place for place, verb in enumerate(verbs) if verb == "MAIL"]
    assert len(mails) == 3
    assert all(verbs[place - 1] == "RSET" for place in mails[1:])
    assert re.findall(r"conn_use=(\d)", seen.log) == ["2", "3"]


def test_acceptance_26_idle_limit_ends_it():
    times = {"minimal_backoff_time": "3", "maximal_backoff_time": "3", "maximal_queue_lifetime": "5s"}
    seen = World(soft()).run(once=False, **PERMANENT, **times)
    assert [conversation.spent for conversation in seen.conversations[:2]] == [2.0, 2.0]
    assert [conversation.commands[-1] for conversation in seen.conversations[:2]] == ["QUIT", "QUIT"]
    assert "conn_use" not in seen.log


def test_acceptance_27_demand_caching_uses_sessions_again_while_there_is_mail():
    seen = World(Manner(delay=0.1)).run([f"r{n}@x.example" for n in range(20)], **SINGLY)
    (conversation,) = seen.conversations
    assert len(conversation.contents) == 20
    assert re.findall(r"conn_use=(\d+)", seen.log) == [str(use) for use in range(2, 21)]


@pytest.mark.parametrize("answer", [HANGUP, SILENT])
def test_acceptance_28_session_that_was_closed_meanwhile_costs_nothing(answer):
    manner = Manner(answers={"RCPT": "450 4.2.0 later", "RSET": answer})
    seen = World(manner).run(
        once=False,
        **PERMANENT,
        **AGAIN,
        smtp_connection_cache_time_limit="30",
        connection_cache_ttl_limit="30",
        maximal_queue_lifetime="2s",
    )
    assert len(seen.conversations) == len(seen.history) > 1
    assert all("said: 450 4.2.0 later" in outcome.reply for outcome in seen.history)
    assert "warning" not in seen.log


def test_acceptance_29_reuse_limit_is_eleven_transactions():
    seen = World().run(
        [f"r{n}@x.example" for n in range(25)], **SINGLY, smtp_connection_cache_reuse_limit="10"
    )
    assert [len(conversation.contents) for conversation in seen.conversations] == [11, 11, 3]
    assert all(conversation.commands[-1] == "QUIT" for conversation in seen.conversations)


def test_acceptance_30_domains_with_the_same_host_share_a_session():
    names = {**HOSTS, ("a.example", "MX"): [(10, "mx1.example")], ("b.example", "MX"): [(5, "mx1.example")]}
    manner = Manner(answers={"RCPT": ["450 4.2.0 later", "250 ok"]})
    seen = World(manner, names=names).run(
        ["r@a.example", "r@b.example"],
        once=False,
        minimal_backoff_time="1",
        maximal_queue_lifetime="60s",
        relayhost="",
        default_process_limit="1",
        smtp_connection_cache_destinations="a.example, b.example",
    )
    assert len(seen.conversations[0].contents) >= 1
    assert "RCPT TO:<r@a.example>" in seen.conversations[0].commands
    assert "RCPT TO:<r@b.example>" in seen.conversations[0].commands


@pytest.mark.parametrize(("enforce", "status"), [("no", "sent 2.0.0"), ("yes", "deferred 4.4.0")])
def test_acceptance_32_source_address_is_used_and_need_not_be_had(enforce, status):
    assert World().run(smtp_bind_address="192.0.2.50").conversations[0].source == "192.0.2.50"
    world = World(unbindable={"192.0.2.50": "Cannot assign requested address"})
    seen = world.run(smtp_bind_address="192.0.2.50", smtp_bind_address_enforce=enforce)
    assert seen.status() == status
    assert "warning: bind 192.0.2.50: Cannot assign requested address" in seen.log


# Beyond the numbered ones


def test_reused_session_that_breaks_early_gets_one_fresh_connection():
    dying = Manner(answers={"MAIL": ["250 ok", HANGUP]}, offers=())
    seen = World(replace(dying, answers={"RCPT": ["250 ok", HANGUP, "250 ok"]})).run(
        ["r1@x.example", "r2@x.example"], **SINGLY
    )
    assert len(seen.conversations) == 2
    assert {outcome.status for outcome in seen.outcomes.values()} == {"sent"}
    assert {outcome.attempts for outcome in seen.outcomes.values()} == {1}


def test_same_site_twice_is_connected_to_twice():
    seen = World(ABSENT).run(relayhost=f"[{ONE}], [{ONE}]")
    assert seen.refused == [(ONE, 25), (ONE, 25)]


def test_limit_of_addresses_leaves_the_living_sixth_untried():
    names = exchangers(*range(1, 9))
    peers = {f"192.0.2.{number}": ABSENT for number in range(1, 6)}
    seen = World(names=names, peers=peers).run(**DIRECT, smtp_mx_address_limit="5")
    assert len(seen.refused) == 5
    assert seen.conversations == []
    assert seen.status() == "deferred 4.4.1"


def test_counters_begin_anew_for_the_fallback_relay():
    seen = world(10, 20, 30, manners=[soft(), soft(), soft()]).run(
        **DIRECT, smtp_fallback_relay="[192.0.2.9]"
    )
    assert relays(seen) == [ONE, TWO, "192.0.2.9"]
    assert seen.status() == "sent 2.0.0"
