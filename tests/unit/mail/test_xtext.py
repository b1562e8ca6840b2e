"""xtext: what a parameter of a command may hold."""

import pytest

from fastsmtp.mail.xtext import xtext


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("", b""),
        ("plain-1_2.3@x", b"plain-1_2.3@x"),
        ("a b+c=d", b"a+20b+2Bc+3Dd"),
        ("\r\n\x7f", b"+0D+0A+7F"),
        ("é", b"+C3+A9"),
    ],
)
def test_what_does_not_print_is_spelled_out(text, spelled):
    assert xtext(text) == spelled


def test_equals_sign_stays_where_it_may():
    assert xtext("hel+o=1", keep="=") == b"hel+2Bo=1"
