"""A channel and its transport: what a session says and hears while TLS is in force.

    tunnel.open(data)      what the peer said in it; answers of the channel's own go out by the way
    tunnel.seal(pieces)    what is said, ready to be written
    tunnel.unsent(size)    how much of what was said is among the last `size` bytes that were written
    tunnel.farewell()      close-notify, once, without waiting for the peer's

Where TLS ends or breaks, so does the session: `end` is called, and nothing more is heard. A peer may make a
channel answer without saying anything itself (key updates): past ANSWERS_LIMIT bytes of such it is left.
Source: spec: tls, 6, 15; RFC 8446 4.6.3, 6.1.
"""

import asyncio
from collections.abc import Callable

from fastsmtp.errors import SessionError, TlsBroken
from fastsmtp.session.channel import Channel

ANSWERS_LIMIT = 65536  # bytes in a session's life; a key update's answer has some thirty

End = Callable[[SessionError | None], None]  # None: the peer said goodbye


class Tunnel:
    """One session's, from the ClientHello on."""

    __slots__ = ("_answers", "_end", "_ready", "_transport", "channel")

    def __init__(
        self,
        channel: Channel,
        transport: asyncio.Transport,
        ready: "asyncio.Future[None] | None",
        end: End,
    ) -> None:
        """`ready` is resolved once the handshake is through. HandshakeFailed, if it cannot even begin."""
        self.channel = channel
        self._transport = transport
        self._ready = ready
        self._end = end
        self._answers = 0  # bytes that the channel said by itself since it was established
        channel.start()
        self._answer()

    def open(self, data: bytes) -> bytes:
        """b"" where it said nothing, and where it broke TLS."""
        try:
            said = self.channel.feed(data)
            self._answer()
            if self._ready is not None:
                self._hand_over()
            elif self._answers > ANSWERS_LIMIT:
                raise TlsBroken("the peer asks for new keys without end")
        except SessionError as error:
            self._answer()
            self._end(error)
            return b""
        if self.channel.over:
            self._end(None)
        return said

    def _hand_over(self) -> None:
        """Tells who waits for the end of the handshake, at its end."""
        ready = self._ready
        if ready is not None and self.channel.established:
            self._ready = None
            self._answers = 0
            if not ready.done():
                ready.set_result(None)

    def seal(self, pieces: list[bytes]) -> list[bytes]:
        try:
            return self.channel.seal(pieces)
        except SessionError as error:
            self._end(error)
            return []

    def unsent(self, size: int) -> int:
        return self.channel.unsent(size)

    def farewell(self) -> None:
        self.channel.close()
        self._answer()

    def _answer(self) -> None:
        answer = self.channel.take()
        if answer and not self._transport.is_closing():
            self._answers += len(answer)
            self._transport.write(answer)
