"""The commands of a session as its receiver answers them, line by line: no stream, no clock.

    commands = Commands(behaviour, serial, peer, tally, deliver)
    commands.reply(line)                a line without its CR LF; b"": nothing is said yet
    commands.in_message                 354 was said: the stream goes on with a message
    commands.chunk                      BDAT was said: so many bytes of content come next
    commands.end_message(content)       the reply to that message
    commands.take_chunk(data)           the reply to the chunk, once all of it came
    commands.upgrading                  STARTTLS was answered: the handshake comes next, then secure()
    commands.closing, ending            the stream ends; what became of the session

Source: RFC 5321, 2034 (enhanced codes), 3030 (BDAT), 3207 (STARTTLS), 4954 (AUTH), 9422 (LIMITS).
"""

import re
from collections.abc import Callable
from typing import Final

from fastsmtp.sink import login, parameters
from fastsmtp.sink.behaviour import Behaviour, Envelope, Tally
from fastsmtp.sink.limits import Counts
from fastsmtp.sink.login import Login
from fastsmtp.sink.parameters import Offer
from fastsmtp.sink.transaction import Chunk, Transaction, inspect

RECIPIENT_LIMIT: Final = 1000  # Postfix smtpd_recipient_limit

PATH: Final = rb'<((?:"(?:\\[\x20-\x7e]|[^"\\\r\n])*"|[^<>"\s])*)>((?: [!-\xff]+)*)'
MAIL: Final = re.compile(rb"MAIL FROM:" + PATH, re.IGNORECASE)
RCPT: Final = re.compile(rb"RCPT TO:" + PATH, re.IGNORECASE)
BDAT: Final = re.compile(rb"BDAT ([0-9]{1,18})( LAST)?", re.IGNORECASE)

SENDER_TAKEN: Final = b"250 2.1.0 Sender taken\r\n"
RECIPIENT_TAKEN: Final = b"250 2.1.5 Recipient taken\r\n"
BODY_WANTED: Final = b"354 End the message with <CR><LF>.<CR><LF>\r\n"
DONE: Final = b"250 2.0.0 Done\r\n"


