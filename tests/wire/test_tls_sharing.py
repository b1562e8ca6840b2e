"""TLS, logins and idle sessions together: who may serve whom (spec: tls, 14; sasl, 11; routing, 6.5, 6.13)."""

import base64
from dataclasses import replace

import pytest

from tests.support.certificates import authority
from tests.support.memory_peer import GARBAGE, HANGUP, TLS, Manner
from tests.support.world import World, address, exchanger

CA = authority()
ADDRESS = "192.0.2.1"
SECURE = Manner(
    leaf=CA.issue("mx.example"), offers=("PIPELINING", "AUTH PLAIN"), answers={"AUTH": "235 2.7.0 ok"}
)
NAMES = {
    ("a.example", "MX"): [exchanger(10, "mx.example")],
    ("b.example", "MX"): [exchanger(10, "mx.example")],
    ("mx.example", "A"): [address(ADDRESS)],
}
BY_DOMAIN = {
    "relayhost": "",
    "smtp_connection_cache_destinations": "a.example, b.example",
    "smtp_connection_cache_time_limit": "100s",
    "connection_cache_ttl_limit": "100s",
}
MAY = {"smtp_tls_security_level": "may"}
ENCRYPT = {"smtp_tls_security_level": "encrypt"}
LOGIN = {
    "smtp_sasl_auth_enable": "yes",
    "smtp_sasl_security_options": "",
    "smtp_sasl_tls_security_options": "",
}
RETRIED = {"minimal_backoff_time": "300s", "maximal_backoff_time": "300s", "maximal_queue_lifetime": "450s"}


def secure(folder):
    return {"smtp_tls_security_level": "secure", "smtp_tls_CAfile": str(CA.write_certificate(folder))}


def two_domains(manner=SECURE, **settings):
    """One message to each of two domains with the same host, the second once the first session is idle."""
    world = World(manner, names=NAMES)
    usual = {"default_process_limit": "1", "smtp_tls_connection_reuse": "yes"}
    return world.run(("r@a.example", "r@b.example"), **BY_DOMAIN, **usual, **settings)


def users(seen):
    """Who logged in, session by session."""
    return [
        base64.b64decode(line.split()[2]).split(b"\0")[1].decode()
        for line in seen.commands
        if line.startswith("AUTH PLAIN ")
    ]


@pytest.mark.parametrize("level", [{}, MAY, ENCRYPT], ids=["none", "may", "encrypt"])
def test_30_domains_with_the_same_host_share_a_session_where_nobody_is_verified(level):
    seen = two_domains(**level)
    assert [outcome.status for outcome in seen.outcomes.values()] == ["sent", "sent"]
    assert [len(c.contents) for c in seen.conversations] == [2]


def test_30_domains_with_the_same_host_share_no_session_that_is_verified_for_each(tmp_path):
    leaf = CA.issue("mx.example", names=["a.example", "b.example"])
    seen = two_domains(replace(SECURE, leaf=leaf), **secure(tmp_path))
    assert [outcome.status for outcome in seen.outcomes.values()] == ["sent", "sent"]
    assert [len(c.contents) for c in seen.conversations] == [1, 1]


def test_levels_share_no_session():
    seen = two_domains(smtp_tls_policy_maps="inline:{a.example=encrypt, b.example=may}")
    assert [len(c.contents) for c in seen.conversations] == [1, 1]
    seen = two_domains(smtp_tls_policy_maps="inline:{a.example=encrypt, b.example=none}")
    assert sorted(TLS in c.commands for c in seen.conversations) == [False, True]


def test_31_session_of_one_login_is_not_used_for_another():
    seen = two_domains(
        smtp_sasl_password_maps="inline:{a.example=ann:x, b.example=bob:y}", **LOGIN, **ENCRYPT
    )
    assert [outcome.status for outcome in seen.outcomes.values()] == ["sent", "sent"]
    assert sorted(users(seen)) == ["ann", "bob"]
    assert [len(c.contents) for c in seen.conversations] == [1, 1]


def test_31_session_of_the_same_login_is_shared():
    seen = two_domains(smtp_sasl_password_maps="inline:{mx.example=ann:x}", **LOGIN, **ENCRYPT)
    assert users(seen) == ["ann"]
    assert [len(c.contents) for c in seen.conversations] == [2]


def test_session_without_a_login_is_not_used_where_one_is_needed():
    seen = two_domains(smtp_sasl_password_maps="inline:{b.example=bob:y}", **LOGIN, **ENCRYPT)
    assert users(seen) == ["bob"]
    assert len(seen.conversations) == 2


def test_26_senders_with_different_logins_never_share_a_session(tmp_path):  # of sasl
    one = {"smtp_sender_dependent_authentication": "yes", "smtp_destination_recipient_limit": "1"}
    (tmp_path / "logins").write_text("s-a=x.example@x.example ann:x\ns-b=x.example@x.example bob:y\n")
    seen = World(SECURE).run(
        ("a@x.example", "b@x.example"),
        sender="s-{{ email }}@x.example",
        smtp_sasl_password_maps=f"texthash:{tmp_path}/logins",
        **one,
        **LOGIN,
        **ENCRYPT,
    )
    assert sorted(users(seen)) == ["ann", "bob"]
    assert [len(c.contents) for c in seen.conversations] == [1, 1]


def test_senders_with_the_same_login_share_a_session():
    one = {"smtp_sender_dependent_authentication": "yes", "smtp_destination_recipient_limit": "1"}
    seen = World(SECURE).run(
        ("a@x.example", "b@x.example", "c@x.example"),
        sender="s-{{ email }}@x.example",
        smtp_sasl_password_maps="inline:{@x.example=ann:x}",
        **one,
        **LOGIN,
        **ENCRYPT,
    )
    assert users(seen) == ["ann"]
    assert [len(c.contents) for c in seen.conversations] == [3]


