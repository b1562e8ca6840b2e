"""Header fields: encoded words, phrases, folding (RFC 2047, RFC 5322)."""

import pytest

from fastsmtp.errors import RenderError
from fastsmtp.render.header import check, fold, phrase, unstructured


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Hello Ann", "Subject: Hello Ann\r\n"),
        ("", "Subject: \r\n"),
        ("  outer \t", "Subject: outer\r\n"),
        ("a  b", "Subject: a  b\r\n"),
        ("Grüße aus Köln heute", "Subject: =?utf-8?b?R3LDvMOfZQ==?= aus =?utf-8?b?S8O2bG4=?= heute\r\n"),
        ("München Köln", "Subject: =?utf-8?b?TcO8bmNoZW4gS8O2bG4=?=\r\n"),
        ("x  ä", "Subject: x  =?utf-8?b?w6Q=?=\r\n"),
        (
            " ".join(["word"] * 20),
            "Subject: " + " ".join(["word"] * 13) + "\r\n " + " ".join(["word"] * 7) + "\r\n",
        ),
    ],
)
def test_unstructured_text_is_encoded_and_folded(text: str, field: str) -> None:
    assert unstructured("Subject", text) == field


@pytest.mark.parametrize(
    "text", ["ä" * 200, "日本" * 100, "x" * 2000, "a b" * 300 + "é", "é " * 200, "=?" * 300]
)
@pytest.mark.parametrize("name", ["Subject", "X-A-Very-Long-Name-Of-A-Header-Field-That-Nobody-Would-Use"])
def test_long_text_is_folded_within_76_columns(name: str, text: str) -> None:
    lines = unstructured(name, text).removesuffix("\r\n").split("\r\n")
    limit = 76 if name == "Subject" else 130
    assert len(lines) > 1
    assert all(len(line) <= limit for line in lines)
    assert all(line.startswith(" ") and line.strip() for line in lines[1:])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Ann B", "Ann B"),
        (" Ann \t B ", "Ann B"),
        ("Ann-Marie O'Neil!", "Ann-Marie O'Neil!"),
        ("Doe, John", '"Doe, John"'),
        ("J. Doe", '"J. Doe"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("Müller", "=?utf-8?q?M=C3=BCller?="),
        ("Größe (x)", "=?utf-8?b?R3LDtsOfZSAoeCk=?="),
        ("=?a", "=?utf-8?b?PT9h?="),
    ],
)
def test_phrase_is_atoms_or_quoted_or_encoded(text: str, shown: str) -> None:
    assert phrase(text) == shown


@pytest.mark.parametrize("text", ["x, " * 40, "word " * 40])
def test_long_phrase_is_encoded_so_that_it_can_be_folded(text: str) -> None:
    words = phrase(text).split(" ")
    assert len(words) > 1
    assert all(word.startswith("=?utf-8?") and len(word) <= 75 for word in words)


def test_first_token_stays_on_the_line_of_the_name() -> None:
    assert fold("X", ["a" * 90, " b"]) == f"X: {'a' * 90}\r\n b\r\n"


@pytest.mark.parametrize("text", ["a\tb", "\u00a0", "ü", "\u2028"])
def test_text_that_a_header_can_hold_passes(text: str) -> None:
    check("Subject", text)


@pytest.mark.parametrize("text", ["\r", "\n", "\0", "\x1f", "\x7f", "\x0b", "\udc80"])
def test_text_that_no_header_can_hold_is_refused(text: str) -> None:
    with pytest.raises(RenderError, match="Subject: "):
        check("Subject", f"a{text}b")
