"""What a certificate says of itself, read so that nothing in it can do harm.

    read(certificate) -> Names         DNS names, addresses, common names; of one that cannot be read: none
    digests(certificate, name)         of the certificate and of its public key, as fingerprints have them
    shown(text)                        a peer's text for the log

A name with a NUL, a control character or anything outside ASCII is unusable. Where a certificate holds at
least one DNS name its common names do not count, usable or not.
Source: RFC 5280 4.2.1.6, RFC 6125; Postfix tls_verify(3), tls_fprint(3); spec: tls, 7.2, 7.3, 16."""

import hashlib
import ipaddress
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from OpenSSL.crypto import X509

SHOWN_LIMIT = 128  # characters of a peer's text in the log
NAMES_LIMIT = 1000  # that one certificate may carry; behind them none counts


class Names(NamedTuple):
    """Whom a certificate is for."""

    dns: tuple[str, ...] = ()  # in lower case
    addresses: frozenset[str] = frozenset()
    common: tuple[str, ...] = ()  # usable only where there is no DNS name

    @property
    def hosts(self) -> tuple[str, ...]:
        """Those that count."""
        return self.dns or self.common


UNUSABLE = Names()


def parsed(certificate: X509 | None) -> x509.Certificate | None:
    """None for one that is none, or that cannot be read."""
    if certificate is None:
        return None
    try:
        return certificate.to_cryptography()
    except Exception:  # a peer wrote it, and a parser may stumble over it in many ways
        return None


def read(certificate: x509.Certificate | None) -> Names:
    """Never raises: what cannot be read carries no name."""
    if certificate is None:
        return UNUSABLE
    try:
        return _read(certificate)
    except Exception:
        return UNUSABLE


def _read(certificate: x509.Certificate) -> Names:
    dns: list[str] = []
    addresses: set[str] = set()
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        extension = None
    has_dns = False
    for name in list(extension or ())[:NAMES_LIMIT]:
        if isinstance(name, x509.DNSName):
            has_dns = True
            dns += _usable(name.value)
        elif isinstance(name, x509.IPAddress) and isinstance(
            name.value, ipaddress.IPv4Address | ipaddress.IPv6Address
        ):
            addresses.add(str(name.value))
    common: list[str] = []
    if not has_dns:
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[:NAMES_LIMIT]:
            if isinstance(attribute.value, str):
                common += _usable(attribute.value)
    return Names(tuple(dns), frozenset(addresses), tuple(common))


def _usable(text: str) -> list[str]:
    return [text.lower()] if text and text.isascii() and text.isprintable() and " " not in text else []


def common_name(certificate: x509.Certificate, *, issuer: bool = False) -> str:
    """The subject's or the issuer's, for the log; "" where there is none."""
    try:
        name = certificate.issuer if issuer else certificate.subject
        found = [str(attribute.value) for attribute in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except Exception:
        found = []
    return shown(found[0]) if found else ""


def issuer_name(certificate: x509.Certificate | None) -> str:
    """All of it, as OpenSSL writes it in one line: /C=DE/O=Example/CN=Example CA."""
    try:
        attributes = list(certificate.issuer) if certificate is not None else []
        return shown("".join(f"/{each.rfc4514_attribute_name}={each.value!s}" for each in attributes))
    except Exception:
        return ""


def shown(text: str) -> str:
    """Without control characters, and not too long."""
    clean = "".join(c if c.isprintable() else "?" for c in text[: SHOWN_LIMIT + 1])
    return clean if len(clean) <= SHOWN_LIMIT else clean[:SHOWN_LIMIT] + "..."


def digests(certificate: x509.Certificate, algorithm: str) -> tuple[bytes, bytes]:
    """Of the DER certificate, and of its DER public key (b"" where that cannot be read)."""
    whole = hashlib.new(algorithm, certificate.public_bytes(Encoding.DER)).digest()
    try:
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:
        return whole, b""
    return whole, hashlib.new(algorithm, spki).digest()