def test_28_order_of_the_commands_before_mail():  # of session
    offers = ("PIPELINING", "AUTH PLAIN", "XFORWARD SOURCE")
    seen = World(replace(SECURE, offers=offers)).run(
        smtp_sasl_password_maps="static:ann:x", smtp_send_xforward_command="yes", **LOGIN, **ENCRYPT
    )
    verbs = ["EHLO", "STARTTLS", TLS, "EHLO", "AUTH", "XFORWARD", "MAIL", "RCPT", "DATA", "QUIT"]
    assert seen.verbs == verbs


def test_14_mechanisms_of_the_clear_are_not_used_inside_tls():
    seen = World(replace(SECURE, inside=("PIPELINING",))).run(
        smtp_sasl_password_maps="static:ann:x", **LOGIN, **ENCRYPT
    )
    assert users(seen) == []
    assert seen.status() == "sent 2.0.0"


@pytest.mark.parametrize("table", ["static:ann:x", "fail:x"])
def test_12_no_way_in_the_clear_where_there_is_a_login(table):
    seen = World(replace(SECURE, handshake=GARBAGE)).run(
        once=False, smtp_sasl_password_maps=table, **LOGIN, **MAY, **RETRIED
    )
    assert all(c.commands[-1] == "STARTTLS" for c in seen.conversations)
    assert len(seen.conversations) == 3
    assert seen.status() == "expired 4.7.5"


def test_login_for_another_host_is_no_hindrance():
    seen = World(replace(SECURE, handshake=GARBAGE)).run(
        once=False, smtp_sasl_password_maps="inline:{other.example=ann:x}", **LOGIN, **MAY, **RETRIED
    )
    assert seen.status() == "sent 2.0.0"


def test_failed_login_inside_tls_says_quit_and_nothing_else():
    seen = World(replace(SECURE, answers={"AUTH": "535 5.7.8 no"})).run(
        smtp_sasl_password_maps="static:ann:x", **LOGIN, **ENCRYPT
    )
    assert seen.verbs == ["EHLO", "STARTTLS", TLS, "EHLO", "AUTH", "QUIT"]
    assert seen.status() == "deferred 4.7.8"


def test_session_that_is_used_again_is_told_of_in_the_log():
    seen = two_domains(smtp_tls_loglevel="1", **ENCRYPT)
    lines = [line for line in seen.lines if "TLS connection" in line]
    assert len(lines) == 2
    assert lines[0].startswith(
        f"smtp: Untrusted TLS connection established to mx.example[{ADDRESS}]:25: TLSv1.3"
    )
    assert lines[1] == lines[0].replace("established to", "reused to")


def test_26_each_handshake_has_one_line_in_the_log():  # of tls
    seen = World(SECURE).run(("a@x.example", "b@x.example"), smtp_tls_loglevel="1", **ENCRYPT)
    assert sum("TLS connection established to" in line for line in seen.lines) == len(seen.conversations)


def test_policy_of_a_host_is_asked_again_for_the_next_one():
    names = {
        ("relay.example", "MX"): [exchanger(10, "one.example"), exchanger(20, "two.example")],
        ("one.example", "A"): [address("192.0.2.1")],
        ("two.example", "A"): [address("192.0.2.2")],
    }
    peers = {"192.0.2.1": Manner(), "192.0.2.2": Manner()}
    seen = World(peers=peers, names=names).run(
        relayhost="relay.example", smtp_tls_per_site="inline:{one.example=MUST_NOPEERMATCH}"
    )
    assert [c.host for c in seen.conversations] == ["192.0.2.1", "192.0.2.2"]
    assert seen.conversations[0].commands == ["EHLO me.example", "QUIT"]
    assert seen.status() == "sent 2.0.0"


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"smtp_tls_policy_maps": "fail:x"}, "deferred 4.3.0"),
        ({"smtp_tls_per_site": "fail:x"}, "deferred 4.3.0"),
        ({"smtp_tls_policy_maps": "static:{may match=x}"}, "deferred 4.7.5"),
    ],
)
def test_5_and_6_policy_that_cannot_be_told_opens_no_connection(settings, status):
    seen = World(SECURE).run(**settings)
    assert seen.connects == []
    assert seen.status() == status
    assert seen.outcomes["r@x.example"].relay == "none"


@pytest.mark.parametrize("policy", ["none", "may"])
def test_3_and_may_of_a_site_does_not_weaken_what_is_enforced(policy):
    site = {"none": "NONE", "may": "MAY"}[policy]
    seen = World().run(
        smtp_enforce_tls="yes",
        smtp_tls_enforce_peername="no",
        smtp_tls_per_site=f"inline:{{{ADDRESS}={site}}}",
    )
    assert seen.status() == {"none": "sent 2.0.0", "may": "deferred 4.7.4"}[policy]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ({"AUTH": "535 5.7.8 no"}, "deferred 4.7.8"),
        ({"EHLO": "421 4.3.2 not now"}, "deferred 4.3.2"),
        ({"EHLO": HANGUP}, "deferred 4.4.2"),
        ({"AUTH": "235 ok", "MAIL": "450 4.7.1 wait"}, "deferred 4.7.1"),
    ],
)
def test_failure_inside_tls_names_the_level(answers, status):
    seen = World(replace(SECURE, offers=("AUTH PLAIN",), answers_inside=answers)).run(
        smtp_sasl_password_maps="static:ann:x", **LOGIN, **ENCRYPT
    )
    assert seen.status() == status
    assert seen.outcomes["r@x.example"].tls == "encrypt"
