"""What TLS must achieve with one host, decided before the connection.

    protection.tries, .required     whether TLS is tried at all, and whether nothing goes out without it
    protection.identity             what sessions must have in common to serve each other's mail
    protection.judge(...)           the verdict on a finished handshake

Made by the policy, read by the channel and by whoever opens sessions. Holds no state of a connection.
Source: Postfix smtp_tls_policy(3), TLS_CLIENT_START_PROPS; spec: tls, 5, 6, 14.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from OpenSSL.SSL import Connection, Context

from fastsmtp.tls.level import Level
from fastsmtp.tls.verdict import Evidence, Verdict

Judge = Callable[[Connection, Evidence], Verdict]
JudgeResumed = Callable[[Connection, Verdict], Verdict]  # by the verdict on the session that is resumed
CHAIN_LIMIT = 5  # smtp_tls_scert_verifydepth where nobody set it


class Resumption(Protocol):
    """Sessions that can be resumed (fastsmtp.tls.sessions)."""

    def take(self, key: str) -> tuple[object, Verdict] | None:
        """What was kept for `key`, and the verdict on it."""

    def keep(self, key: str, session: object, verdict: Verdict) -> None: ...

    def forget(self, key: str) -> None: ...


def accept_any(connection: Connection, evidence: Evidence) -> Verdict:
    """Nothing is required of the certificate, and nothing is logged."""
    return Verdict(True, "Untrusted")


def accept_remembered(connection: Connection, verdict: Verdict) -> Verdict:
    """What was found out when the session was new stands."""
    return verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Of one host, for one destination."""

    level: Level
    relay: str = ""  # name[address]:port, for the log
    context: Context | None = None  # None: our own TLS settings are unusable, see `problem`
    problem: str = ""
    available: bool = True  # False: none of our TLS settings could be loaded
    servername: bytes = b""  # SNI; empty sends none
    judge: Judge = accept_any
    judge_resumed: JudgeResumed = accept_remembered
    chain_limit: int = CHAIN_LIMIT  # certificates above the leaf
    resumption: Resumption | None = None
    session_key: str = ""
    wrapper: bool = False  # TLS begins with the connection, without STARTTLS
    reuses: bool = True  # an open session may serve further mail
    logs_failure: bool = True  # False where failed handshakes are nobody's business: smtp_tls_loglevel
    identity: str = ""

    @property
    def tries(self) -> bool:
        """TLS is used where the peer offers it."""
        return self.level > Level.NONE and self.available

    @property
    def required(self) -> bool:
        """Nothing goes out without it."""
        return self.level > Level.MAY
