"""The verdict on a finished handshake: is the certificate what the level requires, and what does the log say.

    examiner = Examiner(Demand(...), relay, log)
    examiner(connection, evidence) -> Verdict           a new session
    examiner.resumed(connection, verdict) -> Verdict    one whose certificate was judged when it was new

| level | matched when |
| --- | --- |
| none to encrypt | always; the chain only chooses the word |
| fingerprint | a digest of the certificate or of its key is listed |
| verify, secure | the chain is trusted and a name matches |
| dane | a TLSA record matches (fastsmtp.tls.dane) |

A certificate that cannot be read matches nothing. Never raises.
Source: Postfix tls_client(3), tls_verify(3), tls_misc(3) tls_log_summary; spec: tls, 7, 16.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cryptography import x509
from OpenSSL import SSL

from fastsmtp.tls import certificate as certificates
from fastsmtp.tls import fingerprints, loglevel, summary
from fastsmtp.tls.level import Level
from fastsmtp.tls.names import References
from fastsmtp.tls.verdict import ANONYMOUS, TRUSTED, UNTRUSTED, VERIFIED, Evidence, Verdict

HOSTNAME_MISMATCH = (62, "hostname mismatch")
ADDRESS_MISMATCH = (64, "IP address mismatch")
NOT_LISTED = (65, "no matching DANE TLSA records")  # OpenSSL's words for fingerprints too
UNREADABLE = "unreadable certificate"
DANE_LEVELS = (Level.HALFDANE, Level.DANE, Level.DANE_ONLY)

Tlsa = Callable[[SSL.Connection, x509.Certificate], bool]


class Demand(NamedTuple):
    """What is required of a certificate."""

    level: Level
    references: References = References()
    digests: frozenset[bytes] = frozenset()
    algorithm: str = "sha256"  # of the digests
    failure: str = ""  # the policy's own reason why no certificate will do
    certified: bool = False  # we have a certificate ourselves
    tlsa: Tlsa | None = None

    @property
    def must_match(self) -> bool:
        return self.level > Level.ENCRYPT


class Examiner:
    """Of one host; any number of its connections."""

    __slots__ = ("_demand", "_log", "_relay")

    def __init__(self, demand: Demand, relay: str, log: int) -> None:
        """`log`: a mask of fastsmtp.tls.loglevel."""
        self._demand = demand
        self._relay = relay
        self._log = log

    def __call__(self, connection: SSL.Connection, evidence: Evidence) -> Verdict:
        try:
            return self._judged(connection, evidence)
        except Exception as error:  # a peer wrote what is read here: whatever it breaks is no match
            warning = f"{self._relay}: its certificate cannot be checked: {error!r}"
            return Verdict(not self._demand.must_match, UNTRUSTED, warnings=(certificates.shown(warning),))

    def _judged(self, connection: SSL.Connection, evidence: Evidence) -> Verdict:
        demand = self._demand
        certificate = connection.get_peer_certificate()
        leaf = certificates.parsed(certificate)
        trusted = certificate is not None and evidence.examined and not evidence.error
        reason = ""
        if not demand.must_match:
            matched = True
            word = TRUSTED if trusted else UNTRUSTED
            if not trusted:
                reason = summary.chain_failure(self._relay, evidence)
        else:
            reason = self._mismatch(connection, leaf, evidence, trusted=trusted)
            matched = not reason
            word = UNTRUSTED  # also a valid chain that is another's
            if matched:
                word = TRUSTED if demand.level is Level.HALFDANE else VERIFIED
        if certificate is None:
            matched, word, reason = not demand.must_match, ANONYMOUS, ""
        lines = [*self._details(leaf, certificate is not None)]
        if reason and (demand.must_match or self._log & loglevel.UNTRUSTED):
            lines.append(reason)
        return self._verdict(connection, matched, word, lines, leaf)

    def resumed(self, connection: SSL.Connection, verdict: Verdict) -> Verdict:
        """The certificate is not sent again: the verdict on it stands."""
        lines = []
        if verdict.word == UNTRUSTED and self._log & loglevel.UNTRUSTED:
            lines.append(
                f"{self._relay}: re-using session with untrusted peer credential, "
                "look for details earlier in the log"
            )
        if self._log & loglevel.CACHE:
            lines.append(f"{self._relay}: re-using old session")
        leaf = certificates.parsed(connection.get_peer_certificate())
        return self._verdict(connection, verdict.matched, verdict.word, lines, leaf)

    def _verdict(
        self,
        connection: SSL.Connection,
        matched: bool,
        word: str,
        lines: Sequence[str],
        leaf: x509.Certificate | None,
    ) -> Verdict:
        demand = self._demand
        reused = ""
        if self._log & loglevel.SUMMARY:
            parameters = summary.parameters(connection, leaf)
            lines = [*lines, f"{word} TLS connection established to {self._relay}: {parameters}"]
            reused = f"{word} TLS connection reused to {self._relay}: {parameters}"
        return Verdict(
            matched,
            word,
            tuple(lines),
            reused=reused,
            authenticated=matched and demand.must_match,
            certified=demand.certified,
        )

    def _mismatch(
        self,
        connection: SSL.Connection,
        leaf: x509.Certificate | None,
        evidence: Evidence,
        *,
        trusted: bool,
    ) -> str:
        """Why it is not the certificate that was required; "" if it is."""
        demand = self._demand
        if leaf is None or demand.failure:
            return summary.failure(self._relay, demand.failure or UNREADABLE)
        if demand.level is Level.FINGERPRINT or demand.level in DANE_LEVELS:
            return "" if self._is_listed(connection, leaf) else summary.numbered(self._relay, *NOT_LISTED)
        if not trusted:
            return summary.chain_failure(self._relay, evidence)
        if demand.references.matched_by(certificates.read(leaf)):
            return ""
        number, text = ADDRESS_MISMATCH if demand.references.addresses else HOSTNAME_MISMATCH
        return summary.numbered(self._relay, number, text)

    def _is_listed(self, connection: SSL.Connection, leaf: x509.Certificate) -> bool:
        demand = self._demand
        if demand.level is Level.FINGERPRINT:
            return not demand.digests.isdisjoint(certificates.digests(leaf, demand.algorithm))
        return demand.tlsa is not None and demand.tlsa(connection, leaf)

    def _details(self, leaf: x509.Certificate | None, present: bool) -> Iterator[str]:
        if not present or not self._log & (loglevel.PEERCERT | loglevel.CERTMATCH):
            return
        if leaf is None:
            yield f"{self._relay}: {UNREADABLE}"
            return
        if self._log & loglevel.PEERCERT:
            yield summary.peer(self._relay, leaf, self._demand.algorithm)
        if self._log & loglevel.CERTMATCH:
            names = certificates.read(leaf)
            shown = certificates.shown(" ".join((*names.hosts, *sorted(names.addresses))))
            yield f"{self._relay}: names in the certificate: {shown}"
        if self._log & loglevel.CERTMATCH and self._demand.level is Level.FINGERPRINT:
            wanted = " ".join(fingerprints.text(digest) for digest in sorted(self._demand.digests))
            yield f"{self._relay}: fingerprints accepted: {wanted}"
