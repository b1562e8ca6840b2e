"""AUTH at the receiver: both mechanisms, right and wrong, given up, and what is no base64."""

import base64

import pytest

from fastsmtp.sink.login import (
    ASK_PASSWORD,
    ASK_PLAIN,
    ASK_USER,
    CANCELLED,
    NOT_BASE64,
    TAKEN,
    UNKNOWN,
    WRONG,
    Login,
)


def coded(text: str) -> bytes:
    return base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("given", "reply"),
    [
        ("\0ann\0se:cret", TAKEN),
        ("ann\0ann\0se:cret", TAKEN),
        ("\0ann\0secret", WRONG),
        ("\0bob\0se:cret", WRONG),
        ("ann", WRONG),
        ("", WRONG),
    ],
)
def test_plain_with_the_command_or_behind_it(given: str, reply: bytes) -> None:
    login = Login("ann:se:cret")
    if given:
        assert login.begin(b"AUTH PLAIN " + coded(given)) == reply
        assert login.done == (reply == TAKEN)
    login = Login("ann:se:cret")
    assert login.begin(b"AUTH plain") == ASK_PLAIN
    assert login.waits
    assert login.answer(coded(given)) == reply
    assert login.done == (reply == TAKEN)
    assert not login.waits


@pytest.mark.parametrize(("password", "reply"), [("se:cret", TAKEN), ("no", WRONG), ("", WRONG)])
@pytest.mark.parametrize("initial", [True, False])
def test_login_asks_for_user_and_password(password: str, reply: bytes, initial: bool) -> None:
    login = Login("ann:se:cret")
    if initial:
        assert login.begin(b"AUTH LOGIN " + coded("ann")) == ASK_PASSWORD
    else:
        assert login.begin(b"AUTH LOGIN") == ASK_USER
        assert login.answer(coded("ann")) == ASK_PASSWORD
    assert login.answer(coded(password)) == reply
    assert login.done == (reply == TAKEN)


def test_what_is_no_answer_ends_the_exchange() -> None:
    login = Login("ann:x")
    assert login.begin(b"AUTH CRAM-MD5") == UNKNOWN
    assert login.begin(b"AUTH") == UNKNOWN
    assert login.begin(b"AUTH PLAIN @@@") == NOT_BASE64
    login.begin(b"AUTH LOGIN")
    assert login.answer(b"*") == CANCELLED
    assert not login.waits
    assert not login.done


def test_nobody_authenticates_twice() -> None:
    login = Login("ann:x")
    login.begin(b"AUTH PLAIN " + coded("\0ann\0x"))
    assert login.begin(b"AUTH PLAIN " + coded("\0ann\0x")).startswith(b"503 ")
