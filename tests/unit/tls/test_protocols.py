"""Lists of TLS versions and of ciphers."""

import pytest
from OpenSSL import SSL

from fastsmtp.tls import protocols
from fastsmtp.tls.ciphers import CipherError, cipher_list, exclusions
from fastsmtp.tls.protocols import NEVER, ProtocolError, parse

OLD = protocols.OFF["sslv2"] | protocols.OFF["sslv3"]


def off(text):
    """Names of what is switched off, beside what always is."""
    options = parse(text).options
    return {name for name, bit in protocols.OFF.items() if bit and options & bit and name not in NEVER}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set()),
        ("!SSLv2, !SSLv3", set()),
        ("!TLSv1 !tlsv1.1", {"tlsv1", "tlsv1.1"}),
        ("TLSv1.2:TLSv1.3", {"tlsv1", "tlsv1.1"}),
        ("TLSv1.3", {"tlsv1", "tlsv1.1", "tlsv1.2"}),
    ],
)
def test_words_switch_versions_off(text, expected):
    assert off(text) == expected


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        (">=TLSv1.2", (SSL.TLS1_2_VERSION, 0)),
        ("<=tlsv1.2", (0, SSL.TLS1_2_VERSION)),
        (">=0x0303 <=0304", (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION)),
        (">=0x0303, <=TLSv1.3", (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION)),
    ],
)
def test_bounds(text, bounds):
    assert parse(text)[1:] == bounds


@pytest.mark.parametrize("text", ["TLSv1.4", ">= TLSv1.2", "!0x0303", ">=", ">=0x03033", "!!TLSv1"])
def test_list_that_cannot_be_read_names_the_word(text):
    with pytest.raises(ProtocolError, match="invalid TLS version"):
        parse(text)


def test_exclusions_follow_the_list_in_order():
    assert cipher_list("HIGH:@STRENGTH", ("RC4", "aNULL"), 1) == b"@SECLEVEL=1:HIGH:@STRENGTH:!RC4:!aNULL"


@pytest.mark.parametrize("word", ["!RC4", "+RC4", "-RC4", "@STRENGTH", "ü"])
def test_exclusion_with_an_operator_is_none(word):
    with pytest.raises(CipherError):
        cipher_list("HIGH", (word,), 0)


def test_exclusions_are_separated_by_any_of_three():
    assert exclusions("RC4:MD5, DES  aNULL") == ("RC4", "MD5", "DES", "aNULL")
