"""Messages that the sink keeps come back as they arrived."""

from pathlib import Path

import pytest

from fastsmtp.sink.behaviour import Envelope
from fastsmtp.sink.maildir import Maildir, stored


def envelope(number: int, *recipients: str) -> Envelope:
    return Envelope(
        "s@x", recipients, ("SIZE=1",), "c", True, "127.0.0.1:9", 1, number, ("NUL in a message",)
    )


def test_messages_come_back_in_order_and_unchanged(tmp_path: Path) -> None:
    keep = Maildir(tmp_path / "mail")
    messages = [
        (envelope(1, "a@b", "é@ü"), b"A: 1\r\n\r\nx\r\n"),
        (envelope(2, "c\udcff@d"), bytes(range(256)) + b"\r\n\r\n\r\n"),
        (envelope(3, "e@f"), b""),
    ]
    for message in messages:
        keep(*message)
    assert list(stored(tmp_path / "mail")) == messages


def test_directory_that_has_messages_is_added_to(tmp_path: Path) -> None:
    for number in (1, 2):
        Maildir(tmp_path)(envelope(number, "a@b"), b"x\r\n")
    assert [found.number for found, _ in stored(tmp_path)] == [1, 2]


def test_nothing_stays_in_tmp(tmp_path: Path) -> None:
    Maildir(tmp_path)(envelope(1, "a@b"), b"x\r\n")
    assert not list((tmp_path / "tmp").iterdir())


def test_place_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("")
    with pytest.raises(OSError, match="mail"):
        Maildir(tmp_path / "mail")
