"""socketmap: what goes to the server and what its replies mean."""

import pytest

from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.lookup.socketmap import KEY_LIMIT, Socketmap


def table() -> Socketmap:
    opened = open_strictly("socketmap:inet:localhost:99:name", pytest.fail)
    assert isinstance(opened, Socketmap)
    return opened


def test_question_is_a_netstring_of_map_and_key() -> None:
    assert table().request("Jö@x y") == b"12:name J\xc3\xb6@x y,"
    with pytest.raises(Pending, match="Ab"):
        table().get("Ab")


@pytest.mark.parametrize(
    ("payload", "answer"),
    [(b"OK a b", "a b"), (b"OK ", ""), (b"NOTFOUND ", None), (b"NOTFOUND", None), (b"OK \xc3\xb6", "ö")],
)
def test_reply_is_found_or_not(payload: bytes, answer: str | None) -> None:
    assert table().answer(payload) == answer


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"TEMP later", "temporary error: later"),
        (b"TIMEOUT ", "time-out: no reason given"),
        (b"PERM no\xff", "permanent error: no"),
        (b"OK", "unexpected reply b'OK'"),
        (b"", "unexpected reply"),
        (b"ok x", "unexpected reply"),
        (b"OK \xff", "not UTF-8"),
    ],
)
def test_every_other_reply_is_an_error(payload: bytes, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        table().answer(payload)


def test_key_beyond_the_limit_is_not_found() -> None:
    assert table().get("k" * (KEY_LIMIT + 1)) is None
    with pytest.raises(Pending):
        table().get("k" * KEY_LIMIT)


@pytest.mark.parametrize("name", ["x", "inet:host:map", "inet::9:m", "inet:h:9:", "unix:map", "odd:h:9:m"])
def test_name_of_another_form_is_an_error(name: str) -> None:
    with pytest.raises(TableError, match='expected "inet:host:port:map" or "unix:path:map"'):
        open_strictly(f"socketmap:{name}", pytest.fail)


def test_table_takes_whole_keys_alone() -> None:
    assert not table().fixed
    assert table().volatile
