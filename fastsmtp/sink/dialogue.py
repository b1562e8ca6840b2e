"""One session as its receiver sees it: bytes in, replies out, whole messages to a callback. No I/O, no clock.

    Dialogue(behaviour, serial, peer, tally, deliver)
    greeting() -> bytes          what to say first
    receive(data) -> bytes       data cut anywhere; the replies to all complete commands, for one write
    closing, ending              hang up once those replies are out; ending: what became of the session

Commands may come in groups, also behind the end of a message (RFC 2920). Only CR LF ends a line, only CR LF .
CR LF a message: what a careless receiver would take for an end is counted as a violation, and so is all that
a peer does without an offer. A message with a violation is taken all the same.

Does not: TLS, AUTH, address checks beyond their form.

Source: RFC 5321, 2920 (groups), 1870 (SIZE), 6152 (8BITMIME), 2034 (enhanced codes), 3030 (BDAT, BINARYMIME),
3461 (DSN), 9422 (LIMITS).
"""

import re
from collections.abc import Callable
from typing import Final

from fastsmtp.sink.behaviour import Behaviour, Envelope, Tally
from fastsmtp.sink.limits import Counts
from fastsmtp.sink.transaction import Chunk, Transaction, inspect

COMMAND_SIZE_LIMIT: Final = 4096  # RFC 5321 4.5.3.1.4 says 512; the extensions add to it
RECIPIENT_LIMIT: Final = 1000  # Postfix smtpd_recipient_limit

PATH: Final = rb'<((?:"(?:\\[\x20-\x7e]|[^"\\\r\n])*"|[^<>"\s])*)>((?: [!-\xff]+)*)'
MAIL: Final = re.compile(rb"MAIL FROM:" + PATH, re.IGNORECASE)
RCPT: Final = re.compile(rb"RCPT TO:" + PATH, re.IGNORECASE)
BDAT: Final = re.compile(rb"BDAT ([0-9]{1,18})( LAST)?", re.IGNORECASE)

MAIL_PARAMETERS: Final = frozenset({b"SIZE", b"BODY", b"RET", b"ENVID"})
RCPT_PARAMETERS: Final = frozenset({b"NOTIFY", b"ORCPT"})

SENDER_TAKEN: Final = b"250 2.1.0 Sender taken\r\n"
RECIPIENT_TAKEN: Final = b"250 2.1.5 Recipient taken\r\n"
BODY_WANTED: Final = b"354 End the message with <CR><LF>.<CR><LF>\r\n"
DONE: Final = b"250 2.0.0 Done\r\n"


