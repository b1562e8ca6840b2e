"""The client's side of one TLS connection, between two memories: bytes in, bytes out, no socket.

    channel = Channel(handshake)    (Protection.channel() makes one)
    channel.start()             the handshake begins
    channel.take()              ciphertext that waits to go out
    channel.feed(data)          ciphertext in, plaintext out
    channel.established         from then on .verdict stands, and nothing was sealed before
    channel.seal(pieces)        plaintext in, records out
    channel.unsent(size)        plaintext bytes that the last `size` bytes of ciphertext carry
    channel.close()             close-notify is in take()
    channel.failed(reason)      the handshake ended from outside: time limit, end of the stream

The handshake is carried to its end whatever the certificate says: errors of its chain are recorded, and
judged when it is over. HandshakeFailed ends it otherwise; TlsBroken ends an established session. Neither
leaves anything usable behind. What a peer can make us hold is bounded; a renegotiation is refused.

Source: Postfix tls_client(3), tls_bio(3); OpenSSL ssl(7); RFC 8446; spec: tls, 6.3, 7, 14, 15.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from OpenSSL import SSL

from fastsmtp.errors import HandshakeFailed, LocalProtocolError, TlsBroken
from fastsmtp.tls.verdict import UNDECIDED, UNTRUSTED, Evidence, Verdict

RECORD_SIZE = 8192  # plaintext of one record; RFC 8446 5.1 allows twice that, but room for one stays taken
READ_SIZE = 16384  # plaintext of the largest record
HEAD_SIZE = 5  # of a record, RFC 8446 5.1: type, version, length
APPLICATION_DATA = 23
HANDSHAKE_LIMIT = (
    262144  # bytes that a peer may send before the handshake is over; OpenSSL takes 100 KB of chain
)
PENDING_LIMIT = 65536  # bytes that a peer may make us answer outside of its mail: key updates
RUNS_LIMIT = 64  # kinds of records that unsent() remembers; more than wait anywhere, but for one write
CHAIN_LIMIT = 5  # smtp_tls_scert_verifydepth where nobody set it

Judge = Callable[[SSL.Connection, Evidence], Verdict]
JudgeResumed = Callable[[SSL.Connection, Verdict], Verdict]  # by the verdict on the session that is resumed


class Resumption(Protocol):
    """Sessions that can be resumed (fastsmtp.tls.sessions)."""

    def take(self, key: str) -> tuple[SSL.Session, Verdict] | None:
        """What was kept for `key`, and the verdict on it."""

    def keep(self, key: str, session: SSL.Session, verdict: Verdict) -> None: ...

    def forget(self, key: str) -> None: ...


def accept_any(connection: SSL.Connection, evidence: Evidence) -> Verdict:
    """Nothing is required of the certificate, and nothing is logged."""
    return Verdict(True, UNTRUSTED)


def accept_remembered(connection: SSL.Connection, verdict: Verdict) -> Verdict:
    """What was found out when the session was new stands."""
    return verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """How one begins and what is made of its end."""

    relay: str = ""  # name[address]:port, for the log
    context: SSL.Context | None = None  # None: our own settings for this peer are unusable, see `problem`
    problem: str = ""
    servername: bytes = b""  # SNI; empty sends none
    judge: Judge = accept_any
    judge_resumed: JudgeResumed = accept_remembered
    chain_limit: int = CHAIN_LIMIT  # certificates above the leaf
    resumption: Resumption | None = None
    session_key: str = ""


class Channel:
    """One connection. Kept small: ten thousand of them may be open."""

    __slots__ = (
        "_connection",
        "_due",
        "_evidence",
        "_handshake",
        "_heard",
        "_pending",
        "_remembered",
        "_runs",
        "_session_due",
        "_unread",
        "established",
        "over",
        "resumed",
        "verdict",
    )

    def __init__(self, handshake: Handshake) -> None:
        self._handshake = handshake
        self._connection: SSL.Connection | None = None
        self._evidence = Evidence(handshake.chain_limit)
        self._remembered: Verdict | None = None  # on the session that is offered for resumption
        self._heard = 0  # bytes before the handshake was over
        self._pending: list[bytes] = []
        self._runs: deque[list[int]] = deque(maxlen=RUNS_LIMIT)  # [records, plaintext, ciphertext] of each
        self._session_due = False  # a session for later use comes with the first bytes of the peer
        self._due = 0  # bytes until the peer's next record begins; below 0: its borders are lost
        self._unread = False  # the library may hold ciphertext of its own making
        self.established = False
        self.resumed = False
        self.over = False  # the peer's close-notify: nothing more comes
        self.verdict = UNDECIDED

    # The handshake

    def start(self) -> None:
        """HandshakeFailed where our own settings do not allow it."""
        handshake = self._handshake
        if handshake.context is None:
            raise HandshakeFailed(handshake.problem, warnings=[f"{handshake.relay}: {handshake.problem}"])
        connection = SSL.Connection(handshake.context)
        connection.set_app_data(self._evidence)
        connection.set_connect_state()
        if handshake.servername:
            connection.set_tlsext_host_name(handshake.servername)
        self._connection = connection
        self._unread = True
        self._offer_session(connection)
        self._shake(connection)

    def _offer_session(self, connection: SSL.Connection) -> None:
        handshake = self._handshake
        kept = handshake.resumption.take(handshake.session_key) if handshake.resumption else None
        if kept is None:
            return
        session, self._remembered = kept
        try:
            connection.set_session(session)
        except (SSL.Error, ValueError):
            self._remembered = None

    def _shake(self, connection: SSL.Connection) -> None:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.ZeroReturnError:
            raise self._failure("the peer closed the TLS session") from None
        except SSL.SysCallError:
            raise self._failure("lost connection") from None
        except SSL.Error as error:
            reason = reason_of(error)
            raise self._failure(reason, [f"TLS library problem: {reason}"]) from None
        self._judge(connection)

    def _judge(self, connection: SSL.Connection) -> None:
        """Nothing is written between the end of the handshake and this."""
        handshake, evidence = self._handshake, self._evidence
        remembered, self._remembered = self._remembered, None
        self.resumed = remembered is not None and not evidence.examined and _has_certificate(connection)
        if self.resumed and remembered is not None:
            self.verdict = handshake.judge_resumed(connection, remembered)
        else:
            self.verdict = handshake.judge(connection, evidence)
        connection.set_app_data(None)
        self.established = True
        if handshake.resumption is not None:
            self._session_due = self.verdict.matched
            if not self.verdict.matched:  # the next handshake may show a better certificate
                handshake.resumption.forget(handshake.session_key)

    def failed(self, reason: str) -> HandshakeFailed:
        """What to raise where the handshake ends without the peer's doing in TLS: nothing more is fed."""
        return self._failure(reason)

    def _failure(self, reason: str, warnings: Sequence[str] = ()) -> HandshakeFailed:
        handshake = self._handshake
        if handshake.resumption is not None:
            handshake.resumption.forget(handshake.session_key)
        shown = "-1" if warnings else reason
        return HandshakeFailed(reason, [f"SSL_connect error to {handshake.relay}: {shown}"], warnings)

    # Bytes of the peer

    def feed(self, data: bytes) -> bytes:
        """Plaintext; none while the handshake runs. HandshakeFailed, TlsBroken: take() holds our alert."""
        connection = self._connection
        if connection is None:
            raise LocalProtocolError("feed() before start()")
        plain: list[bytes] = []
        if self._is_reply(data):
            connection.bio_write(data)
            self._read(connection, plain, once=True)
            return plain[0] if plain else b""
        self._unread = True
        self._note_borders(data)
        if not self.established:
            self._heard += len(data)
            if self._heard > HANDSHAKE_LIMIT:
                raise self._failure("the handshake is too large")
        view = memoryview(data)
        for at in range(0, len(data), READ_SIZE):
            piece = view[at : at + READ_SIZE]
            while piece:
                piece = piece[connection.bio_write(piece) :]
            if not self.established:
                self._shake(connection)
            if self.established:
                self._read(connection, plain, once=False)
        if plain and self._session_due:
            self._keep_session(connection)
        return plain[0] if len(plain) == 1 else b"".join(plain)

    def _is_reply(self, data: bytes) -> bool:
        """One whole record with what the peer says: nearly all that comes, and read without a second look."""
        return (
            self._due == 0
            and self.established
            and not self._session_due
            and len(data) > HEAD_SIZE
            and data[0] == APPLICATION_DATA
            and len(data) == HEAD_SIZE + (data[3] << 8 | data[4])
        )

    def _note_borders(self, data: bytes) -> None:
        """Where the peer's records begin; lost where a head comes in two pieces."""
        at, size = self._due, len(data)
        while 0 <= at <= size - HEAD_SIZE:
            at += HEAD_SIZE + (data[at + 3] << 8 | data[at + 4])
        self._due = at - size if at >= size else -1

    def _read(self, connection: SSL.Connection, plain: list[bytes], *, once: bool) -> None:
        """`once`: what was fed holds no more than one record's text."""
        try:
            while True:
                plain.append(connection.recv(READ_SIZE))
                if once:
                    return
        except SSL.WantReadError:
            self._unread = True
        except SSL.ZeroReturnError:
            self._unread = self.over = True
        except SSL.SysCallError:
            raise TlsBroken("lost connection") from None
        except SSL.Error as error:
            self._unread = True  # an alert
            raise TlsBroken(reason_of(error)) from None
        self._drain(connection)
        if sum(map(len, self._pending)) > PENDING_LIMIT:
            raise TlsBroken("the peer asks for too many answers")

    def _keep_session(self, connection: SSL.Connection) -> None:
        """The first one that came; in TLS 1.3 it comes behind the handshake."""
        self._session_due = False
        handshake = self._handshake
        session = connection.get_session()
        if session is not None and handshake.resumption is not None:
            handshake.resumption.keep(handshake.session_key, session, self.verdict)

    # Bytes for the peer

    def take(self) -> bytes:
        """Ciphertext of TLS itself: the handshake, alerts, answers to key updates."""
        if not self._unread:
            return b""
        if self._connection is not None:
            self._drain(self._connection)
        self._unread = False
        taken, self._pending = b"".join(self._pending), []
        return taken

    def _drain(self, connection: SSL.Connection) -> None:
        for piece in _waiting(connection):
            self._pending.append(piece)
            self._note(0, len(piece))

    def seal(self, pieces: list[bytes]) -> list[bytes]:
        """Records that carry `pieces`, in order; before them what take() would have given."""
        connection = self._connection
        if connection is None or not self.established:
            raise LocalProtocolError("seal() before the handshake is over")
        before = self.take()
        records = [before] if before else []
        view = memoryview(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        at = 0
        try:
            while at < len(view):
                sent = connection.send(view[at : at + RECORD_SIZE])
                record = connection.bio_read(2 * RECORD_SIZE)
                records.append(record)
                self._note(sent, len(record))
                at += sent
        except SSL.Error as error:
            raise TlsBroken(reason_of(error)) from None
        return records

    def close(self) -> None:
        """Says goodbye to the peer, once; its own goodbye is not waited for."""
        if self._connection is None or not self.established:
            return
        self._unread = True
        try:
            self._connection.shutdown()
        except SSL.Error:
            self.over = True  # a session that broke has no goodbye

    # What left

    def _note(self, plain: int, cipher: int) -> None:
        runs = self._runs
        if runs and runs[-1][1] == plain and runs[-1][2] == cipher:
            runs[-1][0] += 1
        else:
            runs.append([1, plain, cipher])

    def unsent(self, size: int) -> int:
        """How many bytes of plaintext are not wholly with the peer while the last `size` bytes of ciphertext
        are not: a record counts whole, since no part of it can be read. Beyond what is remembered, every byte
        counts as plaintext.
        """
        plain = 0
        for records, plain_size, cipher_size in reversed(self._runs):
            if size <= 0:
                break
            touched = min(records, -(-size // cipher_size))
            plain += touched * plain_size
            size -= touched * cipher_size
        return plain + max(size, 0)


def _waiting(connection: SSL.Connection) -> list[bytes]:
    pieces = []
    try:
        while True:
            pieces.append(connection.bio_read(2 * RECORD_SIZE))
    except SSL.WantReadError:
        return pieces


def _has_certificate(connection: SSL.Connection) -> bool:
    return connection.get_peer_certificate() is not None


def reason_of(error: SSL.Error) -> str:
    """The library's last word on it."""
    queue = error.args[0] if error.args else None
    if isinstance(queue, list) and queue:
        last = queue[-1]
        return str(last[-1]) if isinstance(last, tuple) else str(last)
    return "unknown error"
