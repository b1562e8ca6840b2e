"""What a reply, or its absence, means for a recipient.

    sent          2xx to the end of data
    soft          class 4: another host may take it, else it is deferred
    hard          every other class: it bounces at once, no other host is asked

Soft or hard is decided by the first digit of the enhanced status code. A positive reply where it means
refusal is a protocol error of class 5. Does not act: what follows is fastsmtp.delivery's.

Source: Postfix smtp_trouble(3), smtp_proto(3); spec: session, 3, 4, 12.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol

from fastsmtp.outcome import status

MAY_HAVE_ARRIVED = "message may have been delivered, and is not sent again"
CONTENT_WANTED = 3  # first digit of the reply that DATA needs
CLOSING = 421  # the service closes the channel, whatever was asked (RFC 5321 3.8)


class Reply(Protocol):
    """What is asked of a reply (fastsmtp.wire.reply has it)."""

    @property
    def code(self) -> int: ...
    @property
    def digit(self) -> int: ...
    @property
    def dsn(self) -> str: ...
    @property
    def text(self) -> str: ...


class Answers(Protocol):
    """What a transaction was told (fastsmtp.wire.engine has it); None where no reply came."""

    @property
    def mail(self) -> Reply | None: ...
    @property
    def replies(self) -> Sequence[Reply | None]: ...
    @property
    def data(self) -> Reply | None: ...
    @property
    def end(self) -> Reply | None: ...


class Verdict(NamedTuple):
    """What was decided for one recipient. `soft` has no meaning for a sent one, nor for one in doubt."""

    sent: bool
    soft: bool
    dsn: str
    text: str
    in_doubt: bool = False  # it may have arrived, and is not to be sent again
    excused: bool = False  # it says nothing against the site: others shall be tried there
    tls: str = ""  # what the log and the results say of it


# Verdict._make, without a line of Python
_as_verdict: Final[Callable[[Iterable[object]], Verdict]] = partial(tuple.__new__, Verdict)


def accepted(reply: Reply) -> Verdict:
    """2xx to the end of data."""
    return _as_verdict((True, False, reply.dsn, reply.text, False))


def refused(reply: Reply, host: str, command: str) -> Verdict:
    """A reply that does not take `command` ("RCPT TO command", "end of DATA command", ...)."""
    dsn = reply.dsn
    prefix = ""
    if reply.digit == 2:
        dsn, prefix = status.NO_ANSWER, "Protocol error: "
    return Verdict(
        False, status.is_soft(dsn), dsn, f"{prefix}host {host} said: {reply.text} (in reply to {command})"
    )


def unwelcome(reply: Reply, host: str, *, soften: bool) -> Verdict:
    """A greeting, EHLO or HELO reply that does not let us in; `soften` is smtp_skip_5xx_greeting for a
    greeting.
    """
    dsn = reply.dsn
    if soften and reply.digit == 5:
        dsn = status.softened(dsn)
    return Verdict(False, status.is_soft(dsn), dsn, f"host {host} refused to talk to me: {reply.text}")


def not_authenticated(dsn: str, text: str) -> Verdict:
    """The host does not take our credentials, or we cannot give them."""
    return Verdict(False, status.is_soft(dsn), dsn, text)


def looping(nexthop: str, *, is_best: bool) -> Verdict:
    """The host answers to our own name. From a best host of its next-hop that is hard: nobody is nearer."""
    dsn = status.LOOP if is_best else status.softened(status.LOOP)
    return Verdict(False, not is_best, dsn, f"mail for {nexthop} loops back to myself")


def tls_not_offered(host: str) -> Verdict:
    return _unprotected(status.NO_STARTTLS, f"TLS is required, but was not offered by host {host}")


def tls_refused(reply: Reply, host: str) -> Verdict:
    """By the peer's own status: a permanent refusal is one."""
    return _unprotected(reply.dsn, f"TLS is required, but host {host} refused to start TLS: {reply.text}")


def tls_unusable() -> Verdict:
    return _unprotected(status.NO_TLS, "TLS is required, but our TLS engine is unavailable")


def tls_missing() -> Verdict:
    return _unprotected(status.INSECURE, "TLS is required, but unavailable")


def not_verified() -> Verdict:
    return _unprotected(status.NO_TLS, "Server certificate not verified")


def out_of_turn() -> Verdict:
    """Inside TLS, ahead of MAIL."""
    return _unprotected(status.INSECURE, "unexpected server message")


def handshake_failed(*, required: bool) -> Verdict:
    """Where TLS may fail it says nothing against the host."""
    text = "Cannot start TLS: handshake failure"
    return Verdict(False, True, status.NO_TLS, text, excused=not required)


def _unprotected(dsn: str, text: str) -> Verdict:
    return Verdict(False, status.is_soft(dsn), dsn, text)


def no_policy(dsn: str, text: str) -> Verdict:
    """What TLS must achieve cannot be told: no connection is made."""
    return Verdict(False, status.is_soft(dsn), dsn, text)


def no_smtputf8(host: str) -> Verdict:
    """The peer cannot take mail with an address outside ASCII."""
    text = f"SMTPUTF8 is required, but was not offered by host {host}"
    return Verdict(False, False, status.NEEDS_SMTPUTF8, text)


def no_local_data(host: str) -> Verdict:
    """A lookup table that is asked about the host has no answer now."""
    return Verdict(False, True, status.UNAVAILABLE, f"local data error while talking to {host}")


def sends_away(transaction: Answers) -> bool:
    """421 to MAIL: on a session that served before, it is the session that is at its end, not the mail."""
    return transaction.mail is not None and transaction.mail.code == CLOSING


def breaks_protocol(reply: Reply) -> bool:
    """It refuses in a way that no peer should: out of step, or it did not understand us."""
    code = reply.code
    return code < 400 or code > 599 or 500 <= code <= 509 or code == 555


def stream_failure(host: str, stage: str, *, timed_out: bool) -> Verdict:
    """The stream ended, or a stage's time limit ran out."""
    if timed_out:
        text = f"conversation with {host} timed out while {stage}"
    else:
        text = f"lost connection with {host} while {stage}"
    return Verdict(False, True, status.LOST, text)


def in_doubt(host: str, *, timed_out: bool) -> Verdict:
    """At-most-once: the stream ended behind the end of data."""
    how = f"conversation with {host} timed out" if timed_out else f"lost connection with {host}"
    return Verdict(False, False, status.LOST, f"{how} while sending end of data -- {MAY_HAVE_ARRIVED}", True)


def not_answered(host: str) -> Verdict:
    """What stands on record while the end of data is on its way, should nothing follow."""
    return Verdict(
        False,
        False,
        status.LOST,
        f"no answer of host {host} to the end of data is on record -- {MAY_HAVE_ARRIVED}",
        True,
    )


def of_transaction(transaction: Answers, index: int, host: str) -> Verdict | None:
    """The verdict on recipient number `index` of a transaction; None: it has no answer."""
    for reply, wanted, command in (
        (transaction.mail, 2, "MAIL FROM command"),
        (transaction.replies[index], 2, "RCPT TO command"),
        (transaction.data, CONTENT_WANTED, "DATA command"),
        (transaction.end, 2, "end of DATA command"),
    ):
        if reply is None:
            if wanted == CONTENT_WANTED and transaction.end is not None:
                continue  # by BDAT content needs no leave
            return None
        if reply.digit != wanted:
            return refused(reply, host, command)
    assert reply is not None
    return accepted(reply)