class Commands:
    """One session's state."""

    __slots__ = (
        "_behaviour",
        "_counts",
        "_deliver",
        "_helo",
        "_login",
        "_messages",
        "_peer",
        "_serial",
        "_tally",
        "chunk",
        "closing",
        "ending",
        "esmtp",
        "in_message",
        "secured",
        "transaction",
        "upgrading",
    )

    def __init__(
        self,
        behaviour: Behaviour,
        serial: int,
        peer: str,
        tally: Tally,
        deliver: Callable[[Envelope, bytes], None],
    ) -> None:
        self.closing = False
        self.ending = "lost"  # without QUIT
        self.upgrading = False
        self.secured = False  # under TLS
        self.esmtp = False
        self.in_message = False
        self.chunk: Chunk | None = None
        self.transaction: Transaction | None = None
        self._behaviour = behaviour
        self._serial = serial
        self._peer = peer
        self._tally = tally
        self._deliver = deliver
        self._helo = ""
        self._login = Login(behaviour.login)
        self._messages = 0
        self._counts = Counts(behaviour.limits)

    def reply(self, line: bytes) -> bytes:
        if self._login.waits:
            return self._authenticated(self._login.answer(line))
        command = COMMANDS.get(line.partition(b" ")[0].upper())
        if command is None:
            return b"500 5.5.1 Not a command\r\n"
        return command(self, line)

    def secure(self) -> None:
        """The handshake succeeded: all that was said before it is forgotten."""
        self.upgrading = False
        self.secured = True
        self._helo = ""
        self.esmtp = False
        self._login = Login(self._behaviour.login)
        self._tally.secured += 1

    def _ehlo(self, line: bytes) -> bytes:
        behaviour = self._behaviour
        if not behaviour.esmtp:
            return b"502 5.5.1 Not implemented\r\n"
        if len(line) < 6:
            return b"501 5.5.4 A name was expected\r\n"
        self._greeted(line, esmtp=True)
        lines = [behaviour.host]
        if behaviour.pipelining:
            lines.append("PIPELINING")
        lines.append(f"SIZE {behaviour.message_size_limit}")
        if behaviour.eightbit:
            lines.append("8BITMIME")
        if behaviour.chunking:
            lines.append("CHUNKING")
        if behaviour.binarymime:
            lines.append("BINARYMIME")
        if limits := behaviour.limits.offer():
            lines.append(limits)
        if behaviour.tls and not self.secured:
            lines.append("STARTTLS")
        if self._offers_login:
            lines.append(login.OFFER)
        lines += ["ENHANCEDSTATUSCODES", "DSN"]
        return "".join(f"250-{text}\r\n" for text in lines[:-1]).encode() + f"250 {lines[-1]}\r\n".encode()

    def _plain_helo(self, line: bytes) -> bytes:
        if len(line) < 6:
            return b"501 5.5.4 A name was expected\r\n"
        self._greeted(line, esmtp=False)
        return f"250 {self._behaviour.host}\r\n".encode()

    def _greeted(self, line: bytes, *, esmtp: bool) -> None:
        self._helo = line[5:].decode("ascii", "replace")
        self.esmtp = esmtp
        self.transaction = None

    def _mail(self, line: bytes) -> bytes:
        if not self._helo:
            return b"503 5.5.1 Say EHLO or HELO first\r\n"
        if self.transaction is not None:
            return b"503 5.5.1 In a transaction already\r\n"
        if refusal := self._refuse_mail():
            return refusal
        match = MAIL.fullmatch(line)
        if match is None:
            return b"501 5.5.4 MAIL FROM:<address> was expected\r\n"
        given = tuple(match[2].split())
        if given and (refusal := self._refuse_parameters(given, parameters.MAIL)):
            return refusal
        self.transaction = Transaction(match[1], given, [])
        return SENDER_TAKEN

    def _refuse_mail(self) -> bytes:
        """b"" if the session may have one more message, else the refusal."""
        if self._behaviour.login and not self._login.done:
            return b"530 5.7.0 Authenticate first\r\n"
        if self._messages >= self._behaviour.messages_per_session > 0:
            self.hang_up("limit")
            return b"421 4.7.0 Enough messages in this session\r\n"
        if violation := self._counts.mail():
            self.note_violation(violation)
            return b"452 4.5.3 Enough messages in this session\r\n"
        return b""

    def _rcpt(self, line: bytes) -> bytes:
        transaction = self.transaction
        if transaction is None:
            return b"503 5.5.1 MAIL comes first\r\n"
        match = RCPT.fullmatch(line)
        if match is None or not match[1]:
            return b"501 5.5.4 RCPT TO:<address> was expected\r\n"
        refusal = b""
        if match[2]:
            refusal = self._refuse_parameters(tuple(match[2].split()), parameters.RCPT)
        if not refusal:
            refusal = self._refuse_recipient(transaction, match[1])
        if refusal:
            return refusal
        transaction.recipients.append(match[1])
        return RECIPIENT_TAKEN

    def _refuse_recipient(self, transaction: Transaction, address: bytes) -> bytes:
        """b"" if `address` is to be taken, else the refusal."""
        if len(transaction.recipients) >= RECIPIENT_LIMIT:
            return b"452 4.5.3 Too many recipients\r\n"
        if violation := self._counts.recipient(address, len(transaction.recipients)):
            self.note_violation(violation)
            return b"452 4.5.3 Too many recipients or domains\r\n"
        verdict = self._behaviour.verdict(address)
        if verdict == "reject":
            self._tally.rejected += 1
            return b"550 5.1.1 No such recipient here\r\n"
        if verdict == "defer":
            self._tally.deferred += 1
            return b"450 4.2.1 Recipient busy, try again later\r\n"
        return b""

    def _refuse_parameters(self, given: tuple[bytes, ...], known: frozenset[bytes]) -> bytes:
        """b"" if every parameter was offered, else the refusal."""
        behaviour = self._behaviour
        offer = Offer(
            self.esmtp,
            behaviour.eightbit,
            behaviour.binarymime,
            self._offers_login,
            behaviour.message_size_limit,
        )
        refusal, violation = parameters.refuse(given, known, offer)
        if violation:
            self.note_violation(violation)
        return refusal

    def _data(self, line: bytes) -> bytes:
        if self.transaction is None:
            return b"503 5.5.1 MAIL comes first\r\n"
        if len(line) > 4:
            return b"501 5.5.4 DATA takes no parameter\r\n"
        if not self.transaction.recipients:
            return b"554 5.5.1 No valid recipients\r\n"
        self.in_message = True
        return BODY_WANTED

    def _bdat(self, line: bytes) -> bytes:
        match = BDAT.fullmatch(line)
        if match is None or not self._behaviour.chunking:
            self.hang_up("broken")  # what follows is content, and cannot be told from commands
            return b"501 5.5.4 BDAT was not offered, or has no size\r\n"
        transaction, size, refusal = self.transaction, int(match[1]), b""
        if transaction is None:
            refusal = b"503 5.5.1 MAIL comes first\r\n"
        elif not transaction.recipients:
            refusal = b"554 5.5.1 No valid recipients\r\n"
        elif len(transaction.chunks) + size > self._behaviour.message_size_limit:
            refusal = b"552 5.3.4 Message too big\r\n"
        self.chunk = Chunk(size, match[2] is not None, refusal)
        return b""  # once its bytes came

    # TLS and AUTH

    @property
    def _offers_login(self) -> bool:
        """Where TLS can be had no password is wanted in the clear."""
        return self._behaviour.login != "" and (self.secured or not self._behaviour.tls)

    def _starttls(self, line: bytes) -> bytes:
        if not self._behaviour.tls or self.secured or not self.esmtp:
            return b"503 5.5.1 STARTTLS was not offered\r\n"
        if len(line) > 8:
            return b"501 5.5.4 STARTTLS takes no parameter\r\n"
        self.transaction = None
        self.upgrading = True
        return b"220 2.0.0 Begin TLS\r\n"

    def _auth(self, line: bytes) -> bytes:
        if not self._offers_login or not self.esmtp or self.transaction is not None:
            return b"503 5.5.1 AUTH was not offered, or not here\r\n"
        return self._authenticated(self._login.begin(line))

    def _authenticated(self, reply: bytes) -> bytes:
        self._tally.logins += reply == login.TAKEN
        return reply

    def _rset(self, _line: bytes) -> bytes:
        self.transaction = None
        return DONE

    def _noop(self, _line: bytes) -> bytes:
        return DONE

    def _vrfy(self, _line: bytes) -> bytes:
        return b"252 2.1.5 Send it and see\r\n"

    def _quit(self, _line: bytes) -> bytes:
        self.hang_up("quit")
        return b"221 2.0.0 Bye\r\n"

    # Content

    def end_message(self, content: bytes) -> bytes:
        transaction, self.transaction, self.in_message = self.transaction, None, False
        assert transaction is not None
        if len(content) > self._behaviour.message_size_limit:
            return b"552 5.3.4 Message too big\r\n"
        return self._take(transaction, content)

    def take_chunk(self, data: bytes) -> bytes:
        chunk, transaction = self.chunk, self.transaction
        assert chunk is not None
        chunk.left -= len(data)
        if not chunk.refusal and transaction is not None:
            transaction.chunks += data
        if chunk.left:
            return b""
        self.chunk = None
        if chunk.last:
            self.transaction = None
        if chunk.refusal or transaction is None:
            return chunk.refusal
        return self._take(transaction, bytes(transaction.chunks)) if chunk.last else DONE

    def _take(self, transaction: Transaction, content: bytes) -> bytes:
        self._messages += 1
        tally = self._tally
        tally.messages += 1
        tally.recipients += len(transaction.recipients)
        tally.bytes += len(content)
        violations = inspect(transaction, content)
        for violation in violations:
            self.note_violation(violation)
        self._deliver(
            Envelope(
                sender=transaction.sender.decode("utf-8", "surrogateescape"),
                recipients=tuple(r.decode("utf-8", "surrogateescape") for r in transaction.recipients),
                parameters=tuple(p.decode("ascii", "replace") for p in transaction.parameters),
                helo=self._helo,
                esmtp=self.esmtp,
                peer=self._peer,
                session=self._serial,
                number=self._messages,
                violations=violations,
            ),
            content,
        )
        if self._messages >= self._behaviour.close_after > 0:
            self.hang_up("limit")
        return b"250 2.0.0 Taken as %X-%X\r\n" % (self._serial, self._messages)

    def note_violation(self, what: str) -> None:
        self._tally.violations[what] += 1

    def hang_up(self, ending: str) -> None:
        self.closing = True
        self.ending = ending


COMMANDS: Final[dict[bytes, Callable[[Commands, bytes], bytes]]] = {
    b"EHLO": Commands._ehlo,
    b"STARTTLS": Commands._starttls,
    b"AUTH": Commands._auth,
    b"HELO": Commands._plain_helo,
    b"MAIL": Commands._mail,
    b"RCPT": Commands._rcpt,
    b"DATA": Commands._data,
    b"BDAT": Commands._bdat,
    b"RSET": Commands._rset,
    b"NOOP": Commands._noop,
    b"VRFY": Commands._vrfy,
    b"QUIT": Commands._quit,
}
