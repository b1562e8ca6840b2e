"""The acceptance checks of the specification for SASL, by their numbers, from the settings to the wire."""

import base64
from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError
from tests.support.memory_peer import Manner
from tests.support.world import ADDRESS, Seen, World, address

PASSWORD = "tan:staaf"
RESPONSE = base64.b64encode(f"\0tim\0{PASSWORD}".encode()).decode()
PLAIN = f"AUTH PLAIN {RESPONSE}"
LOGIN = {
    "AUTH": "334 VXNlcm5hbWU6",
    "DGLT": "334 dGhlIHNlY3JldCBvbmU=",
    base64.b64encode(PASSWORD.encode()).decode().upper(): "235 2.7.0 ok",
}
ON = {
    "smtp_sasl_auth_enable": "yes",
    "smtp_sasl_password_maps": f"inline:{{{ADDRESS}=tim:{PASSWORD}}}",
    "smtp_sasl_security_options": "",
}
NAMED = {"relayhost": "[mx.test]:587"}
NAMES = {("mx.test", "A"): [address(ADDRESS)]}
HOST = f"{ADDRESS}[{ADDRESS}]"


def peer(*offers: str, **answers: str | list[str]) -> Manner:
    return Manner(offers=offers, answers={"AUTH": "235 2.7.0 ok", **answers})


def run(manner: Manner, **settings: str) -> Seen:
    return World(manner, names=NAMES).run(**{**ON, **settings})


def reply(seen: Seen) -> str:
    return seen.outcomes["r@x.example"].reply


def auth(seen: Seen) -> list[str]:
    """What was said to authenticate."""
    return [line for line in seen.commands if line.startswith("AUTH")]


def test_1_auth_without_a_password_table_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "main.cf").write_text("myhostname = me.test\nsmtp_sasl_auth_enable = yes\n")
    with pytest.raises(SettingError) as caught:
        Settings.load(tmp_path)
    assert caught.value.problems == (
        f"{tmp_path}/main.cf:2: smtp_sasl_auth_enable = yes: specify a password table via the "
        "'smtp_sasl_password_maps' configuration parameter",
    )


@pytest.mark.parametrize(
    "offers",
    [("AUTH PLAIN LOGIN",), ("AUTH=PLAIN LOGIN",), ("AUTH PLAIN LOGIN", "AUTH=PLAIN LOGIN"), ("auth=plain",)],
)
def test_2_both_forms_of_the_keyword_are_one_offer(offers: tuple[str, ...]) -> None:
    seen = run(peer(*offers))
    assert seen.commands == [
        "EHLO me.example",
        PLAIN,
        "MAIL FROM:<s@x.example>",
        "RCPT TO:<r@x.example>",
        "DATA",
        "QUIT",
    ]
    assert seen.status() == "sent 2.0.0"


def test_3_host_name_comes_before_the_destination() -> None:
    table = "inline:{{mx.test=tim:one},{[mx.test]:587=tom:two}}"
    seen = run(peer("AUTH PLAIN"), smtp_sasl_password_maps=table, **NAMED)
    assert auth(seen) == ["AUTH PLAIN " + base64.b64encode(b"\0tim\0one").decode()]
    table = "inline:{{mx.test:587=tim:one},{[mx.test]:587=tom:two}}"
    seen = run(peer("AUTH PLAIN"), smtp_sasl_password_maps=table, **NAMED)
    assert auth(seen) == ["AUTH PLAIN " + base64.b64encode(b"\0tom\0two").decode()]


def test_4_password_may_hold_the_delimiter() -> None:
    assert auth(run(peer("AUTH PLAIN"))) == [PLAIN]


def test_5_table_without_an_answer_defers() -> None:
    seen = run(peer("AUTH PLAIN"), smtp_sasl_password_maps="fail:x")
    assert seen.status() == "deferred 4.3.0"
    assert reply(seen) == f"local data error while talking to {HOST}"
    assert "smtp_sasl_password_maps" in seen.log
    assert "MAIL" not in seen.verbs


def test_6_peer_without_an_entry_gets_mail_without_auth() -> None:
    seen = run(peer("AUTH PLAIN"), smtp_sasl_password_maps="inline:{other=a:b}")
    assert seen.status() == "sent 2.0.0"
    assert auth(seen) == []


