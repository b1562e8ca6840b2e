"""Which TLS versions may be used: the lists of smtp_tls_protocols, and the attribute `protocols`.

    parse(text) -> Versions        ProtocolError says which word is wrong
    versions.least, .greatest      0: no bound
    versions.options               the library's options that switch off single versions

`!word` excludes, bare words alone include only these, `>=word` and `<=word` bound; a word may be hexadecimal
behind a bound. Empty is all. The library disables everything above an excluded one in the middle.
Source: Postfix tls_protocol_mask(3), smtp_tls_protocols; spec: tls, 5.
"""

import re
from typing import NamedTuple

from OpenSSL import SSL

OFF = {  # by name in lower case: what switches it off
    "sslv2": SSL.OP_NO_SSLv2,
    "sslv3": SSL.OP_NO_SSLv3,
    "tlsv1": SSL.OP_NO_TLSv1,
    "tlsv1.1": SSL.OP_NO_TLSv1_1,
    "tlsv1.2": SSL.OP_NO_TLSv1_2,
    "tlsv1.3": SSL.OP_NO_TLSv1_3,
}
NUMBERS = {
    "sslv3": SSL.SSL3_VERSION,
    "tlsv1": SSL.TLS1_VERSION,
    "tlsv1.1": SSL.TLS1_1_VERSION,
    "tlsv1.2": SSL.TLS1_2_VERSION,
    "tlsv1.3": SSL.TLS1_3_VERSION,
}
NEVER = ("sslv2", "sslv3")  # in no library that is still built
HEXADECIMAL = re.compile(r"(?:0x)?[0-9a-f]{4}")
SEPARATORS = re.compile(r"[\s,:]+")


class ProtocolError(ValueError):
    """A list of versions that cannot be read."""


class Versions(NamedTuple):
    """What a list comes to."""

    options: int
    least: int = 0
    greatest: int = 0


def parse(text: str) -> Versions:
    """Words separated by blanks, commas or colons."""
    excluded: set[str] = set(NEVER)
    included: set[str] = set()
    least = greatest = 0
    for word in filter(None, SEPARATORS.split(text.lower())):
        if word.startswith(">="):
            least = _number(word[2:], text)
        elif word.startswith("<="):
            greatest = _number(word[2:], text)
        elif word.startswith("!"):
            excluded.add(_known(word[1:], text))
        else:
            included.add(_known(word, text))
    if included:
        excluded |= OFF.keys() - included
    options = 0
    for word in excluded:
        options |= OFF[word]
    return Versions(options, least, greatest)


def _known(word: str, text: str) -> str:
    if word not in OFF:
        raise ProtocolError(f'invalid TLS version "{word}" in "{text}"')
    return word


def _number(word: str, text: str) -> int:
    if word in NUMBERS:
        return NUMBERS[word]
    if HEXADECIMAL.fullmatch(word):
        return int(word, 16)
    raise ProtocolError(f'invalid TLS version "{word}" in "{text}"')
