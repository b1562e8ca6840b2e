"""Next-hop syntax (spec: routing, 1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.route.nexthop import NexthopError, Site, parse_site, split_sites


@pytest.mark.parametrize(
    ("text", "host", "port", "literal"),
    [
        ("example.com", "example.com", 25, False),
        ("Example.COM:2525", "example.com", 2525, False),
        ("example.com:submission", "example.com", 587, False),
        ("example.com:", "example.com", 25, False),
        ("[mx.example.com]", "mx.example.com", 25, True),
        ("[mx.example.com]:smtp", "mx.example.com", 25, True),
        ("[192.0.2.1]:26", "192.0.2.1", 26, True),
        ("192.0.2.1", "192.0.2.1", 25, False),
        ("[IPv6:2001:db8::1]", "2001:db8::1", 25, True),
        ("[2001:db8::1]:465", "2001:db8::1", 465, True),
        ("under_score.example", "under_score.example", 25, False),
    ],
)
def test_site_has_host_port_and_form(text, host, port, literal):
    assert parse_site(text, 25)[:4] == Site(host, port, literal, text)[:4]


@pytest.mark.parametrize(
    "text",
    [
        "[mx.example.com",
        "[mx]x",
        "[mx]x:25",
        "2001:db8::1",
        "example.com:0",
        "example.com:65536",
        "example.com:9x",
        "example.com:nosuchservice",
        "-bad.example",
        "a..b",
        "",
        "[]",
        "123",
        "x" * 64 + ".example",
        "exa mple",
        "exämple.com\r\n",
    ],
)
def test_bad_site_is_named(text):
    with pytest.raises(NexthopError) as caught:
        parse_site(text, 25)
    assert text in str(caught.value)


def test_sites_are_split_at_commas_and_blanks():
    assert split_sites(" [a]:25, b ,,c\td ") == ["[a]:25", "b", "c", "d"]


@given(st.text(max_size=40))
def test_any_text_is_a_site_or_an_error(text):
    try:
        site = parse_site(text, 25)
    except NexthopError:
        return
    assert 1 <= site.port <= 65535
    assert "\r" not in site.host
    assert " " not in site.host


def test_name_outside_ascii_is_looked_up_by_its_a_labels():
    assert parse_site("Bücher.example", 25).host == "xn--bcher-kva.example"
    assert parse_site("[bücher.example]:587", 25)[:3] == ("xn--bcher-kva.example", 587, True)


@pytest.mark.parametrize("text", ["bü cher.example", "-ü-.example", "ü..example", "[\u2028.example]"])
def test_name_outside_ascii_that_cannot_be_is_refused(text):
    with pytest.raises(NexthopError):
        parse_site(text, 25)


def test_services_are_those_that_are_known_then_the_systems():
    ports = {"ours": 2525, "smtp": 26}
    assert [parse_site(f"a.example:{name}", 25, ports).port for name in ("ours", "smtp", "domain")] == [
        2525,
        26,
        53,
    ]
