"""What a finished handshake amounts to, and what there is to be said about it.

    Verdict(matched, word, lines, warnings)
    Evidence                     what the library found out about a chain while the handshake ran

Source: Postfix tls_client(3), tls_verify(3); spec: tls, 7, 16.
"""

from typing import NamedTuple

from OpenSSL.crypto import X509

ANONYMOUS = "Anonymous"  # there is no certificate
UNTRUSTED = "Untrusted"  # its chain is not valid
TRUSTED = "Trusted"  # it is, and nothing more was asked for, or not all of it was found
VERIFIED = "Verified"  # what was required was found

CHAIN_TOO_LONG = 22  # X509_V_ERR_CERT_CHAIN_TOO_LONG


class Verdict(NamedTuple):
    """Decided once for a session, before anything is sent through it."""

    matched: bool  # all that the level requires of the certificate; True where it requires nothing
    word: str  # that the log's line begins with
    lines: tuple[str, ...] = ()  # for the log, as they are
    warnings: tuple[str, ...] = ()
    reused: str = ""  # the line for each further request on this session
    authenticated: bool = False  # it matched, and had to
    certified: bool = False  # we had a certificate to give; whether the peer asked for it cannot be seen


UNDECIDED = Verdict(False, "")


class Evidence:
    """The errors of one chain, gathered while the library checks it: none ends the handshake."""

    __slots__ = ("certificate", "depth", "error", "examined", "limit")

    def __init__(self, limit: int) -> None:
        """`limit`: the longest chain, counted without its leaf."""
        self.limit = limit
        self.examined = False  # False: there was no certificate, or the session was resumed
        self.error = 0  # nearest to the leaf; the library's number, 0 is none
        self.depth = -1
        self.certificate: X509 | None = None  # that the error is about

    def note(self, error: int, depth: int, certificate: X509 | None = None) -> None:
        """One certificate was looked at; the library's word."""
        self.examined = True
        if depth > self.limit and not error:
            error = CHAIN_TOO_LONG
        if error and (self.depth < 0 or depth < self.depth):
            self.error, self.depth, self.certificate = error, depth, certificate
