"""One session as its receiver sees it: bytes in, replies out, whole messages to a callback. No I/O, no clock.

    Dialogue(behaviour, serial, peer, tally, deliver)
    greeting() -> bytes          what to say first
    receive(data) -> bytes       data cut anywhere; the replies to all complete commands, for one write
    commands                     what the session came to: closing, ending, upgrading

Commands may come in groups, also behind the end of a message (RFC 2920). Only CR LF ends a line, only CR LF .
CR LF a message: what a careless receiver would take for an end is counted as a violation, and so is all that
a peer does without an offer. A message with a violation is taken all the same.

Does not: the TLS itself, address checks beyond their form.

Source: RFC 5321, 2920 (groups), 3030 (BDAT).
"""

from collections.abc import Callable
from typing import Final

from fastsmtp.sink.behaviour import Behaviour, Envelope, Tally
from fastsmtp.sink.commands import Commands

COMMAND_SIZE_LIMIT: Final = 4096  # RFC 5321 4.5.3.1.4 says 512; the extensions add to it

MUST_WAIT: Final = (b"EHLO", b"HELO")  # whose replies come before anything else is said


class Dialogue:
    """One session; it ends when `commands.closing` is true and the last replies are out."""

    __slots__ = ("_behaviour", "_buffer", "_searched", "commands")

    def __init__(
        self,
        behaviour: Behaviour,
        serial: int,
        peer: str,
        tally: Tally,
        deliver: Callable[[Envelope, bytes], None],
    ) -> None:
        self.commands = Commands(behaviour, serial, peer, tally, deliver)
        self._behaviour = behaviour
        self._buffer = bytearray()  # in a message it begins with the CR LF of the DATA line
        self._searched = 0  # how much of the buffer holds no end of message

    def greeting(self) -> bytes:
        protocol = "ESMTP" if self._behaviour.esmtp else "SMTP"
        return f"220 {self._behaviour.host} {protocol} fastsmtp sink\r\n".encode()

    def receive(self, data: bytes) -> bytes:
        """Take what the peer sent and answer what is complete of it."""
        buffer, commands = self._buffer, self.commands
        buffer += data
        replies: list[bytes] = []
        taken = 0
        while not commands.closing:
            if commands.in_message:
                del buffer[:taken]
                taken = self._take_message(replies)
                if not taken:
                    return b"".join(replies)
                waited = False
            elif commands.chunk is not None:
                del buffer[:taken]
                left = commands.chunk.left
                taken = self._take_chunk(left, replies)
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
                waited = commands.in_message or commands.upgrading or line[:4].upper() in MUST_WAIT
            if taken < len(buffer) and (waited or not commands.esmtp or not self._behaviour.pipelining):
                commands.note_violation("sent ahead of a reply to wait for")
            if commands.upgrading:
                buffer.clear()
                break
            if commands.in_message:
                taken -= 2
        del buffer[:taken]
        return b"".join(replies)

    def _limit_command(self, size: int, replies: list[bytes]) -> None:
        if size > COMMAND_SIZE_LIMIT:
            self.commands.hang_up("broken")
            replies.append(b"500 5.5.6 Line too long\r\n")

    def _command(self, line: bytes) -> bytes:
        if line[-2:-1] != b"\r":
            self.commands.note_violation("command ended by a bare LF")
            return b"500 5.5.2 A line ends with CR LF\r\n"
        if len(line) > COMMAND_SIZE_LIMIT:
            return b"500 5.5.6 Line too long\r\n"
        return self.commands.reply(line[:-2])

    # The message

    def _take_message(self, replies: list[bytes]) -> int:
        """Look for the end of the message; returns how much of the buffer it took, 0 for "not yet"."""
        buffer, commands = self._buffer, self.commands
        end = buffer.find(b"\r\n.\r\n", self._searched)
        if end < 0:
            self._searched = max(0, len(buffer) - 4)
            if len(buffer) > self._behaviour.message_size_limit + COMMAND_SIZE_LIMIT:
                commands.hang_up("broken")
                replies.append(b"552 5.3.4 Message too big\r\n")
                buffer.clear()
            return 0
        self._searched = 0
        # With the CR LF before it the first line is unstuffed as all the others are.
        stuffed = bytes(buffer[: end + 2])
        replies.append(commands.end_message(stuffed.replace(b"\r\n.", b"\r\n")[2:]))
        return end + 5

    def _take_chunk(self, size: int, replies: list[bytes]) -> int:
        """What is there of a chunk; returns how much of the buffer that was. The last byte brings a reply."""
        size = min(size, len(self._buffer))
        if reply := self.commands.take_chunk(bytes(self._buffer[:size])):
            replies.append(reply)
        return size
