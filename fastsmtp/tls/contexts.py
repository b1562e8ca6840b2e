"""The library's contexts: one for each way of speaking TLS, shared by all connections that speak so.

    contexts = shared(rules)             UnusableFile where our settings cannot be loaded at all
    contexts.of(manner)                  ValueError where the library cannot speak so

A context holds what is trusted, our own certificates, versions and ciphers. Files are read when the rules
are made, but for smtp_tls_CApath, in which the library looks up issuers as they are needed. Verification
never ends a handshake: errors go into the Evidence that the connection carries. Transports with the same
rules share them, and so do the settings before and after a reload: a list of authorities takes megabytes.
Source: OpenSSL ssl(7); Postfix tls_client(3); spec: tls, 5, 7.1, 8."""

import hashlib
import os
import re
from contextlib import nullcontext
from typing import NamedTuple
from weakref import WeakValueDictionary

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from OpenSSL.crypto import X509, X509StoreFlags

from fastsmtp.tls.channel import reason_of
from fastsmtp.tls.own import Chain, UnusableFile, as_file, load, read_file
from fastsmtp.tls.protocols import Versions
from fastsmtp.tls.verdict import Evidence

HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
DATES = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
CURVES: dict[str, ec.EllipticCurve] = {
    "prime256v1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
}
CONTEXTS_LIMIT = 100  # ways of speaking TLS; beyond, they are made anew


class Authorities(NamedTuple):
    """Whom levels verify and secure trust."""

    pem: bytes = b""  # of smtp_tls_CAfile
    folder: str = ""  # smtp_tls_CApath
    system: bool = False  # tls_append_default_CA
    entries: tuple[tuple[str, int], ...] = ()  # of the folder, with their times: another one is trusted anew

    @classmethod
    def read(cls, file: str, folder: str, *, system: bool) -> "Authorities":
        """UnusableFile."""
        pem = read_file(file) if file else b""
        if file and b"-----BEGIN" not in pem:
            raise UnusableFile(f"{file}: no certificate in it")
        return cls(pem, folder, system, _entries(folder))


def _entries(folder: str) -> tuple[tuple[str, int], ...]:
    """None where it cannot be read: the library then finds no authority in it either."""
    try:
        with os.scandir(folder) if folder else nullcontext(()) as found:
            return tuple(sorted((entry.name, entry.stat().st_mtime_ns) for entry in found))
    except OSError:
        return ()


class ContextRules(NamedTuple):
    """What all contexts have in common."""

    authorities: Authorities
    own: tuple[Chain, ...] = ()
    options: tuple[str, ...] = ()  # by name, or in hexadecimal
    curve: str = ""  # the only one to offer; empty: the library's list
    session_lifetime: int = 3600  # seconds


class Manner(NamedTuple):
    """One way of speaking TLS."""

    versions: Versions
    ciphers: bytes
    anchors: tuple[bytes, ...] = ()  # trusted alone, in place of the authorities; DER


def read_anchors(file: str) -> tuple[bytes, ...]:
    """The certificates of a file of trust anchors, as DER. UnusableFile."""
    data = read_file(file)
    try:
        found = x509.load_pem_x509_certificates(data)
    except (ValueError, x509.InvalidVersion) as error:
        raise UnusableFile(f"{file}: no usable trust anchor: {error}") from None
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in found)


_SHARED: "WeakValueDictionary[str, Contexts]" = WeakValueDictionary()


def shared(rules: ContextRules) -> "Contexts":
    """Those that somebody holds already, or new ones. UnusableFile."""
    own = [chain.pem for chain in rules.own]  # each was found to belong to its key
    key = hashlib.sha256(repr(rules._replace(own=())).encode() + b"".join(own)).hexdigest()
    found = _SHARED.get(key)
    if found is None:
        found = _SHARED[key] = Contexts(rules)
    return found


class Contexts:
    """Made when first asked for."""

    def __init__(self, rules: ContextRules) -> None:
        """UnusableFile: none can be made."""
        self._rules = rules
        self._options = _options(rules.options)
        self._made: dict[Manner, SSL.Context] = {}
        self._make(Manner(Versions(0), b"ALL:@SECLEVEL=0"))  # finds what is wrong before mail is there

    def of(self, manner: Manner) -> SSL.Context:
        """The one for `manner`. UnusableFile, ValueError."""
        found = self._made.get(manner)
        if found is None:
            if len(self._made) >= CONTEXTS_LIMIT:
                self._made.clear()
            found = self._made[manner] = self._make(manner)
        return found

    def _make(self, manner: Manner) -> SSL.Context:
        rules = self._rules
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        context.set_options(
            self._options | manner.versions.options | SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION
        )
        context.set_min_proto_version(manner.versions.least)
        context.set_max_proto_version(manner.versions.greatest)
        try:
            context.set_cipher_list(manner.ciphers)
        except SSL.Error as error:
            raise ValueError(f"invalid cipher list {manner.ciphers.decode()}: {reason_of(error)}") from None
        if rules.curve:
            context.set_tmp_ecdh(CURVES[rules.curve])
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        context.set_timeout(rules.session_lifetime)
        load(context, rules.own)
        if manner.anchors:
            _trust_alone(context, manner.anchors)
        else:
            _trust(context, rules.authorities)
        context.set_verify(SSL.VERIFY_PEER, _Notes(frozenset(manner.anchors)))
        return context


def _options(words: tuple[str, ...]) -> int:
    """UnusableFile for one that the library does not have."""
    options = 0
    for word in words:
        value = getattr(SSL, f"OP_{word}", None)
        if value is None and HEXADECIMAL.fullmatch(word):
            value = int(word, 16)
        if value is None:
            raise UnusableFile(f"tls_ssl_options = {' '.join(words)}: no option {word}")
        options |= value
    return options


def _trust(context: SSL.Context, authorities: Authorities) -> None:
    try:
        if authorities.pem:
            with as_file(authorities.pem) as path:
                context.load_verify_locations(path)
        if authorities.folder:
            context.load_verify_locations(None, authorities.folder)
    except SSL.Error as error:
        raise UnusableFile(f"certificate authorities cannot be loaded: {reason_of(error)}") from None
    if authorities.system:
        context.set_default_verify_paths()


def _trust_alone(context: SSL.Context, anchors: tuple[bytes, ...]) -> None:
    """Any of them ends a chain, also one that others have signed."""
    store = context.get_cert_store()
    assert store is not None
    store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
    for anchor in anchors:
        store.add_cert(X509.from_cryptography(x509.load_der_x509_certificate(anchor)))


class _Notes:
    """The library's verification callback. The dates of an anchor do not count."""

    __name__ = "notes"
    __slots__ = ("__dict__", "_anchors")

    def __init__(self, anchors: frozenset[bytes]) -> None:
        self._anchors = anchors

    def __call__(
        self, connection: SSL.Connection, certificate: X509, error: int, depth: int, ok: int
    ) -> bool:
        evidence = connection.get_app_data()
        if isinstance(evidence, Evidence):
            if error in DATES and self._anchors and _der(certificate) in self._anchors:
                error = 0
            evidence.note(error, depth, certificate if error else None)
        return True


def _der(certificate: X509) -> bytes:
    try:
        return certificate.to_cryptography().public_bytes(Encoding.DER)
    except Exception:  # a peer wrote it
        return b""
