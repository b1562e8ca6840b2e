"""Headers said in ASCII, read back with CPython's own package."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.mail.ascii_header import LINE_LIMIT, ascii_header


def read(name: str, value: str) -> str:
    header = ascii_header(name.encode(), value.encode())
    assert header.isascii()
    return str(email.message_from_bytes(header + b"\n\n", policy=email.policy.default)[name])


@pytest.mark.parametrize(
    "value",
    [
        "Grüße",
        "Grüße aus Köln an alle",
        "é é é",
        "a é b",
        "é" * 100,
        "письмо " * 30 + "x",
        "日本" * 60,
        "=?x é",
    ],
)
def test_text_reads_the_same(value: str) -> None:
    assert read("Subject", " " + value).strip() == value.strip()


@given(st.text(st.sampled_from("aé日 ,;"), max_size=120))
def test_lines_with_encoded_words_are_short(value: str) -> None:
    header = ascii_header(b"Subject", (" " + value).encode())
    if not value.isascii():
        assert all(
            len(line) <= LINE_LIMIT for line in header.split(b"\n") if b"=?" in line and line.count(b" ") < 2
        )


@pytest.mark.parametrize(
    ("name", "value", "header"),
    [
        (b"Subject", b" a\n b \xff", b"Subject: a\n b =?unknown-8bit?b?/w==?="),
        (b"Message-ID", " <é@x>".encode(), b"Message-ID: <??@x>"),
        (b"Received", " from é".encode(), b"Received: from ??"),
        (b"To", " Jörg <a@b>, c@d".encode(), b"To: =?utf-8?b?SsO2cmc=?= <a@b>, c@d"),
        (b"To", " a@b (Jörg)".encode(), b"To: a@b (=?utf-8?b?SsO2cmc=?=)"),
        (b"To", " é@bücher.example".encode(), b"To: ??@xn--bcher-kva.example"),
        (b"To", " é <".encode(), b"To: =?utf-8?b?w6k=?= <"),
        (
            b"Content-Type",
            ' text/plain; name="é\\"x"'.encode(),
            b"Content-Type: text/plain; name*=utf-8''%C3%A9%22x",
        ),
        (b"Content-Type", b' x; boundary="\xe9"; a=b', b'Content-Type: x; boundary="?"; a=b'),
        (b"Content-Type", " x (é); a=b".encode(), b"Content-Type: x (??); a=b"),
    ],
)
def test_header_becomes(name: bytes, value: bytes, header: bytes) -> None:
    assert ascii_header(name, value) == header


def test_display_name_of_several_words_reads_the_same() -> None:
    header = ascii_header(b"From", ' Jörg "von" Müller, <x@y>, "Ä, B. Ç" <a@b>'.encode())
    parsed = email.message_from_bytes(header + b"\n\n", policy=email.policy.default)["From"]
    assert [each.display_name for each in parsed.addresses][-1] == "Ä, B. Ç"


def test_long_file_name_reads_the_same() -> None:
    name = "é" * 50 + ".txt"
    header = ascii_header(b"Content-Disposition", f' attachment; filename="{name}"'.encode())
    assert email.message_from_bytes(header + b"\n\n").get_filename() == name


@given(st.sampled_from([b"Subject", b"To", b"Content-Type", b"Date", b"X"]), st.binary(max_size=80))
def test_nothing_above_127_is_left_and_no_line_begins_a_header(name: bytes, value: bytes) -> None:
    value = value.replace(b"\r", b"").replace(b"\n", b"\n ")
    header = ascii_header(name, value)
    assert header.isascii()
    assert all(line[:1] in (b" ", b"\t") for line in header.split(b"\n")[1:])
