"""Answers of smtp_tls_policy_maps, good and bad; mx patterns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.tls.level import Level
from fastsmtp.tls.policy_text import EntryError, matches_pattern, parse


def test_level_alone():
    assert parse("Encrypt").level is Level.ENCRYPT


def test_attributes_of_a_level_above_none():
    entry = parse(
        "secure MATCH=a.test:.b.test match=c.test,ciphers=high protocols=TLSv1.2:TLSv1.3 exclude=RC4:MD5 "
        "servername=hostname tafile=/a.pem tafile=/b.pem connection_reuse=No enable_rpk=yes"
    )
    assert entry.match == ("a.test", ".b.test", "c.test")
    assert entry.ciphers == "high"
    assert entry.protocols == "TLSv1.2:TLSv1.3"
    assert entry.exclude == "RC4:MD5"
    assert entry.servername == "hostname"
    assert entry.anchor_files == ("/a.pem", "/b.pem")
    assert entry.reuses is False


def test_braces_hold_blanks_and_line_breaks():
    entry = parse("encrypt { protocols = TLSv1.2\n  TLSv1.3 } {ciphers=high}")
    assert entry.protocols == "TLSv1.2 TLSv1.3"
    assert entry.ciphers == "high"


def test_fingerprints_are_separated_by_bars_and_add_up():
    assert parse("fingerprint match=AA:BB|CC:DD match=EE").match == ("AA:BB", "CC:DD", "EE")


def test_what_a_plugin_for_mta_sts_says():
    entry = parse(
        "secure match=mx1:.example.net policy_type=sts policy_domain=example.net policy_ttl=86400 "
        "{ policy_string = version: STSv1 } { policy_string = mode: enforce } "
        "mx_host_pattern=mx1 mx_host_pattern=*.Example.net policy_failure=validation-failure"
    )
    assert entry.policy_type == "sts"
    assert entry.mx_patterns == ("mx1", "*.example.net")
    assert entry.policy_failure == "validation-failure"


def test_attributes_behind_none_only_warn():
    entry = parse("none match=x ciphers=high")
    assert entry.level is Level.NONE
    assert len(entry.warnings) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty policy"),
        (" , ", "empty policy"),
        ("enforced", 'invalid security level "enforced"'),
        ("halfdane", 'invalid security level "halfdane"'),
        ("may match=x", 'attribute "match" invalid at security level "may"'),
        ("encrypt match=x", 'attribute "match" invalid at security level "encrypt"'),
        ("dane match=x", 'attribute "match" invalid at security level "dane"'),
        ("secure match=", 'attribute "match" has an empty value'),
        ("fingerprint match=|", 'attribute "match" has an empty value'),
        ("may ciphers=", 'attribute "ciphers" has an empty value'),
        ("may ciphers=high ciphers=high", 'attribute "ciphers" is specified multiple times'),
        ("may servername=a servername=b", 'attribute "servername" is specified multiple times'),
        ("encrypt tafile=/a", 'attribute "tafile" invalid at security level "encrypt"'),
        ("secure tafile=", 'attribute "tafile" has an empty value'),
        ("may cyphers=high", 'invalid attribute name "cyphers"'),
        ("may ciphers", 'attribute "ciphers" without a value: expected "ciphers=value"'),
        (
            "may connection_reuse=maybe",
            'attribute "connection_reuse" has the value "maybe": expected yes or no',
        ),
        ("may policy_domain=x", 'attribute "policy_type" is missing beside other policy attributes'),
        ("may { ciphers=high", '"{" without "}"'),
    ],
)
def test_answer_that_cannot_be_used_says_why(text, reason):
    with pytest.raises(EntryError) as caught:
        parse(text)
    assert str(caught.value) == reason


@given(st.text(max_size=60))
def test_no_answer_breaks_the_reader(text):
    for level in ("", "may ", "secure "):
        try:
            parse(level + text)
        except EntryError:
            continue


@pytest.mark.parametrize(
    ("pattern", "host", "expected"),
    [
        ("mx.example", "MX.example.", True),
        ("*.example", "mx.example", True),
        ("*.example", "a.b.example", False),
        ("*.example", "example", False),
        ("m*.example", "mx.example", False),
        (".example", "mx.example", False),
    ],
)
def test_mx_pattern(pattern, host, expected):
    assert matches_pattern(pattern, host) is expected
