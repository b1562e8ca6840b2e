"""Our own certificates, for peers that ask who we are: read once, checked, put into every context.

    chains = read_pairs([(kind, certificate file, key file), ...])     smtp_tls_cert_file and the like
    chains = read_chain_files(files)                                   smtp_tls_chain_files
    load(context, chains)

A file holds the leaf, then its issuers from the bottom up. In chain files a key stands before its
certificate, and there is at most one key of an algorithm; with several the library picks by what the peer
can do. Keys must not be encrypted: nobody is there to ask. UnusableFile says which file and why.
Source: Postfix tls_certkey(3), smtp_tls_chain_files; spec: tls, 8."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from OpenSSL import SSL

Key = RSAPrivateKey | DSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey
KEYS = (RSAPrivateKey, DSAPrivateKey, EllipticCurvePrivateKey, Ed25519PrivateKey, Ed448PrivateKey)
BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n.*?-----END \1-----\r?\n?", re.DOTALL)


class UnusableFile(ValueError):
    """A file with keys or certificates cannot be used."""


class Chain(NamedTuple):
    """A key, and the certificates that vouch for it."""

    key: Key
    pem: bytes  # the leaf, then its issuers
    source: str


def read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UnusableFile(f"{path}: cannot be read: {error.strerror}") from None


def read_pairs(pairs: Iterable[tuple[str, str]]) -> list[Chain]:
    """(certificate file, key file) of each."""
    chains = []
    for certificate_file, key_file in pairs:
        text = read_file(certificate_file)
        keys = [block for block in _blocks(read_file(key_file)) if _is_key(block)]
        certificates = [block for block in _blocks(text) if not _is_key(block)]
        if not keys:
            raise UnusableFile(f"{key_file}: no private key in it")
        chains.append(_chain(keys[0], certificates, certificate_file, key_file))
    return chains


def read_chain_files(files: Iterable[str]) -> list[Chain]:
    chains: list[Chain] = []
    key: bytes | None = None
    certificates: list[bytes] = []
    source = ""
    for file in files:
        for block in _blocks(read_file(file)):
            if _is_key(block):
                if key is not None:
                    chains.append(_chain(key, certificates, source, source))
                key, certificates, source = block, [], file
            elif key is None:
                raise UnusableFile(f"{file}: a certificate stands before any key")
            else:
                certificates.append(block)
    if key is None:
        raise UnusableFile(f"{', '.join(files) or 'smtp_tls_chain_files'}: no private key in it")
    chains.append(_chain(key, certificates, source, source))
    kinds = [type(chain.key) for chain in chains]
    if len(set(kinds)) < len(kinds):
        raise UnusableFile(f"{chains[-1].source}: more than one key of an algorithm")
    return chains


def _blocks(data: bytes) -> list[bytes]:
    return [found[0] for found in BLOCK.finditer(data)]


def _is_key(block: bytes) -> bool:
    return block.split(b"-----", 2)[1].endswith(b"PRIVATE KEY")


def _chain(key_pem: bytes, certificates: Sequence[bytes], certificate_file: str, key_file: str) -> Chain:
    try:
        key = load_pem_private_key(key_pem, None)
    except TypeError:
        raise UnusableFile(f"{key_file}: the private key is encrypted; expected one that is not") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnusableFile(f"{key_file}: no usable private key: {error}") from None
    if not isinstance(key, KEYS):
        raise UnusableFile(f"{key_file}: a kind of private key that TLS does not use")
    if not certificates:
        raise UnusableFile(f"{certificate_file}: no certificate in it")
    try:
        leaf = x509.load_pem_x509_certificate(certificates[0])
        vouched = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as error:
        raise UnusableFile(f"{certificate_file}: no usable certificate: {error}") from None
    if vouched != key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise UnusableFile(f"{certificate_file}: its certificate is for another key than {key_file} holds")
    return Chain(key, b"".join(certificates), certificate_file)


def load(context: SSL.Context, chains: Iterable[Chain]) -> None:
    """UnusableFile where the library takes one of them not."""
    for chain in chains:
        try:
            with as_file(chain.pem) as path:
                context.use_certificate_chain_file(path)
            context.use_privatekey(chain.key)
            context.check_privatekey()
        except SSL.Error:
            raise UnusableFile(f"{chain.source}: the TLS library does not take it") from None


@contextmanager
def as_file(data: bytes) -> Iterator[str]:
    """A file in memory: the library reads chains from files only, and those on the disk may be others now."""
    with os.fdopen(os.memfd_create("fastsmtp"), "wb") as file:
        file.write(data)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"
