"""Which ciphers may be used: grades, lists, exclusions, and the library's security level.

    cipher_list(base, exclusions, security_level) -> bytes      CipherError says which exclusion is none

A list is the grade's, then `:!X` for each exclusion, in order. TLS 1.3 has its own suites, which no grade
touches.
Source: Postfix tls_set_ciphers(3), tls_cipher_grade(3), smtp_tls_exclude_ciphers; spec: tls, 5.
"""

import re
from collections.abc import Iterable

OPERATORS = ("!", "+", "-", "@")
SEPARATORS = re.compile(r"[\s,:]+")


class CipherError(ValueError):
    """An exclusion that is none."""


def exclusions(text: str) -> tuple[str, ...]:
    """The words of a list."""
    return tuple(filter(None, SEPARATORS.split(text)))


def cipher_list(base: str, excluded: Iterable[str], security_level: int) -> bytes:
    """In OpenSSL's notation."""
    words = [f"@SECLEVEL={security_level}", base]
    for word in excluded:
        if word.startswith(OPERATORS) or not word.isascii():
            raise CipherError(f'invalid unquoted character in cipher exclusion "{word}"')
        words.append(f"!{word}")
    return ":".join(words).encode("ascii", "replace")
