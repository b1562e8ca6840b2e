"""tcp: what goes to the server and what its replies mean."""

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.lookup.tcp import TCP, MalformedReply


def table() -> TCP:
    opened = open_strictly("tcp:localhost:99", pytest.fail)
    assert isinstance(opened, TCP)
    return opened


@pytest.mark.parametrize(
    ("key", "line"),
    [("a@b", b"get a@b\n"), ("A %\n\x7fö", b"get A%20%25%0A%7F%C3%B6\n")],
)
def test_key_cannot_leave_its_line(key: str, line: bytes) -> None:
    assert table().request(key) == line


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"200 a%20b", "a b"),
        (b"200 ", ""),
        (b"500 not here", None),
        (b"200 %C3%B6 x", "ö x"),
        (b"250\tx", "x"),
    ],
)
def test_reply_is_found_or_not(line: bytes, answer: str | None) -> None:
    assert table().answer(line) == answer


def test_temporary_reply_is_an_error() -> None:
    with pytest.raises(TableError, match="the server reports an error: come again"):
        table().answer(b"400 come%20again")
    with pytest.raises(TableError, match="not UTF-8"):
        table().answer(b"200 %ff")


@pytest.mark.parametrize(
    "line", [b"", b"200", b"2000 x", b"200 %zz", b"200 x%4", b"300 x", b"20 x", b"hello"]
)
def test_malformed_reply_is_worth_another_try(line: bytes) -> None:
    with pytest.raises(MalformedReply):
        table().answer(line)


@pytest.mark.parametrize("name", ["x", "host:", ":9"])
def test_name_without_host_or_port_is_an_error(name: str) -> None:
    with pytest.raises(TableError, match='expected "host:port"'):
        open_strictly(f"tcp:{name}", pytest.fail)