def test_7_peer_without_auth_gets_mail_unless_that_is_forbidden() -> None:
    seen = run(peer("SIZE"))
    assert (seen.status(), auth(seen)) == ("sent 2.0.0", [])
    seen = run(peer("SIZE"), smtp_sasl_auth_enforce="yes")
    assert seen.status() == "deferred 4.7.0"
    assert reply(seen) == f"SASL authentication is required, but was not offered by host {HOST}"
    assert seen.verbs == ["EHLO", "QUIT"]
    seen = run(peer("SIZE"), smtp_sasl_password_maps="fail:x")
    assert seen.status() == "sent 2.0.0"


@pytest.mark.parametrize(
    ("offer", "settings"),
    [("AUTH", {}), ("AUTH=", {}), ("AUTH PLAIN LOGIN", {"smtp_sasl_mechanism_filter": "!plain, !login"})],
)
def test_8_empty_list_of_mechanisms_defers(offer: str, settings: dict[str, str]) -> None:
    seen = run(peer(offer), **settings)
    assert seen.status() == "deferred 4.7.0"
    assert reply(seen) == (
        f"SASL authentication failed: server {HOST} offered no compatible authentication mechanisms "
        "for this type of connection security"
    )
    assert auth(seen) == []


def test_9_default_options_keep_passwords_out_of_the_clear() -> None:
    seen = run(peer("AUTH PLAIN LOGIN"), smtp_sasl_security_options="noplaintext, noanonymous")
    assert seen.status() == "deferred 4.7.0"
    assert reply(seen) == (
        f"SASL authentication failed; cannot authenticate to server {HOST}: no mechanism available"
    )
    assert "warning: SASL authentication failure: No worthy mechs found" in seen.log
    assert seen.verbs == ["EHLO", "QUIT"]


def test_12_strongest_mechanism_is_chosen_and_the_filter_takes_them_away() -> None:
    offer = "AUTH PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256"
    order = ["SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"]
    for place, expected in enumerate(order):
        without = [f"!{name}" for name in order[:place]]
        seen = run(
            peer(offer, AUTH="454 later"), smtp_sasl_mechanism_filter=", ".join([*without, "static:all"])
        )
        assert auth(seen)[0].split()[1] == expected


def test_13_filter_of_exclusions_alone_leaves_nothing() -> None:
    offer = Manner(offers=("AUTH PLAIN LOGIN",), answers=LOGIN)
    assert auth(run(offer, smtp_sasl_mechanism_filter="!plain, login")) == ["AUTH LOGIN"]
    assert auth(run(offer, smtp_sasl_mechanism_filter="!plain")) == []


def test_14_plain_says_exactly_this() -> None:
    assert auth(run(peer("AUTH PLAIN"))) == ["AUTH PLAIN AHRpbQB0YW46c3RhYWY="]


def test_15_login_does_not_care_for_prompts() -> None:
    seen = run(Manner(offers=("AUTH LOGIN",), answers=LOGIN))
    assert seen.commands[1:4] == ["AUTH LOGIN", "dGlt", base64.b64encode(PASSWORD.encode()).decode()]
    assert seen.status() == "sent 2.0.0"


def test_16_cram_md5_answers_as_rfc_2195_has_it() -> None:
    challenge = base64.b64encode(b"<1896.697170952@postoffice.reston.mci.net>").decode()
    response = base64.b64encode(b"tim b913a602c7eda7a495b4e6e7334d3890").decode()
    manner = peer("AUTH CRAM-MD5", AUTH=f"334 {challenge}", **{response.upper(): "235 ok"})
    seen = run(manner, smtp_sasl_password_maps="static:tim:tanstaaftanstaaf")
    assert seen.commands[1:3] == ["AUTH CRAM-MD5", response]
    assert seen.status() == "sent 2.0.0"


# 17: tests/unit/sasl/test_mechanisms.py has RFC 7677's own exchange


def test_17_yes_of_a_peer_that_did_not_prove_itself_is_not_believed() -> None:
    seen = run(peer("AUTH SCRAM-SHA-256"))
    assert seen.status() == "deferred 4.7.0"
    assert "said yes before it had proved" in reply(seen)
    assert "MAIL" not in seen.verbs


