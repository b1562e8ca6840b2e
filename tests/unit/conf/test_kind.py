"""Kinds: what each takes and what it refuses."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastsmtp.conf import kind
from fastsmtp.conf.kind import (
    Address,
    Choice,
    Feedback,
    Flag,
    Interfaces,
    Level,
    Maps,
    NameMask,
    Number,
    PatternList,
    Seconds,
    ShortTime,
    Size,
    Text,
    TlsProtocols,
    Words,
)
from fastsmtp.conf.parameter import BadValue, Kind

TAKEN: list[tuple[Kind, str, object]] = [
    (Flag(), "YES", True),
    (Flag(), "no", False),
    (Number(), "0", 0),
    (Number(), "010", 10),
    (Number(), "+5", 5),
    (Number(minimum=-9), "-5", -5),
    (Number(), "2147483647", 2**31 - 1),
    (Size(), "990", 990),
    (Seconds(), "10", 10.0),
    (Seconds(), "10sec", 10.0),
    (Seconds(), "1min", 60.0),
    (Seconds(), "1mo", 60.0),
    (Seconds(), "1h30m", 3600.0),
    (Seconds(), "010", 10.0),
    (Seconds(), "+5", 5.0),
    (Seconds(), "2d", 172800.0),
    (Seconds(unit="d"), "3", 259200.0),
    (Seconds(), "1w", 604800.0),
    (ShortTime(), "50ms", 0.05),
    (ShortTime(), "2s", 2.0),
    (ShortTime(), "1m", 60.0),
    (Text(), "", ""),
    (Text(minimum=1), "x y", "x y"),
    (Choice("may", "none", fold=True), "MAY", "may"),
    (Choice("", "may"), "", ""),
    (Level(), "3.6", "3.6"),
    (Address(4), "[192.0.2.1]", "192.0.2.1"),
    (Address(4), "", ""),
    (Address(6), "[IPv6:2001:db8::1]", "2001:db8::1"),
    (Address(6), "::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    (Feedback(), "1", "1"),
    (Feedback(), "0.5 / sqrt_concurrency", "0.5 / sqrt_concurrency"),
    (Feedback(), "1/4", "1/4"),
    (Words(), "a, b", ("a", "b")),
    (NameMask("dns", "native"), "native dns", ("native", "dns")),
    (NameMask("dns", fold=True), "DNS", ("dns",)),
    (PatternList(), "!a, static:all", ("!a", "static:all")),
    (Maps(), "hash:/a, inline:{ {a = b c} }", ("hash:/a", "inline:{ {a = b c} }")),
    (Interfaces(), "all", ("all",)),
    (Interfaces(), "127.0.0.1, ::1", ("127.0.0.1", "::1")),
    (TlsProtocols(), ">=TLSv1.2, !SSLv3 <=0x0304", (">=TLSv1.2", "!SSLv3", "<=0x0304")),
]

REFUSED: list[tuple[Kind, str]] = [
    *((Flag(), text) for text in ("true", "1", "on", "", "y", "yes ")),
    *(
        (Number(), text)
        for text in ("0x10", "2k", "1.5", "", "-1", "2147483648", "+", "\u0663", "1 ", "9" * 30)
    ),
    (Number(maximum=6), "7"),
    *(
        (Seconds(), text)
        for text in ("10S", "1 d", "5.5", "", "99999999999", "-1", "1x", "s", "1\u00b5", "25000d")
    ),
    (Seconds(minimum=1), "0"),
    (Seconds(), "9" * 30),
    *((ShortTime(), text) for text in ("50", "", "ms", "-1ms", "1.5s", "5x")),
    (Text(minimum=1), ""),
    (Choice("may"), "MAY"),
    (Level(), "new"),
    *((Address(4), text) for text in ("1.2.3", "1.2.3.256", "a.b.c.d", "::1", "[1.2.3.4", "1.2.3.4.5")),
    *(
        (Address(6), text)
        for text in ("192.0.2.1", "1:2", "::1::", "12345::", "g::", "1:2:3:4:5:6:7:8:9", "::1.2")
    ),
    *((Feedback(), text) for text in ("2", "x", "1 / window", "", "1/", "3/2", "1/0", "1.0.0", ".")),
    (Words(minimum=1), " , "),
    (NameMask("dns"), "DNS"),
    (NameMask("dns", minimum=1), ""),
    (PatternList(), "a, !"),
    (Interfaces(), "all, 127.0.0.1"),
    *((TlsProtocols(), text) for text in ("TLSv9", ">=", "!>=TLSv1", ">=0x03")),
]


@pytest.mark.parametrize(
    ("of", "text", "value"), TAKEN, ids=lambda part: repr(part) if isinstance(part, str) else None
)
def test_value_is_taken(of: Kind, text: str, value: object) -> None:
    assert of.parse(text) == value


@pytest.mark.parametrize(
    ("of", "text"), REFUSED, ids=lambda part: repr(part) if isinstance(part, str) else None
)
def test_value_is_refused_with_what_was_expected(of: Kind, text: str) -> None:
    with pytest.raises(BadValue, match="expected .*" + of.describe()[:8].replace("(", r"\(")):
        of.parse(text)


def test_unknown_word_of_a_mask_is_named() -> None:
    with pytest.raises(BadValue, match='unknown word "Resource"'):
        NameMask("resource").parse("resource, Resource")


def is_ipv6(text: str) -> bool:
    try:
        return "%" not in str(ipaddress.IPv6Address(text))
    except ValueError:
        return False


@given(st.one_of(st.ip_addresses(v=6).map(str), st.text("0123456789abcF:.%", max_size=20)))
@example("::")
@example("1::")
@example(":1")
@example("1:")
@example("1:2:3:4:5:6:7::")
@example("1:2:3:4:5:6:7:8::")
@example("1:2:3:4:5:6:1.2.3.4")
@example("::1:2:3:4:5:6:7:8")
@example(":::")
@example("1.2.3.4")
def test_ipv6_addresses_are_those_of_the_standard_library(text: str) -> None:
    assert kind.is_ipv6(text) == is_ipv6(text)
