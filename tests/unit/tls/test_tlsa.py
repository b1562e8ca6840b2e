"""TLSA records: which can be used, and the certificates that they name."""

import hashlib

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from fastsmtp.tls.names import References
from fastsmtp.tls.tlsa import Matcher, Record, usable
from tests.support.certificates import authority, deep, self_signed
from tests.support.tls_peer import TlsServer, protection, settled

CA = authority()
NAME = "mx.example.test"
SHA256, SHA512 = b"x" * 32, b"x" * 64
BOTH = ("sha512", "sha256")


@pytest.mark.parametrize(
    "record",
    [
        (0, 1, 1, SHA256),
        (1, 1, 1, SHA256),
        (4, 1, 1, SHA256),
        (255, 1, 1, SHA256),
        (3, 2, 1, SHA256),
        (3, 255, 1, SHA256),
        (3, 1, 3, SHA256),
        (3, 1, 255, SHA256),
        (3, 1, 1, SHA256[:-1]),
        (3, 1, 1, b""),
        (3, 1, 2, SHA256),
        (3, 0, 0, b"no certificate"),
        (3, 1, 0, b""),
        "garbled",
        (3, 1, 1),
    ],
)
def test_record_that_cannot_be_used(record):
    assert usable([record], BOTH) == ()


def test_digest_that_is_not_accepted_cannot_be_used():
    assert usable([(3, 1, 2, SHA512)], ("sha256",)) == ()


def test_strongest_digest_of_each_kind_counts_and_whole_data_always():
    data = CA.der
    records = [
        (3, 1, 1, SHA256),
        (3, 1, 2, SHA512),
        (2, 0, 1, SHA256),
        (2, 0, 0, data),
        (2, 0, 1, SHA256),
    ]
    assert usable(records, BOTH) == (
        Record(2, 0, 0, data),
        Record(2, 0, 1, SHA256),
        Record(3, 1, 2, SHA512),
    )
    assert Record(3, 1, 1, SHA256) in usable(records, ("sha256", "sha512"))


def shown(leaf, records, *names):
    """Whether a server that shows `leaf` is the one that the records name."""
    references = References.of(names or (NAME,), "", "")
    matched = []
    matcher = Matcher(usable(records, BOTH), references)

    def judge(connection, evidence):
        matched.append(matcher(connection, connection.get_peer_certificate().to_cryptography()))
        return settings["verdict"]

    settings = {"verdict": protection().handshake.judge(None, None)}
    assert settled(protection(judge=judge).channel(), TlsServer(leaf)) == ""
    return matched[0]


def record(usage, selector, matching, certified):
    data = certified.der if selector == 0 else certified.spki
    if matching:
        data = hashlib.new(("sha256", "sha512")[matching - 1], data).digest()
    return usage, selector, matching, data


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_leaf_is_compared_in_every_form_and_nothing_else_counts(selector, matching):
    leaf = self_signed("whoever.test", days=-1)
    other = self_signed("whoever.test")
    assert shown(leaf, [record(3, selector, matching, leaf)])
    assert not shown(other, [record(3, selector, matching, leaf)])
    assert shown(leaf, [record(3, 1, 1, other), record(3, selector, matching, leaf)])


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_authority_in_the_chain_vouches_for_a_leaf_with_the_name(selector, matching):
    leaf = deep(CA, 2, NAME)
    above = type(leaf)(leaf.key, leaf.above[1])
    data = above.der if selector == 0 else hashlib.sha256(b"").digest()
    issuer = [(2, selector, matching, _of(leaf.above[1], selector, matching))]
    assert data
    assert shown(leaf, issuer)
    assert not shown(leaf, issuer, "other.test")
    assert not shown(deep(authority(), 2, NAME), issuer)


def _of(certificate, selector, matching):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    data = certificate.public_bytes(Encoding.DER)
    if selector:
        data = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.new(("sha256", "sha512")[matching - 1], data).digest() if matching else data


def test_authority_that_only_the_record_holds_is_enough():
    assert shown(CA.issue(NAME), [record(2, 0, 0, CA)])
    assert not shown(CA.issue(NAME), [record(2, 0, 1, CA)])  # its server does not present it


def test_leaf_itself_is_no_authority():
    leaf = CA.issue(NAME)
    assert not shown(leaf, [record(2, 1, 1, leaf)])


def test_chain_to_the_authority_must_be_valid():
    intermediate = CA.issue("Intermediate", is_ca=True)
    names = [(2, 0, 1, _of(intermediate.certificate, 0, 1))]
    assert shown(intermediate.issue(NAME), names)
    assert not shown(intermediate.issue(NAME, days=-1), names)
    assert not shown(intermediate.issue(NAME, usage=ExtendedKeyUsageOID.CLIENT_AUTH), names)
    assert shown(intermediate.issue(NAME, usage=None), names)
    forged = type(CA)(CA.key, CA.issue(NAME).certificate, (intermediate.certificate,))
    impostor = authority("Intermediate").issue(NAME)
    chained = type(CA)(impostor.key, impostor.certificate, (intermediate.certificate,))
    assert forged
    assert not shown(chained, names)


def test_certificate_without_a_name_never_matches_an_authority():
    intermediate = CA.issue("Intermediate", is_ca=True)
    nameless = intermediate.issue("", [x509.RFC822Name("a@b.test")])
    assert not shown(nameless, [(2, 0, 1, _of(intermediate.certificate, 0, 1))])