def test_18_long_initial_response_follows_the_first_challenge() -> None:
    response = base64.b64encode(b"\0tim\0" + b"x" * 700).decode()
    manner = peer("AUTH PLAIN", AUTH="334 ", **{response.upper(): "235 ok"})
    seen = run(manner, smtp_sasl_password_maps=f"static:tim:{'x' * 700}")
    assert seen.commands[1:3] == ["AUTH PLAIN", response]
    assert seen.status() == "sent 2.0.0"


def test_19_bad_challenge_is_cancelled() -> None:
    seen = run(peer("AUTH LOGIN", AUTH="334 @@@", **{"*": "501 5.0.0 cancelled"}))
    assert seen.commands == ["EHLO me.example", "AUTH LOGIN", "*", "QUIT"]
    assert seen.status() == "deferred 4.7.0"


@pytest.mark.parametrize(
    ("said", "soft_bounce", "status"),
    [
        ("454 4.7.0 later", "yes", "deferred 4.7.0"),
        ("535 5.7.8 bad", "yes", "deferred 4.7.8"),
        ("535 5.7.8 bad", "no", "bounced 5.7.8"),
        ("654 what", "yes", "bounced 5.5.0"),
    ],
)
def test_20_refusal_is_soft_unless_told_otherwise(said: str, soft_bounce: str, status: str) -> None:
    seen = run(peer("AUTH PLAIN", AUTH=said), smtp_sasl_auth_soft_bounce=soft_bounce)
    assert seen.status() == status
    assert reply(seen) == f"SASL authentication failed; server {HOST} said: {said}"


def test_21_session_that_did_not_authenticate_carries_nothing() -> None:
    seen = World(peer("AUTH PLAIN", AUTH="535 5.7.8 bad")).run([f"r{n}@x.example" for n in range(5)], **ON)
    for conversation in seen.conversations:
        assert conversation.commands == ["EHLO me.example", PLAIN, "QUIT"]


def test_21_softly_refused_mail_goes_to_the_next_host() -> None:
    peers = {"192.0.2.1": peer("AUTH PLAIN", AUTH="535 5.7.8 bad"), "192.0.2.2": peer("AUTH PLAIN")}
    names = {("mx.test", "A"): [address("192.0.2.1"), address("192.0.2.2")]}
    seen = World(peers=peers, names=names).run(
        **{**ON, **NAMED, "smtp_sasl_password_maps": f"inline:{{mx.test=tim:{PASSWORD}}}"}
    )
    assert seen.status() == "sent 2.0.0"
    assert f"SASL authentication failed; server mx.test[{ADDRESS}] said: 535 5.7.8 bad" in seen.log


