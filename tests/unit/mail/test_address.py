"""What is an address, what is not and why, and how it goes on the wire (RFC 5321; spec: session, 10.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.mail.address import Address, parse, parse_domain, quote, split_plain, to_wire, unquoted

LABEL_63 = "a" * 63


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        ("ann@example.org", "ann", "example.org"),
        (" Ann.B@Example.ORG\t", "Ann.B", "example.org"),
        ("o'neil+tag=x{y}|~@example.org", "o'neil+tag=x{y}|~", "example.org"),
        ("a!b%c#d$e&f*g/h?i^j_k`l-m@d", "a!b%c#d$e&f*g/h?i^j_k`l-m", "d"),
        ("ann@localhost", "ann", "localhost"),
        ("ann@_dmarc.example.org", "ann", "_dmarc.example.org"),
        ("ann@3com.com", "ann", "3com.com"),
        ("ann@1.2.3.a4", "ann", "1.2.3.a4"),
        ('"ann b"@example.org', "ann b", "example.org"),
        ('"a@b"@example.org', "a@b", "example.org"),
        (r'"a\"b\\c"@example.org', r"a\"b\c".replace(r"\"", '"'), "example.org"),
        ("a..b@docomo.example", "a..b", "docomo.example"),
        (".a.@docomo.example", ".a.", "docomo.example"),
        ("ann@bücher.example", "ann", "xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann", "xn--bcher-kva.example"),
        ("ann@例え.jp", "ann", "xn--r8jz45g.jp"),
        ("ann@XN--BCHER-KVA.example", "ann", "xn--bcher-kva.example"),
        ("ann@[192.0.2.1]", "ann", "[192.0.2.1]"),
        ("ann@[IPv6:2001:DB8::1]", "ann", "[ipv6:2001:db8::1]"),
        ("a" * 64 + "@example.org", "a" * 64, "example.org"),
        (f"a@{LABEL_63}.example", "a", f"{LABEL_63}.example"),
    ],
)
def test_address_is_split_at_its_last_at_sign(text: str, local: str, domain: str) -> None:
    assert parse(text) == Address(local, domain)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no address"),
        (" \t", "no address"),
        ("ann", "without @"),
        ("@example.org", "without a local part"),
        ("ann@", "without a domain"),
        ("ann b@example.org", "a blank outside quotes"),
        ("a@b@example.org", "`@` outside quotes"),
        ("ann@example.org,bob@example.org", "`@` outside quotes"),
        ("Ann <ann@example.org>", "no host name has"),
        ("<ann@example.org", "`<` outside quotes"),
        ("ann(x)@example.org", "`(` outside quotes"),
        ('a"b@example.org', "wrongly quoted"),
        ('"a"b"@example.org', "wrongly quoted"),
        ("zoë@example.org", "SMTPUTF8"),
        ("ann@exam ple.org", "no host name has"),
        ("ann@example..org", "empty label"),
        ("ann@.example.org", "empty label"),
        ("ann@example.org.", "empty label"),
        ("ann@-example.org", "outer hyphen"),
        ("ann@example-.org", "outer hyphen"),
        (f"ann@{LABEL_63}a.org", "label longer than 63"),
        ("ann@192.0.2.1", "ends in a number"),
        ("ann@[192.0.2.256]", "no IP address"),
        ("ann@[192.0.2.1", "no IP address"),
        ("ann@[IPv6:fe80::1%eth0]", "no IP address"),
        ("ann@bü cher.example", "international name"),
        ("ann@ü" + "b" * 70 + ".example", "international name"),
        ("a" * 65 + "@example.org", "local part longer than 64"),
        ("ann@" + ".".join([LABEL_63] * 4), "address longer than 254"),
        ("ann@example.org\r\nRCPT TO:<x@y>", "control character"),
        ("ann@example.org\0", "control character"),
        ('"a\nb"@example.org', "control character"),
        ("ann@example\x7f.org", "control character"),
    ],
)
def test_what_is_no_address_says_why(text: str, reason: str) -> None:
    found = parse(text)
    assert isinstance(found, str)
    assert reason in found


def test_verp_may_ask_for_a_longer_local_part() -> None:
    assert parse("a" * 100 + "@example.org", local_limit=254) == Address("a" * 100, "example.org")


@pytest.mark.parametrize(
    ("local", "wire"),
    [
        ("a b", '"a b"'),
        ("a.", '"a."'),
        (".a", '".a"'),
        ("a..b", '"a..b"'),
        ("a@b", '"a@b"'),
        ('a"b', r'"a\"b"'),
        (r"a\b", r'"a\\b"'),
        ("a(b", '"a(b"'),
        ("", '""'),
        ("a!b", "a!b"),
        ("a%b", "a%b"),
        ("o'x", "o'x"),
        ("a.b", "a.b"),
    ],
)
def test_local_part_is_quoted_as_postfix_does(local: str, wire: str) -> None:
    assert quote(local, "d") == f"{wire}@d"


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("", b""),
        ("Ann@Example.org", b"Ann@Example.org"),
        ("ann@bücher.example", b"ann@xn--bcher-kva.example"),
        ('"ann"@example.org', b"ann@example.org"),
        ("a..b@example.org", b'"a..b"@example.org'),
    ],
)
def test_wire_form_is_ascii(text: str, wire: bytes) -> None:
    assert to_wire(text) == wire


def test_wire_form_of_no_address_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="blank outside quotes"):
        to_wire("zo e@example.org")


def test_wire_form_outside_ascii_is_utf8() -> None:
    assert to_wire("zoë@bücher.example") == "zoë@xn--bcher-kva.example".encode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("zoë@example.org", Address("zoë", "example.org")),
        ('"zo ë"@example.org', Address("zo ë", "example.org")),
        ("用户@例え.example", Address("用户", "xn--r8jz45g.example")),
        ("é" * 32 + "@example.org", Address("é" * 32, "example.org")),
    ],
)
def test_local_part_outside_ascii_is_taken_where_it_may_be(text: str, address: Address) -> None:
    assert parse(text, utf8=True) == address
    assert isinstance(parse(text), str)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("zo\u00a0e@example.org", "does not print"),
        ("zo\ud800e@example.org", "does not print"),
        ("zo\u2028e@example.org", "does not print"),
        ("zo\x85ë@example.org", "control"),
        ("zo ë@example.org", "a blank"),
        ("é" * 33 + "@example.org", "longer than 64"),
    ],
)
def test_local_part_outside_ascii_must_print_and_fit(text: str, reason: str) -> None:
    told = parse(text, utf8=True)
    assert isinstance(told, str)
    assert reason in told


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('"a b"@d.example', b"a b@d.example"),
        ('"a."@d.example', b"a.@d.example"),
        ("", b""),
        ('"a> SIZE=1 <b"@d.example', b'"a> SIZE=1 <b"@d.example'),
        ('"a\\"b"@d.example', b'"a\\"b"@d.example'),
    ],
)
def test_address_loses_its_quotes_only_where_the_command_stays_the_same(text: str, path: bytes) -> None:
    assert unquoted(text) == path


@given(st.text(alphabet='ab.@"\\ <>(),;:\r\n\0\tü[]-_1', max_size=30) | st.text(max_size=30))
def test_wire_form_never_holds_a_second_command(text: str) -> None:
    parsed = parse(text)
    if isinstance(parsed, Address):
        wire = to_wire(text)
        assert (
            wire == quote(*parsed).encode("ascii") or wire.lower() == quote(*parsed).encode("ascii").lower()
        )
        assert not any(octet < 32 or octet >= 127 for octet in wire)
        assert parse(wire.decode("ascii")) == parsed
        outside_quotes = wire if not wire.startswith(b'"') else wire[wire.rindex(b'"') + 1 :]
        assert b" " not in outside_quotes
        assert b">" not in outside_quotes


@given(st.lists(st.text(alphabet="aB.@-ü\n \t", min_size=1, max_size=12), min_size=1, max_size=4))
def test_many_addresses_at_once_agree_with_one_by_one(texts: list[str]) -> None:
    found = split_plain(texts)
    if found is None:
        return
    keys, domains = found
    assert keys == [text.lower() for text in texts]
    for text, domain in zip(texts, domains, strict=True):
        parsed = parse(text)
        if parse_domain(domain) is not None:
            assert isinstance(parsed, Address)
            assert parsed.domain == domain
        else:
            assert isinstance(parsed, str)


def test_many_addresses_at_once_are_the_common_case() -> None:
    assert split_plain(["Ann.B@Example.org", "bob@example.com"]) == (
        ["ann.b@example.org", "bob@example.com"],
        ["example.org", "example.com"],
    )


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "a",
        "a@b@c",
        ".a@b",
        "a.@b",
        "a..b@c",
        "@b",
        "a b@c",
        '"a"@b',
        "ü@b",
        "a\n@b",
        "a" * 60 + "@b.example",
    ],
)
def test_one_odd_address_is_noticed_wherever_it_stands(odd: str) -> None:
    plain = ["ann@example.org", "bob@example.org"]
    for place in range(3):
        assert split_plain([*plain[:place], odd, *plain[place:]]) is None


def test_no_addresses_have_no_common_form() -> None:
    assert split_plain([]) is None
