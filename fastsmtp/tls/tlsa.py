"""TLSA records: which can be used, and whether a certificate is one that they name.

    usable(records, digests)                 Records, of each kind those with the strongest digest
    Matcher(records, references)(connection, leaf)

| usage | compared with | what else must hold |
| --- | --- | --- |
| 3, DANE-EE | the leaf, or its key | nothing: no name, no date, no trust |
| 2, DANE-TA | one above the leaf, or its key; the record may hold it | the chain up to it; a name |

Usages 0 and 1 are for other protocols. Never raises for what a peer or a record holds.
Source: RFC 6698 2.1, 7671 5, 9, 7672 3; spec: tls, 9.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreFlags

from fastsmtp.tls import certificate as certificates
from fastsmtp.tls.names import References

AUTHORITY, LEAF = 2, 3
WHOLE, KEY = 0, 1
EXACT = 0
DIGESTS = {1: "sha256", 2: "sha512"}  # matching types
CHAIN_LIMIT = 100  # certificates of a peer that are looked at
PURPOSES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)


class Record(NamedTuple):
    """One that can be used."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def matches(self, certificate: x509.Certificate) -> bool:
        try:
            if self.selector == WHOLE:
                found = certificate.public_bytes(Encoding.DER)
            else:
                key = certificate.public_key()
                found = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except Exception:
            return False  # a kind of key that the library does not know
        if self.matching != EXACT:
            found = hashlib.new(DIGESTS[self.matching], found).digest()
        return found == self.data


def usable(records: Iterable[object], digests: Sequence[str]) -> tuple[Record, ...]:
    """`records`: (usage, selector, matching type, data). `digests`: accepted ones, the strongest first."""
    found = []
    for each in records:
        if not isinstance(each, tuple) or len(each) != len(Record._fields):
            continue
        record = Record(*each)
        if record.usage in (AUTHORITY, LEAF) and record.selector in (WHOLE, KEY) and _fits(record, digests):
            found.append(record)
    best: dict[tuple[int, int], int] = {}
    for record in found:
        if record.matching != EXACT:
            kind, rank = record[:2], digests.index(DIGESTS[record.matching])
            best[kind] = min(best.get(kind, rank), rank)
    return tuple(
        sorted(
            record
            for record in set(found)
            if record.matching == EXACT or digests.index(DIGESTS[record.matching]) == best[record[:2]]
        )
    )


def _fits(record: Record, digests: Sequence[str]) -> bool:
    if record.matching == EXACT:
        return bool(record.data) and (record.selector == KEY or _as_certificate(record.data) is not None)
    name = DIGESTS.get(record.matching)
    return name in digests and len(record.data) == hashlib.new(str(name)).digest_size


def _as_certificate(data: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(data)
    except Exception:  # a record may hold anything
        return None


class Matcher:
    """The records of one host."""

    __slots__ = ("_records", "_references")

    def __init__(self, records: Sequence[Record], references: References) -> None:
        """`references`: names that a certificate under an authority must carry one of."""
        self._records = records
        self._references = references

    def __call__(self, connection: SSL.Connection, leaf: x509.Certificate) -> bool:
        if any(record.usage == LEAF and record.matches(leaf) for record in self._records):
            return True
        wanted = [record for record in self._records if record.usage == AUTHORITY]
        if not wanted or not self._references.matched_by(certificates.read(leaf)):
            return False
        presented = (connection.get_peer_cert_chain() or [])[1:CHAIN_LIMIT]
        above = [each for each in map(certificates.parsed, presented) if each is not None]
        anchors = [each for each in above if any(record.matches(each) for record in wanted)]
        for record in wanted:
            if record.matching == EXACT and record.selector == WHOLE:
                anchors += filter(None, [_as_certificate(record.data)])
        return bool(anchors) and _serves(leaf) and _vouched(leaf, above, anchors)


def _serves(leaf: x509.Certificate) -> bool:
    """It is for servers, as far as it says."""
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except Exception:
        return False  # a peer wrote it
    return any(purpose in PURPOSES for purpose in usage)


def _vouched(
    leaf: x509.Certificate, above: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> bool:
    """A valid chain leads from the leaf to an anchor."""
    store = X509Store()
    store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
    try:
        for anchor in anchors:
            store.add_cert(X509.from_cryptography(anchor))
        chain = [X509.from_cryptography(each) for each in above]
        X509StoreContext(store, X509.from_cryptography(leaf), chain).verify_certificate()
    except Exception:  # it is no chain, or holds what the library cannot take
        return False
    return True
