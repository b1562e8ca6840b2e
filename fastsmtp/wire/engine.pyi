"""The SMTP client session without I/O (RFC 5321, 2920): bytes in, bytes and events out.

    engine.receive(data)          what the peer sent, cut anywhere
    engine.events()               what it came to: (kind, subject) pairs, oldest first
    engine.ask(line, command)     STARTTLS, AUTH: one command alone, between READY and the first transaction
    engine.greet_again()          EHLO inside TLS: what was learned in the clear is forgotten
    engine.begin(transaction)     MAIL, RCPT, DATA and content follow as far ahead as the peer allows
    engine.take()                 what goes out now; nothing: the peer speaks next

Kinds of event and their subjects:
    READY       None          the peer is introduced; `offers` stand
    REFUSED     (stage, Reply)  it does not talk to us: greeting, EHLO 421 or HELO
    CONTENT_DUE Transaction   its content leaves with the next take(): what is begun now can leave in the same
                              group
    ANSWERED    Transaction   each of its recipients has an answer
    UNUSABLE    Reply | None  the probe of a kept session was refused, or the peer spoke out of turn or too
                              early: abort it, nothing more is heard of it
    CLOSED      None          QUIT was answered
    ANOMALY     str           the peer did not take a group well: `plain` from now on, and to be served so in
                              sessions to come. Once a session; UNUSABLE follows
    WARNED      Reply         XFORWARD was refused: nothing depends on it
    REPLIED     (command, Reply)  the answer to ask()
"""

from collections.abc import Set
from typing import Protocol

from fastsmtp.wire.introduction import Introduction
from fastsmtp.wire.reply import Reply, ReplyReader
from fastsmtp.wire.sender import Sender
from fastsmtp.wire.transaction import Transaction

READY: int
REFUSED: int
CONTENT_DUE: int
ANSWERED: int
UNUSABLE: int
CLOSED: int
ANOMALY: int
WARNED: int
REPLIED: int

GREETING: int
EHLO: int
HELO: int
STARTTLS: int
AUTH: int
XFORWARD: int
MAIL: int
RCPT: int
DATA: int
END: int
LONE_END: int
RSET: int
PROBE: int
QUIT: int
IDLE: int

GROUP_LIMIT: int

class Listener(Protocol):
    """A transcript (fastsmtp.session.transcript)."""

    def said(self, line: bytes) -> None: ...
    def content(self, size: int) -> None: ...
    def heard(self, reply: Reply) -> None: ...

class SessionEngine:
    introduction: Introduction
    offers: dict[str, str]
    peer_name: bytes
    size_limit: int  # the peer's SIZE limit in bytes; 0: none or unknown
    mail_limit: int  # the peer's LIMITS; 0: none. MAILMAX, transactions a session,
    recipient_limit: int  # RCPTMAX, recipients a transaction,
    domain_limit: int  # RCPTDOMAINMAX, domains of recipients a session
    suspect: bool
    reader: ReplyReader  # of the peer's replies
    sender: Sender  # of what is said
    transcript: Listener | None  # hears what is said and what comes back
    open: bool
    plain: bool  # one message at a time, by DATA
    window_limit: int  # what `window` grows up to; 1 from when the peer turns out not to do well with more

    def __init__(
        self,
        helo_name: bytes,
        *,
        discard: Set[str] = ...,
        always_ehlo: bool = True,
        never_ehlo: bool = False,
        own_name: bytes = b"",
        helo_for_pix: bool = True,
        forwards: bool = False,
        chained: bool = True,
        plain: bool = False,
        window: int = 1,
        window_limit: int = 0,
    ) -> None:
        """`discard`: EHLO keywords to overlook, in capitals; CHAINING, which is none, stands for `chained`
        False. `plain`: the peer is known to mishandle groups. `window`: messages in flight by BDAT to begin
        with; it grows up to `window_limit`, and 0 there is no BDAT at all.
        """
    def receive(self, data: bytes) -> None: ...
    def events(self) -> list[tuple[int, object]]:
        """The events since the last call."""

    def ask(self, line: bytes, command: int, shown: bytes | None = None) -> None:
        """Says `line` (its CR LF is added) and nothing else until REPLIED; `shown` is what a transcript gets.
        `command` is STARTTLS or AUTH. Once STARTTLS is taken nothing is read until greet_again().
        LocalProtocolError for more than a line, before READY, and once a transaction was begun.
        """

    def greet_again(self) -> int:
        """TLS is in force: EHLO, of which READY comes once more. What was offered before counts no longer,
        and what was read and not looked at is dropped: so many bytes.
        """

    def begin(self, transaction: Transaction) -> None:
        """Puts a transaction behind those begun before. LocalProtocolError before READY and after quit()."""

    def probe(self) -> None:
        """RSET, before the first transaction of a session that was kept idle."""

    def quit(self) -> None:
        """QUIT follows all that was begun, in the same group where the peer allows it."""

    def take(self) -> list[bytes]:
        """What is to be written now, in order: TAKE_LIMIT bytes or one content; call again once the transport
        holds none of it.
        """

    def note_unsent(self, size: int) -> None:
        """So many bytes of what was taken are still in the transport: before receive(), while there are any,
        and once there are none.
        """

    def forsake(self, timed_out: bool = False) -> list[Transaction]:
        """The stream is gone: the transactions that have no answer, oldest first."""

    @property
    def chunking(self) -> bool:
        """Content goes by BDAT: transactions are begun `chunked`."""

    @property
    def window(self) -> int:
        """Messages in flight by BDAT at most, now."""

    @property
    def room(self) -> bool:
        """A transaction begun now leaves before those ahead of it are answered, or at once."""

    @property
    def spent(self) -> bool:
        """MAILMAX transactions were begun."""

    @property
    def unread(self) -> int:
        """Bytes behind the reply that took STARTTLS: a peer that said them is not to be believed."""

    @property
    def owed(self) -> int:
        """Commands without a reply."""

    @property
    def stage(self) -> int:
        """The command whose reply is waited for, or IDLE."""

    @property
    def busy(self) -> bool:
        """A transaction is open."""