class Dialogue:
    """One session; it ends when `closing` is true and the last replies are out."""

    __slots__ = (
        "_behaviour",
        "_buffer",
        "_chunk",
        "_counts",
        "_deliver",
        "_esmtp",
        "_helo",
        "_in_message",
        "_messages",
        "_peer",
        "_searched",
        "_serial",
        "_tally",
        "_transaction",
        "closing",
        "ending",
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
        self._behaviour = behaviour
        self._serial = serial
        self._peer = peer
        self._tally = tally
        self._deliver = deliver
        self._helo = ""
        self._esmtp = False
        self._transaction: Transaction | None = None
        self._messages = 0
        self._buffer = bytearray()
        self._in_message = False  # the buffer then begins with the CR LF of the DATA line
        self._chunk: Chunk | None = None
        self._counts = Counts(behaviour.limits)
        self._searched = 0  # how much of the buffer holds no end of message

    def greeting(self) -> bytes:
        protocol = "ESMTP" if self._behaviour.esmtp else "SMTP"
        return f"220 {self._behaviour.host} {protocol} fastsmtp sink\r\n".encode()

    def receive(self, data: bytes) -> bytes:
        """Take what the peer sent and answer what is complete of it."""
        buffer = self._buffer
        buffer += data
        replies: list[bytes] = []
        taken = 0
        while not self.closing:
            if self._in_message:
                del buffer[:taken]
                taken = self._take_message(replies)
                if not taken:
                    return b"".join(replies)
                waited = False
            elif self._chunk is not None:
                del buffer[:taken]
                left = self._chunk.left
                taken = self._take_chunk(self._chunk, replies)
                if taken < left:
                    break
                waited = False
            else:
                end = buffer.find(b"\n", taken)
                if end < 0:
                    self._limit_command(len(buffer) - taken, replies)
                    break
                line = bytes(buffer[taken : end + 1])
                taken = end + 1
                replies.append(self._command(line))
                waited = self._in_message or line[:4].upper() in (b"EHLO", b"HELO")
            if taken < len(buffer) and (waited or not self._esmtp or not self._behaviour.pipelining):
                self._violation("sent ahead of a reply to wait for")
            if self._in_message:
                taken -= 2
        del buffer[:taken]
        return b"".join(replies)

    def _limit_command(self, size: int, replies: list[bytes]) -> None:
        if size > COMMAND_SIZE_LIMIT:
            self._hang_up("broken")
            replies.append(b"500 5.5.6 Line too long\r\n")

    # Commands

    def _command(self, line: bytes) -> bytes:
        if line[-2:-1] != b"\r":
            self._violation("command ended by a bare LF")
            return b"500 5.5.2 A line ends with CR LF\r\n"
        if len(line) > COMMAND_SIZE_LIMIT:
            return b"500 5.5.6 Line too long\r\n"
        line = line[:-2]
        command = COMMANDS.get(line[:4].upper())
        if command is None or line[4:5] not in (b"", b" "):
            return b"500 5.5.1 Not a command\r\n"
        return command(self, line)

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
        lines += ["ENHANCEDSTATUSCODES", "DSN"]
        return "".join(f"250-{text}\r\n" for text in lines[:-1]).encode() + f"250 {lines[-1]}\r\n".encode()

    def _plain_helo(self, line: bytes) -> bytes:
        if len(line) < 6:
            return b"501 5.5.4 A name was expected\r\n"
        self._greeted(line, esmtp=False)
        return f"250 {self._behaviour.host}\r\n".encode()

    def _greeted(self, line: bytes, *, esmtp: bool) -> None:
        self._helo = line[5:].decode("ascii", "replace")
        self._esmtp = esmtp
        self._transaction = None

    def _mail(self, line: bytes) -> bytes:
        if not self._helo:
            return b"503 5.5.1 Say EHLO or HELO first\r\n"
        if self._transaction is not None:
            return b"503 5.5.1 In a transaction already\r\n"
        if refusal := self._refuse_another():
            return refusal
        match = MAIL.fullmatch(line)
        if match is None:
            return b"501 5.5.4 MAIL FROM:<address> was expected\r\n"
        parameters = tuple(match[2].split())
        if parameters:
            refusal = self._refuse_parameters(parameters, MAIL_PARAMETERS)
            if refusal:
                return refusal
        self._transaction = Transaction(match[1], parameters, [])
        return SENDER_TAKEN

    def _refuse_another(self) -> bytes:
        """b"" if the session may have one more message, else the refusal."""
        if self._messages >= self._behaviour.messages_per_session > 0:
            self._hang_up("limit")
            return b"421 4.7.0 Enough messages in this session\r\n"
        if violation := self._counts.mail():
            self._violation(violation)
            return b"452 4.5.3 Enough messages in this session\r\n"
        return b""

    def _rcpt(self, line: bytes) -> bytes:
        transaction = self._transaction
        if transaction is None:
            return b"503 5.5.1 MAIL comes first\r\n"
        match = RCPT.fullmatch(line)
        if match is None or not match[1]:
            return b"501 5.5.4 RCPT TO:<address> was expected\r\n"
        refusal = b""
        if match[2]:
            refusal = self._refuse_parameters(tuple(match[2].split()), RCPT_PARAMETERS)
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
            self._violation(violation)
            return b"452 4.5.3 Too many recipients or domains\r\n"
        verdict = self._behaviour.verdict(address)
        if verdict == "reject":
            self._tally.rejected += 1
            return b"550 5.1.1 No such recipient here\r\n"
        if verdict == "defer":
            self._tally.deferred += 1
            return b"450 4.2.1 Recipient busy, try again later\r\n"
        return b""

    def _refuse_parameters(self, parameters: tuple[bytes, ...], known: frozenset[bytes]) -> bytes:
        """b"" if every parameter was offered, else the refusal."""
        for parameter in parameters:
            name, _, value = parameter.upper().partition(b"=")
            offered = self._esmtp and (name != b"BODY" or self._behaviour.eightbit)
            if name not in known or not offered:
                self._violation(f"parameter {name.decode('ascii', 'replace')} without an offer")
                return b"555 5.5.4 Parameter not known\r\n"
            if name == b"SIZE":
                if not value.isdigit():
                    return b"501 5.5.4 SIZE needs a number\r\n"
                if int(value) > self._behaviour.message_size_limit:
                    return b"552 5.3.4 Message too big\r\n"
            elif name == b"BODY" and value not in (b"7BIT", b"8BITMIME", b"BINARYMIME"):
                return b"501 5.5.4 BODY is 7BIT, 8BITMIME or BINARYMIME\r\n"
            elif value == b"BINARYMIME" and not self._behaviour.binarymime:
                self._violation("BODY=BINARYMIME without an offer")
                return b"555 5.5.4 Parameter not known\r\n"
        return b""

    def _data(self, line: bytes) -> bytes:
        if self._transaction is None:
            return b"503 5.5.1 MAIL comes first\r\n"
        if len(line) > 4:
            return b"501 5.5.4 DATA takes no parameter\r\n"
        if not self._transaction.recipients:
            return b"554 5.5.1 No valid recipients\r\n"
        self._in_message = True
        self._searched = 0
        return BODY_WANTED

    def _bdat(self, line: bytes) -> bytes:
        match = BDAT.fullmatch(line)
        if match is None or not self._behaviour.chunking:
            self._hang_up("broken")  # what follows is content, and cannot be told from commands
            return b"501 5.5.4 BDAT was not offered, or has no size\r\n"
        transaction, size, refusal = self._transaction, int(match[1]), b""
        if transaction is None:
            refusal = b"503 5.5.1 MAIL comes first\r\n"
        elif not transaction.recipients:
            refusal = b"554 5.5.1 No valid recipients\r\n"
        elif len(transaction.chunks) + size > self._behaviour.message_size_limit:
            refusal = b"552 5.3.4 Message too big\r\n"
        self._chunk = Chunk(size, match[2] is not None, refusal)
        return b""  # once its bytes came

    def _rset(self, _line: bytes) -> bytes:
        self._transaction = None
        return DONE

    def _noop(self, _line: bytes) -> bytes:
        return DONE

    def _vrfy(self, _line: bytes) -> bytes:
        return b"252 2.1.5 Send it and see\r\n"

    def _quit(self, _line: bytes) -> bytes:
        self._hang_up("quit")
        return b"221 2.0.0 Bye\r\n"

    # The message

    def _take_message(self, replies: list[bytes]) -> int:
        """Look for the end of the message; returns how much of the buffer it took, 0 for "not yet"."""
        buffer = self._buffer
        end = buffer.find(b"\r\n.\r\n", self._searched)
        if end < 0:
            self._searched = max(0, len(buffer) - 4)
            if len(buffer) > self._behaviour.message_size_limit + COMMAND_SIZE_LIMIT:
                self._hang_up("broken")
                replies.append(b"552 5.3.4 Message too big\r\n")
                buffer.clear()
            return 0
        # With the CR LF before it the first line is unstuffed as all the others are.
        stuffed = bytes(buffer[: end + 2])
        transaction, self._transaction, self._in_message = self._transaction, None, False
        assert transaction is not None
        content = stuffed.replace(b"\r\n.", b"\r\n")[2:]
        if len(content) > self._behaviour.message_size_limit:
            replies.append(b"552 5.3.4 Message too big\r\n")
        else:
            replies.append(self._accept(transaction, content))
        if self._messages >= self._behaviour.close_after > 0:
            self._hang_up("limit")
        return end + 5

    def _take_chunk(self, chunk: Chunk, replies: list[bytes]) -> int:
        """What is there of a chunk; returns how much of the buffer that was. The last byte brings a reply."""
        buffer = self._buffer
        size = min(chunk.left, len(buffer))
        chunk.left -= size
        transaction = self._transaction
        if not chunk.refusal and transaction is not None:
            transaction.chunks += buffer[:size]
        if chunk.left:
            return size
        self._chunk = None
        if chunk.last:
            self._transaction = None
        if chunk.refusal or transaction is None:
            replies.append(chunk.refusal)
        elif chunk.last:
            replies.append(self._accept(transaction, bytes(transaction.chunks)))
            if self._messages >= self._behaviour.close_after > 0:
                self._hang_up("limit")
        else:
            replies.append(DONE)
        return size

    def _accept(self, transaction: Transaction, content: bytes) -> bytes:
        self._messages += 1
        tally = self._tally
        tally.messages += 1
        tally.recipients += len(transaction.recipients)
        tally.bytes += len(content)
        violations = inspect(transaction, content)
        for violation in violations:
            self._violation(violation)
        self._deliver(
            Envelope(
                sender=transaction.sender.decode("utf-8", "surrogateescape"),
                recipients=tuple(r.decode("utf-8", "surrogateescape") for r in transaction.recipients),
                parameters=tuple(p.decode("ascii", "replace") for p in transaction.parameters),
                helo=self._helo,
                esmtp=self._esmtp,
                peer=self._peer,
                session=self._serial,
                number=self._messages,
                violations=violations,
            ),
            content,
        )
        return b"250 2.0.0 Taken as %X-%X\r\n" % (self._serial, self._messages)

    def _violation(self, what: str) -> None:
        self._tally.violations[what] += 1

    def _hang_up(self, ending: str) -> None:
        self.closing = True
        self.ending = ending


COMMANDS: Final[dict[bytes, Callable[[Dialogue, bytes], bytes]]] = {
    b"EHLO": Dialogue._ehlo,
    b"HELO": Dialogue._plain_helo,
    b"MAIL": Dialogue._mail,
    b"RCPT": Dialogue._rcpt,
    b"DATA": Dialogue._data,
    b"BDAT": Dialogue._bdat,
    b"RSET": Dialogue._rset,
    b"NOOP": Dialogue._noop,
    b"VRFY": Dialogue._vrfy,
    b"QUIT": Dialogue._quit,
}
