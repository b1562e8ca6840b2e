"""AUTH inside TLS, and who shares a session: the acceptance checks of the specification that need both."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.certificates import authority
from tests.support.memory_peer import TLS, Manner
from tests.support.world import ADDRESS, Seen, World, address

CA = authority()
OFFER = "AUTH PLAIN LOGIN"
PEER = Manner(leaf=CA.issue("mx.test"), offers=(OFFER,), answers={"AUTH": "235 ok"})
PLAIN = "AUTH PLAIN " + base64.b64encode(b"\0tim\0pencil").decode()
ON = {"smtp_sasl_auth_enable": "yes", "smtp_sasl_password_maps": "static:tim:pencil"}
NAMED = {"relayhost": "[mx.test]"}
NAMES = {("mx.test", "A"): [address(ADDRESS)]}


def run(manner: Manner, level: str, **settings: str) -> Seen:
    return World(manner, names=NAMES).run(**{**ON, **NAMED, "smtp_tls_security_level": level, **settings})


def test_10_default_options_keep_passwords_out_of_tls_too() -> None:
    seen = run(PEER, "encrypt")
    assert seen.status() == "deferred 4.7.0"
    assert seen.outcomes["r@x.example"].reply.endswith("no mechanism available")
    assert seen.verbs == ["EHLO", "STARTTLS", TLS, "EHLO", "QUIT"]


def test_10_options_of_tls_hold_inside_tls_alone() -> None:
    allowed = {"smtp_sasl_tls_security_options": "noanonymous"}
    seen = run(PEER, "encrypt", **allowed)
    assert seen.commands[:5] == ["EHLO me.example", "STARTTLS", TLS, "EHLO me.example", PLAIN]
    assert seen.status() == "sent 2.0.0"
    in_the_clear = run(replace(PEER, leaf=None), "may", **allowed)
    assert in_the_clear.status() == "deferred 4.7.0"
    assert in_the_clear.verbs == ["EHLO", "QUIT"]


def test_11_options_of_a_verified_peer_need_a_certificate_that_matched(tmp_path: Path) -> None:
    settings = {
        "smtp_sasl_tls_verified_security_options": "noanonymous",
        "smtp_tls_CAfile": str(CA.write_certificate(tmp_path)),
    }
    seen = run(PEER, "verify", **settings)
    assert (seen.status(), PLAIN in seen.commands) == ("sent 2.0.0", True)
    seen = run(PEER, "encrypt", **settings)
    assert (seen.status(), PLAIN in seen.commands) == ("deferred 4.7.0", False)


@pytest.mark.parametrize("inside", [(), ("AUTH DIGEST-MD5",)])
def test_23_mechanisms_of_the_clear_do_not_count_inside(inside: tuple[str, ...]) -> None:
    seen = run(replace(PEER, inside=inside), "encrypt", smtp_sasl_tls_security_options="noanonymous")
    assert PLAIN not in seen.commands
    shown_inside_alone = replace(PEER, offers=(), inside=(OFFER,))
    seen = run(shown_inside_alone, "encrypt", smtp_sasl_tls_security_options="noanonymous")
    assert PLAIN in seen.commands


def test_auth_stands_between_the_last_ehlo_and_xforward() -> None:
    peer = replace(PEER, offers=(OFFER, "XFORWARD SOURCE"))
    allowed = {"smtp_sasl_tls_security_options": "", "smtp_send_xforward_command": "yes"}
    seen = run(peer, "encrypt", **allowed)
    assert seen.verbs[:7] == ["EHLO", "STARTTLS", TLS, "EHLO", "AUTH", "XFORWARD", "MAIL"]


def test_mail_with_a_login_never_falls_back_to_the_clear() -> None:
    """The peer refuses TLS in the middle: tls, 6.2, with and without credentials."""
    settings = {"smtp_sasl_security_options": "", "minimal_backoff_time": "1s"}
    broken = replace(PEER, handshake="(hangs up)")
    seen = run(broken, "may", **settings)
    assert "MAIL" not in seen.verbs


@pytest.mark.parametrize("by_sender", ["yes", "no"])
def test_26_two_senders_with_logins_of_their_own_share_no_session(by_sender: str, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text(f"s-a=one.test@x.test a:1\ns-b=two.test@x.test b:2\n{ADDRESS} c:3\n")
    passwords.chmod(0o600)
    peer = Manner(offers=(OFFER,), answers={"AUTH": "235 ok"})
    seen = World(peer).run(
        ["a@one.test", "b@two.test"],
        sender="s-{{ email }}@x.test",
        smtp_sasl_auth_enable="yes",
        smtp_sasl_security_options="",
        smtp_sasl_password_maps=f"texthash:{passwords}",
        smtp_sender_dependent_authentication=by_sender,
    )
    told = {
        (base64.b64decode(conversation.commands[1].split()[2]).split(b"\0")[1].decode(), command)
        for conversation in seen.conversations
        for command in conversation.commands
        if command.startswith("MAIL")
    }
    first, second = "MAIL FROM:<s-a=one.test@x.test>", "MAIL FROM:<s-b=two.test@x.test>"
    assert told == ({("a", first), ("b", second)} if by_sender == "yes" else {("c", first), ("c", second)})


@pytest.mark.parametrize("by_sender", ["yes", "no"])
def test_session_of_a_peer_without_auth_is_used_again(by_sender: str) -> None:
    """That there is an entry for it makes no two kinds of sessions."""
    seen = World(Manner(offers=())).run(
        [f"r{number}@x.example" for number in range(5)],
        sender="s-{{ email }}@x.test",
        smtp_sender_dependent_authentication=by_sender,
        smtp_sasl_auth_enable="yes",
        smtp_sasl_password_maps="static:tim:pencil",
        smtp_destination_recipient_limit="1",
    )
    assert len(seen.conversations) == 1
