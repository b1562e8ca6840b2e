"""Base64, the empty response, the 512-byte rule, rounds (spec: sasl, 8.1); what must not be shown (12)."""

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.sasl.credentials import Login, parse
from fastsmtp.sasl.exchange import EarlyChallenge, Exchange, RoundsExceeded
from fastsmtp.sasl.external import External
from fastsmtp.sasl.login import LoginPrompts
from fastsmtp.sasl.mechanism import Mechanism, MechanismFailure, Peer
from fastsmtp.sasl.plain import Plain
from fastsmtp.sasl.scram import SaltedKeys, ScramSha256
from fastsmtp.sasl.veil import Veil

PEER = Peer("mx.test", 25, "me.test")


class Endless(Mechanism):
    name = "ENDLESS"
    properties = frozenset()

    def step(self, challenge: bytes) -> bytes:
        return challenge


def of(kind: type[Mechanism], user: str = "user", password: str = "pass") -> Exchange:
    return Exchange(kind(Login(user, password), PEER))


def test_initial_response_goes_along() -> None:
    assert of(Plain).begin() == b"AUTH PLAIN AHVzZXIAcGFzcw=="
    assert of(External).begin() == b"AUTH EXTERNAL ="
    assert of(LoginPrompts).begin() == b"AUTH LOGIN"


def test_long_initial_response_waits_for_the_first_challenge() -> None:
    exchange = of(Plain, password="x" * 700)
    assert exchange.begin() == b"AUTH PLAIN"
    with pytest.raises(MechanismFailure):
        exchange.close()
    assert exchange.answer(b"") == base64.b64encode(b"\0user\0" + b"x" * 700)
    exchange.close()
    with pytest.raises(MechanismFailure):
        exchange.answer(b"")


def test_command_of_512_bytes_is_short_enough() -> None:
    room = (512 - len("AUTH PLAIN \r\n")) // 4 * 3 - len("\0user\0")
    assert len(of(Plain, password="x" * room).begin()) + 2 <= 512
    assert of(Plain, password="x" * (room + 1)).begin() == b"AUTH PLAIN"


def test_first_challenge_that_says_something_is_an_error_there() -> None:
    exchange = of(Plain, password="x" * 700)
    exchange.begin()
    with pytest.raises(EarlyChallenge, match="non-empty initial PLAIN challenge"):
        exchange.answer(b"hello")


@pytest.mark.parametrize(("text", "challenge"), [("", b""), ("YQ==", b"a"), (" YQ== ", b"a")])
def test_challenge_is_base64(text: str, challenge: bytes) -> None:
    assert of(LoginPrompts).challenge(text) == challenge


@pytest.mark.parametrize("text", ["@@@", "YQ=", "Y Q==", "ü", "?", "="])
def test_challenge_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MechanismFailure):
        of(LoginPrompts).challenge(text)


def test_rounds_end() -> None:
    exchange = of(Endless)
    assert exchange.begin() == b"AUTH ENDLESS"
    for _ in range(100):
        assert exchange.answer(b"") == b""
    with pytest.raises(RoundsExceeded):
        exchange.answer(b"")


def test_yes_before_the_proof_is_not_believed() -> None:
    exchange = Exchange(ScramSha256(Login("user", "pencil"), PEER, keys=SaltedKeys()))
    exchange.begin()
    with pytest.raises(MechanismFailure, match="before it had proved"):
        exchange.close()


@given(st.text(max_size=30))
def test_any_text_is_a_challenge_or_refused(text: str) -> None:
    with suppress(MechanismFailure):
        of(LoginPrompts).challenge(text)


# Logins


def test_table_text_is_split_at_the_first_delimiter() -> None:
    login = parse("user:pa:ss", ":")
    assert (login.user, login.password) == ("user", "pa:ss")
    login = parse("user", ":")
    assert (login.user, login.password) == ("user", "")
    login = parse(" us:er | pass ", "|")
    assert (login.user, login.password, login.is_token) == (" us:er ", " pass ", False)


def test_bearer_marks_a_token() -> None:
    login = parse("user@x.test:Bearer ya29.x ", ":")
    assert (login.user, login.password, login.is_token) == ("user@x.test", "ya29.x", True)
    assert not parse("user:Bearer", ":").is_token


def test_login_never_shows_its_password() -> None:
    login = Login("user", "pencil")
    assert repr(login) == "<Login 'user'>"
    assert "pencil" not in login.identity
    assert login.identity == Login("user", "pencil").identity
    assert login.identity != Login("user", "pen").identity
    assert login.identity != Login("other", "pencil").identity


# The veil


def test_veil_hides_the_password_and_what_was_said() -> None:
    login = Login("user", "pencil")
    exchange = Exchange(Plain(login, PEER))
    command = exchange.begin().decode()
    veil = Veil(login)
    veil.add(exchange.secrets)
    said = f"bad: {command} {base64.b64encode(b'pencil').decode()} pencil user"
    assert veil.cover(said) == "bad: AUTH PLAIN **** **** **** user"
    assert "pencil" not in repr(veil)


def test_veil_of_no_password_hides_nothing() -> None:
    assert Veil(Login("user", "")).cover("some text") == "some text"


@given(
    st.text(alphabet="abcdef0123456789", min_size=6, max_size=12),
    st.binary(max_size=4),
    st.binary(max_size=4),
)
def test_password_inside_other_base64_is_hidden(password: str, before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + password.encode() + after).decode()
    assert "****" in Veil(Login("u", password)).cover(text)


def test_scram_proof_is_a_secret() -> None:
    mechanism = ScramSha256(Login("user", "pencil"), PEER, keys=SaltedKeys(), nonce=b"rOprNGfwEbeRWgbNEkqO")
    exchange = Exchange(mechanism)
    exchange.begin()
    exchange.answer(b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
    veil = Veil(mechanism.login)
    veil.add(exchange.secrets)
    assert veil.cover("p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=") == "p=****"
