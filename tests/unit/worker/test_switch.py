"""Which way mail goes (spec: config, 9.1 and 9.2; parameters, 2.5)."""

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError, TableError
from fastsmtp.mail.destination import Destination
from fastsmtp.worker import routing
from fastsmtp.worker.switch import Switch

MAPS = "transport_maps=inline:{{%s}}"


def way(*settings, address="user+ext@sub.example.com", sender="s@news.example"):
    loaded = Settings.load(None, list(settings))
    rules = routing.switch_rules(loaded)
    assert rules is not None
    return Switch(rules, pytest.fail).way(address, address.rpartition("@")[2], sender)


def goes(*settings, **given):
    transport, nexthop = way(*settings, **given).destination
    return f"{transport}:{nexthop}"


def maps(**entries):
    pairs = ", ".join(f"{{ {key} = {value} }}" for key, value in entries.items())
    return f"transport_maps=inline:{{ {pairs} }}"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"user+ext@sub.example.com": "smtp:a", "user@sub.example.com": "smtp:b"}, "smtp:a"),
        ({"user@sub.example.com": "smtp:b", "sub.example.com": "smtp:c"}, "smtp:b"),
        ({"sub.example.com": "smtp:c", ".example.com": "smtp:d"}, "smtp:c"),
        ({".example.com": "smtp:d", "*": "smtp:e"}, "smtp:d"),
        ({"*": "smtp:e"}, "smtp:e"),
        ({"@sub.example.com": "smtp:x", "user": "smtp:x", "example.com": "smtp:x"}, "smtp:sub.example.com"),
    ],
)
def test_keys_of_transport_maps_in_their_order(keys, expected):
    assert goes(maps(**keys), "recipient_delimiter=+") == expected


def test_bare_parents_only_where_asked_for():
    entry = maps(**{"example.com": "smtp:p"})
    assert goes(entry) == "smtp:sub.example.com"
    assert goes(entry, "parent_domain_matches_subdomains=transport_maps") == "smtp:p"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (":", "bulk:[relay.example]"),
        ("smtp:", "smtp:sub.example.com"),
        (":[other.example]:26", "bulk:[other.example]:26"),
        ("smtp:[A.example], b.example", "smtp:[a.example] b.example"),
        ("error:5.1.1 No such User", "error:5.1.1 No such User"),
        ("retry:", "retry:sub.example.com"),
    ],
)
def test_results_of_transport_maps(result, expected):
    settings = ["default_transport=bulk:[relay.example]", "smtp_transports=smtp, bulk"]
    entry = f"transport_maps=inline:{{ {{ * = {result} }} }}"
    assert goes(entry, *settings) == expected


SENDERS = "sender_dependent_relayhost_maps=inline:{ { s@news.example = [one] }, { @news.example = [two] } }"
TRANSPORTS = "sender_dependent_default_transport_maps=inline:{ { @news.example = bulk:%s } }"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([maps(**{"*": "relay:[map]"}), SENDERS, "relayhost=[host]"], "relay:[map]"),
        ([TRANSPORTS % "[named]", SENDERS, "relayhost=[host]"], "bulk:[named]"),
        ([TRANSPORTS % "", SENDERS, "relayhost=[host]"], "bulk:[one]"),
        (["default_transport=smtp:[named]", SENDERS, "relayhost=[host]"], "smtp:[named]"),
        ([SENDERS, "relayhost=[host]"], "smtp:[one]"),
        (["relay_domains=example.com", "relayhost=[host]"], "relay:[host]"),
        (["relay_domains=example.com", "relay_transport=relay:[in]", "relayhost=[host]"], "relay:[in]"),
        (["relay_domains=example.com", SENDERS], "relay:[one]"),
        (["relay_domains=other.example"], "smtp:sub.example.com"),
    ],
)
def test_the_stronger_setting_counts(settings, expected):
    assert goes(*settings) == expected


def test_dunno_ends_the_search_for_a_sender():
    table = "inline:{ { s@news.example = dunno }, { @news.example = bulk:[two] } }"
    assert goes(f"sender_dependent_relayhost_maps={table}", "relayhost=[host]") == "smtp:[host]"
    assert goes(f"sender_dependent_default_transport_maps={table}") == "smtp:sub.example.com"


def test_null_sender_has_a_key_of_its_own():
    table = "inline:{ { <> = [null] }, { nobody = [other] } }"
    relays = f"sender_dependent_relayhost_maps={table}"
    assert goes(relays, sender="") == "smtp:[null]"
    assert goes(relays, "empty_address_relayhost_maps_lookup_key=nobody", sender="") == "smtp:[other]"
    ways = "sender_dependent_default_transport_maps=inline:{ { <> = bulk:[null] } }"
    assert goes(ways, sender="") == "bulk:[null]"


def test_relays_are_told_from_other_next_hops():
    assert way("relay_domains=example.com", "relayhost=[host]").relayed
    assert not way(maps(**{"*": "smtp:[host]"}), "relayhost=[host]").relayed


def test_table_without_an_answer_is_an_error():
    with pytest.raises(TableError):
        goes("transport_maps=fail:out")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([], ("smtp", "")),
        (["relayhost=[a], B"], ("smtp", "[a] b")),
        (["default_transport=relay:[c]", "relayhost=[a]"], ("relay", "[c]")),
    ],
)
def test_without_tables_there_is_one_way(settings, expected):
    loaded = Settings.load(None, settings)
    assert routing.switch_rules(loaded) is None
    assert routing.default_way(loaded) == expected


def test_default_transport_that_delivers_nothing_needs_the_switch():
    assert goes("default_transport=error:closed") == "error:closed"
    assert way("default_transport=uucp").destination == Destination("uucp", "sub.example.com")


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("default_transport=:x", routing.switch_rules),
        ("relay_transport=", routing.switch_rules),
        ("best_mx_transport=local", routing.best_mx),
    ],
)
def test_transport_that_cannot_be_is_told_at_the_start(setting, read):
    loaded = Settings.load(None, [setting])
    with pytest.raises(SettingError):
        read(loaded)
