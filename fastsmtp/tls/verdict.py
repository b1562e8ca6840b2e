"""What a finished handshake amounts to, and what there is to be said about it.

    Verdict(matched, word, lines, warnings)
    Evidence                     what the library found out about a chain while the handshake ran

Source: Postfix tls_client(3), tls_verify(3); spec: tls, 7, 16.
"""

from typing import NamedTuple

ANONYMOUS = "Anonymous"  # there is no certificate
UNTRUSTED = "Untrusted"  # its chain is not valid
TRUSTED = "Trusted"  # it is, and nothing more was asked for, or not all of it was found
VERIFIED = "Verified"  # what was required was found


class Verdict(NamedTuple):
    """Decided once for a session, before anything is sent through it."""

    matched: bool  # all that the level requires of the certificate; True where it requires nothing
    word: str  # that the log's line begins with
    lines: tuple[str, ...] = ()  # for the log, as they are
    warnings: tuple[str, ...] = ()
    reused: str = ""  # the line for each further request on this session


class Evidence:
    """The errors of one chain, gathered while the library checks it: none ends the handshake."""

    __slots__ = ("depth", "error", "examined", "limit")

    def __init__(self, limit: int) -> None:
        """`limit`: the longest chain, counted without its leaf."""
        self.limit = limit
        self.examined = False  # False: there was no certificate, or the session was resumed
        self.error = 0  # nearest to the leaf; the library's number, 0 is none
        self.depth = -1

    def note(self, error: int, depth: int) -> None:
        """One certificate was looked at; the library's word."""
        self.examined = True
        if depth > self.limit and not error:
            error = CHAIN_TOO_LONG
        if error and (self.depth < 0 or depth < self.depth):
            self.error, self.depth = error, depth


# X509_V_ERR_*
UNABLE_TO_GET_ISSUER = 2
NOT_YET_VALID = 9
EXPIRED = 10
SELF_SIGNED = 18
SELF_SIGNED_IN_CHAIN = 19
UNABLE_TO_GET_ISSUER_LOCALLY = 20
UNABLE_TO_VERIFY_LEAF = 21
CHAIN_TOO_LONG = 22
INVALID_CA = 24
INVALID_PURPOSE = 26
UNTRUSTED_CERTIFICATE = 27