@pytest.mark.parametrize(("mechanism", "answer"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
def test_22_refused_token_is_answered_by_the_book(mechanism: str, answer: str) -> None:
    refusal = base64.b64encode(b'{"status":"401"}').decode()
    manner = peer(f"AUTH PLAIN {mechanism}", AUTH=f"334 {refusal}", **{answer: "535 5.7.8 no"})
    seen = run(manner, smtp_sasl_password_maps="static:{tim:Bearer tok.en}")
    assert seen.commands[2] == answer
    assert seen.status() == "deferred 4.7.8"
    assert "status 401" in seen.log


def test_24_refused_password_is_not_offered_again_until_it_changes(tmp_path: Path) -> None:
    cache = {"smtp_sasl_auth_cache_name": f"proxy:btree:{tmp_path}/cache"}
    refusing = peer("AUTH PLAIN", AUTH="535 5.7.8 bad")
    assert auth(run(refusing, **cache)) == [PLAIN]
    seen = run(refusing, **cache)
    assert auth(seen) == []
    assert seen.status() == "deferred 4.7.8"
    assert reply(seen) == f"SASL [CACHED] authentication failed; server {ADDRESS} said: 535 5.7.8 bad"
    changed = run(peer("AUTH PLAIN"), smtp_sasl_password_maps="static:tim:new", **cache)
    assert changed.status() == "sent 2.0.0"
    assert auth(run(refusing, **cache)) == [PLAIN]


def test_27_rounds_end_after_100() -> None:
    manner = peer("AUTH ENDLESS", AUTH="334 ", **{"": "334 "})
    seen = run(manner, smtp_sasl_path="tests.support.sasl_plugin")
    assert seen.status() == "deferred 4.3.0"
    assert reply(seen) == f"SASL authentication failed; authentication protocol loop with server {HOST}"
    assert seen.commands[1:] == ["AUTH ENDLESS", *[""] * 100, "*", "QUIT"]


# Beyond the numbers


@pytest.mark.parametrize(("classes", "told"), [("protocol", False), ("data", True)])
def test_postmaster_hears_of_a_table_without_an_answer_where_he_wants_to(classes: str, told: bool) -> None:
    seen = run(peer("AUTH PLAIN"), smtp_sasl_password_maps="fail:x", notify_classes=classes)
    assert ("to=<postmaster@me.example>" in seen.log) is told


def test_silent_peer_runs_into_the_limit_of_ehlo() -> None:
    seen = run(peer("AUTH PLAIN", AUTH="(silent)"), smtp_helo_timeout="7")
    assert seen.status() == "deferred 4.4.2"
    assert reply(seen) == f"conversation with {HOST} timed out while performing the EHLO handshake"
    assert seen.conversations[0].spent == 7.0


def test_peer_that_hangs_up_is_lost_at_ehlo() -> None:
    seen = run(peer("AUTH PLAIN", AUTH="(hangs up)"))
    assert seen.status() == "deferred 4.4.2"
    assert reply(seen) == f"lost connection with {HOST} while performing the EHLO handshake"


def test_discarded_keyword_is_no_offer() -> None:
    seen = run(peer("AUTH PLAIN"), smtp_discard_ehlo_keywords="auth")
    assert (seen.status(), auth(seen)) == ("sent 2.0.0", [])


def test_session_authenticates_once_for_all_that_it_carries() -> None:
    seen = World(peer("AUTH PLAIN")).run([f"r{n}@x.example" for n in range(5)], **ON)
    assert [conversation.commands.count(PLAIN) for conversation in seen.conversations] == [1]


def test_plugin_is_used_where_the_settings_name_it() -> None:
    seen = run(peer("AUTH PLAIN TOKEN"), smtp_sasl_path="/usr/lib/sasl2:tests.support.sasl_plugin")
    shown = base64.b64encode(f"smtp/{ADDRESS}:25 tim {PASSWORD}".encode()).decode()
    assert auth(seen) == [f"AUTH TOKEN {shown}"]
    assert "smtp_sasl_path: /usr/lib/sasl2: passed over" in seen.log


def test_wrong_password_is_offered_once_however_many_sessions_there_are() -> None:
    refusing = Manner(offers=("AUTH PLAIN",), answers={"AUTH": "535 5.7.8 bad"}, delay=1.0)
    many = {
        "initial_destination_concurrency": "20",
        "smtp_destination_concurrency_limit": "20",
        "smtp_destination_recipient_limit": "1",
    }
    addresses = [f"r{n}@x.example" for n in range(20)]
    seen = World(refusing).run(addresses, **{**ON, **many})
    assert {seen.status(each) for each in addresses} == {"deferred 4.7.8"}
    assert len(seen.conversations) == 20
    assert len(auth(seen)) == 1


def test_many_sessions_log_in_once_each_where_the_password_is_right() -> None:
    many = {
        "initial_destination_concurrency": "20",
        "smtp_destination_concurrency_limit": "20",
        "smtp_destination_recipient_limit": "1",
    }
    taking = Manner(offers=("AUTH PLAIN",), answers={"AUTH": "235 ok"}, delay=1.0)
    addresses = [f"r{n}@x.example" for n in range(60)]
    seen = World(taking).run(addresses, **{**ON, **many})
    assert {seen.status(each) for each in addresses} == {"sent 2.0.0"}
    assert [conversation.commands.count(PLAIN) for conversation in seen.conversations] == [1] * 20


def test_reload_that_changes_the_login_opens_sessions_anew() -> None:
    """The second half of the mail comes after the reload: as somebody else, on another session."""
    slow = Manner(offers=("AUTH PLAIN",), answers={"AUTH": "235 ok"}, delay=10.0)
    other = {**ON, "smtp_sasl_password_maps": "static:tom:other"}
    changes = [(55.0, {"smtp_sasl_password_maps": other["smtp_sasl_password_maps"]})]
    seen = World(slow).run(
        [f"r{n}@x.example" for n in range(6)], changes=changes, smtp_destination_recipient_limit="1", **ON
    )
    assert {outcome.status for outcome in seen.history} == {"sent"}
    as_tom = "AUTH PLAIN " + base64.b64encode(b"\0tom\0other").decode()
    assert [conversation.commands[1] for conversation in seen.conversations] == [PLAIN, as_tom]
