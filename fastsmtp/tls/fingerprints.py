"""Fingerprints: which certificates, or public keys, level fingerprint accepts.

    parse(words, algorithm) -> digests, warnings        hexadecimal, colons or not, any case
    has_digest(algorithm)                               whether the library knows it

No trust, no name and no date counts beside them.
Source: Postfix tls_fprint(3), smtp_tls_fingerprint_cert_match; spec: tls, 7.3.
"""

import hashlib
from collections.abc import Iterable

FIXED = {name for name in hashlib.algorithms_available if not name.startswith("shake")}


def has_digest(algorithm: str) -> bool:
    """Whether fingerprints can be made with it."""
    try:
        hashlib.new(algorithm)
    except ValueError:
        return False
    return algorithm.lower() in FIXED


def parse(words: Iterable[str], algorithm: str) -> tuple[frozenset[bytes], list[str]]:
    """The digests, and a warning for each word that is none."""
    size = hashlib.new(algorithm).digest_size
    found: set[bytes] = set()
    warnings: list[str] = []
    for word in words:
        try:
            digest = bytes.fromhex(word.replace(":", ""))
        except ValueError:
            digest = b""
        if len(digest) == size:
            found.add(digest)
        else:
            warnings.append(f'malformed fingerprint "{word}": expected {size} bytes in hexadecimal')
    return frozenset(found), warnings


def text(digest: bytes) -> str:
    """As the log shows it."""
    return digest.hex(":").upper()
