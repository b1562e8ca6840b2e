"""Certificates for tests: authorities, leaves of every kind, chains, written as PEM files.

    ca = authority()                                     a root; ca.issue("mx.example") a leaf under it
    leaf = ca.issue("mx.example", names=["*.example"], days=-1)
    leaf.write(folder)                                   key, leaf and the certificates above it, in one file
    ca.write_certificate(folder)                         what smtp_tls_CAfile names

Keys are small elliptic ones: made in a moment. Nothing here is kept from run to run.
Source: ours; RFC 5280.
"""

import datetime
import ipaddress
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
LIFE = 30  # days
_SERIALS = itertools.count(1000)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certified:
    """A key, its certificate, and the certificates above it."""

    key: Key
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()  # from the issuer up, the root left out

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def chain_pem(self) -> bytes:
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.above))

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def spki(self) -> bytes:
        return self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def write(self, folder: Path, name: str = "leaf.pem") -> Path:
        """Key and chain, as smtp_tls_cert_file and a server want them."""
        file = folder / name
        file.write_bytes(self.key_pem + self.chain_pem)
        return file

    def write_certificate(self, folder: Path, name: str = "ca.pem") -> Path:
        file = folder / name
        file.write_bytes(self.pem)
        return file

    def issue(
        self,
        common_name: str = "",
        names: Sequence[str | x509.GeneralName] | None = None,
        *,
        days: int = LIFE,
        from_days: int = -2,
        usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH,
        is_ca: bool = False,
        key: Key | None = None,
        extensions: Sequence[x509.ExtensionType] = (),
    ) -> "Certified":
        """A certificate under this one. `names`: None gives common_name as SAN, () gives no SAN at all;
        `days`, `from_days`: from now, valid until and from.
        """
        above = () if _is_root(self.certificate) else (self.certificate, *self.above)
        certificate, own_key = _make(
            common_name,
            _general([common_name] if names is None and common_name and not is_ca else names or ()),
            (min(from_days, days - 1), days),
            issuer=self,
            usage=None if is_ca else usage,
            is_ca=is_ca,
            key=key,
            extensions=extensions,
        )
        return Certified(own_key, certificate, above)


def authority(common_name: str = "Test CA", *, days: int = LIFE, key: Key | None = None) -> Certified:
    """A root that signed itself."""
    certificate, own_key = _make(common_name, (), (-2, days), issuer=None, usage=None, is_ca=True, key=key)
    return Certified(own_key, certificate)


def self_signed(common_name: str = "mx.example", *, days: int = LIFE) -> Certified:
    """A leaf under nobody."""
    certificate, key = _make(
        common_name,
        _general([common_name]),
        (min(-2, days - 1), days),
        issuer=None,
        usage=ExtendedKeyUsageOID.SERVER_AUTH,
        is_ca=False,
    )
    return Certified(key, certificate)


def deep(authority_: Certified, count: int, common_name: str = "mx.example") -> Certified:
    """A leaf with so many certificates between it and the root."""
    issuer = authority_
    for number in range(count):
        issuer = issuer.issue(f"Intermediate {number}", is_ca=True)
    return issuer.issue(common_name)


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def _general(names: Sequence[str | x509.GeneralName]) -> tuple[x509.GeneralName, ...]:
    return tuple(_name(name) if isinstance(name, str) else name for name in names)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _is_root(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _make(
    common_name: str,
    names: Sequence[x509.GeneralName],
    span: tuple[int, int],
    *,
    issuer: Certified | None,
    usage: x509.ObjectIdentifier | None,
    is_ca: bool,
    key: Key | None = None,
    extensions: Sequence[x509.ExtensionType] = (),
) -> tuple[x509.Certificate, Key]:
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else []
    subject = x509.Name(attributes)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(next(_SERIALS))
        .not_valid_before(now + span[0] * DAY)
        .not_valid_after(now + span[1] * DAY)
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer is not None:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not attributes)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key if issuer is None else issuer.key, hashes.SHA256()), key
