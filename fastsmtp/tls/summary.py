"""The lines about a handshake, as Postfix writes them.

    parameters(connection, leaf)            TLSv1.3 with cipher NAME (256/256 bits) key-exchange X25519 ...
    chain_failure(relay, evidence)          why a chain is not trusted
    numbered(relay, number, text), failure(relay, text)

The binding does not say which digest the server signed with, nor how many bits a cipher's algorithm has
beside its key: the first is left out, the second is that of the key. What a peer wrote is shown as
certificate.shown() does.
Source: Postfix tls_log_summary(3), tls_log_verify_error(3); spec: tls, 16."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from OpenSSL import SSL
from OpenSSL.SSL import X509VerificationCodes

from fastsmtp.tls import certificate as certificates
from fastsmtp.tls import fingerprints
from fastsmtp.tls.verdict import CHAIN_TOO_LONG, Evidence

WORDED = {  # X509_V_ERR_*
    0: "not trusted by local or TLSA policy",  # no certificate was looked at
    27: "not trusted by local or TLSA policy",
    18: "self-signed certificate",
    26: "not designated for use as a server certificate",
}
ISSUER_MISSING = (19, 20)  # self-signed in the chain; no local issuer: in the end the same
DATED = {
    9: "certificate not yet valid",
    13: "certificate not yet valid",
    10: "certificate has expired",
    14: "certificate has expired",
}
CODES = {
    value: name.removeprefix("ERR_").replace("_", " ").lower()
    for name, value in vars(X509VerificationCodes).items()
    if isinstance(value, int)
}
CURVES = {"secp256r1": "prime256v1", "secp192r1": "prime192v1"}  # as OpenSSL calls them


def parameters(connection: SSL.Connection, leaf: x509.Certificate | None) -> str:
    version = connection.get_protocol_version_name()
    bits = connection.get_cipher_bits() or 0
    text = f"{version} with cipher {connection.get_cipher_name()} ({bits}/{bits} bits)"
    if version != "TLSv1.3":
        return text
    if group := connection.get_group_name():
        text += f" key-exchange {group.upper() if group.startswith('x') else group}"
    return text + _signature(leaf)


def _signature(leaf: x509.Certificate | None) -> str:
    """By the kind of key: TLS 1.3 leaves each kind one way to sign."""
    try:
        key = leaf.public_key() if leaf is not None else None
    except Exception:
        key = None  # of a kind that the library does not know
    name = ""
    if isinstance(key, rsa.RSAPublicKey):
        name = f"RSA-PSS ({key.key_size} bits)"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        name = f"ECDSA ({CURVES.get(key.curve.name, key.curve.name)})"
    elif isinstance(key, ed25519.Ed25519PublicKey):
        name = "ED25519"
    elif isinstance(key, ed448.Ed448PublicKey):
        name = "ED448"
    return name and f" server-signature {name}"


def peer(relay: str, leaf: x509.Certificate, algorithm: str) -> str:
    whole, spki = certificates.digests(leaf, algorithm)
    return (
        f"{relay}: subject_CN={certificates.common_name(leaf)}, "
        f"issuer_CN={certificates.common_name(leaf, issuer=True)}, "
        f"fingerprint={fingerprints.text(whole)}, pkey_fingerprint={fingerprints.text(spki)}"
    )


def failure(relay: str, text: str) -> str:
    return f"certificate verification failed for {relay}: {text}"


def numbered(relay: str, number: int, text: str) -> str:
    return f"server certificate verification failed for {relay}: num={number}:{text}"


def chain_failure(relay: str, evidence: Evidence) -> str:
    """The error nearest to the leaf."""
    error = evidence.error
    if error in WORDED:
        return failure(relay, WORDED[error])
    if error in ISSUER_MISSING:
        issuer = certificates.issuer_name(certificates.parsed(evidence.certificate))
        return failure(relay, f"untrusted issuer {issuer}".rstrip())
    if error == CHAIN_TOO_LONG:
        return failure(relay, f"certificate chain longer than limit({evidence.limit})")
    if error in DATED:
        return f"server certificate verification failed for {relay}: {DATED[error]}"
    return numbered(relay, error, CODES.get(error, "certificate not usable"))
