"""Names: what a certificate says, what is wanted, and when they are the same."""

import ipaddress

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsmtp.tls.certificate import (
    NAMES_LIMIT,
    SHOWN_LIMIT,
    Names,
    common_name,
    digests,
    issuer_name,
    parsed,
    read,
    shown,
)
from fastsmtp.tls.names import References
from tests.support.certificates import authority

CA = authority()


def wanted(*elements, nexthop="example.com", host="mx.example.net"):
    return References.of(elements, nexthop, host)


def dns(*names):
    return Names(dns=names)


@pytest.mark.parametrize(
    ("element", "name", "expected"),
    [
        ("hostname", "mx.example.net", True),
        ("hostname", "example.com", False),
        ("nexthop", "example.com", True),
        ("nexthop", "sub.example.com", False),
        ("dot-nexthop", "a.b.example.com", True),
        ("dot-nexthop", "example.com", False),
        ("dot-nexthop", "badexample.com", False),
        ("dot-nexthop", "*.example.com", True),
        ("other.test", "other.test", True),
        ("OTHER.test.", "other.test", True),
        (".other.test", "x.y.other.test", True),
        (".other.test", "other.test", False),
        ("f1.other.test", "f*.other.test", False),
        ("*.other.test", "x.other.test", False),
        ("x.other.test", "*.*.test", False),
        ("x.", "*.", False),
        ("bücher.example", "xn--bcher-kva.example", True),
    ],
)
def test_element_of_a_match_list_and_a_name(element, name, expected):
    assert wanted(element).matched_by(dns(name)) is expected


def test_any_element_and_any_name_will_do():
    assert wanted("a.test", "b.test").matched_by(dns("z.test", "b.test"))


def test_nothing_to_match_is_no_match():
    for elements in ((), ("",), (".",)):
        assert not wanted(*elements)
        assert not wanted(*elements).matched_by(dns("example.com"))


def test_address_is_matched_by_addresses_alone():
    literal = wanted("hostname", host="192.0.2.1")
    assert literal.matched_by(Names(addresses=frozenset({"192.0.2.1"})))
    assert not literal.matched_by(dns("192.0.2.1"))
    assert wanted("nexthop", nexthop="2001:db8::0:1").matched_by(Names(addresses=frozenset({"2001:db8::1"})))
    assert not wanted("dot-nexthop", nexthop="192.0.2.1").matched_by(dns("x.192.0.2.1"))


def names_of(*names, common=""):
    return read(CA.issue(common, names).certificate)


def test_names_are_read_in_lower_case():
    found = names_of("MX.Example", "192.0.2.1")
    assert found == Names(("mx.example",), frozenset({"192.0.2.1"}))


def test_common_name_stands_in_where_only_addresses_are_named():
    assert names_of("192.0.2.1", common="mx.example").hosts == ("mx.example",)


@pytest.mark.parametrize("name", ["mx.example\0.evil.test", "mx example", "mx.example\n", "\x7f"])
def test_name_with_other_characters_is_unusable_and_shuts_the_common_name_out(name):
    hostile = x509.DNSName._init_without_validation(name)
    assert names_of(hostile, common="mx.example").hosts == ()
    assert names_of(hostile, "ok.example").hosts == ("ok.example",)


def test_name_outside_ascii_makes_no_match_and_no_error():
    hostile = x509.DNSName._init_without_validation("bücher.example")
    certificate = CA.issue("mx.example", [hostile]).certificate
    assert read(certificate).hosts == ()


def test_common_name_outside_ascii_is_unusable():
    assert names_of(common="bücher.example").hosts == ()


def test_names_behind_the_limit_do_not_count():
    names = names_of(*[f"n{number}.example" for number in range(NAMES_LIMIT + 5)])
    assert len(names.hosts) == NAMES_LIMIT


def test_network_in_place_of_an_address_is_no_address():
    network = x509.IPAddress(ipaddress.ip_network("192.0.2.0/24"))
    assert names_of(network, "mx.example").addresses == frozenset()


def test_what_is_no_certificate_has_no_names():
    assert read(None) == Names()
    assert issuer_name(None) == ""
    assert parsed(None) is None


def test_text_of_a_peer_is_shown_without_control_characters_and_cut():
    assert shown("a\nb\x1b[31m\0") == "a?b?[31m?"
    assert shown("x" * 5000) == "x" * SHOWN_LIMIT + "..."


def test_issuer_is_shown_by_its_common_name_or_whole():
    assert issuer_name(CA.issue("mx.example").certificate) == "/CN=Test CA"
    assert common_name(CA.issue("mx.example").certificate, issuer=True) == "Test CA"
    assert common_name(authority("").issue("mx.example").certificate, issuer=True) == ""


CERTIFICATE = CA.issue("mx.example", ["mx.example", "*.example", "192.0.2.1"]).der


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # of a serial number
@settings(max_examples=200)
@given(st.integers(0, len(CERTIFICATE) - 1), st.integers(1, 255))
def test_certificate_with_any_byte_changed_is_read_or_is_none(at, change):
    """What the library still takes for one never breaks the reading of it."""
    hostile = bytearray(CERTIFICATE)
    hostile[at] ^= change
    try:
        certificate = x509.load_der_x509_certificate(bytes(hostile))
    except (ValueError, x509.InvalidVersion):
        return
    assert len(read(certificate).hosts) <= 2
    assert len(common_name(certificate)) <= SHOWN_LIMIT + 3
    assert len(issuer_name(certificate)) <= SHOWN_LIMIT + 3
    assert all(isinstance(digest, bytes) for digest in digests(certificate, "sha256"))
