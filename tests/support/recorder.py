"""A server that keeps what follows DATA byte for byte: dots, line ends, also of a message that was cut short.

    with Recorder(eightbit=False) as recorder: ... recorder.port ... recorder.wait(count)
    recorder.messages       first recipient's local part -> bytes up to the dot line or the stream's end

Threads and blocking sockets: it must be simple enough to be believed.
"""

import socket
import threading
from types import TracebackType
from typing import Self

from tests.support.process import LOOPBACK

DOT_LINE = b"\r\n.\r\n"
PIECE = 1 << 16


class Recorder:
    def __init__(self, *, eightbit: bool) -> None:
        self.messages: dict[str, bytes] = {}
        self._offer = b"250-recorder\r\n" + b"250-8BITMIME\r\n" * eightbit + b"250 PIPELINING\r\n"
        self._listener = socket.create_server((LOOPBACK, 0), backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def wait(self, count: int, idle_limit: float = 20.0) -> None:
        """Returns when `count` messages are there, or when none came for `idle_limit` seconds."""
        with self._changed:
            while len(self.messages) < count and self._changed.wait(idle_limit):
                pass

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            stream = Stream(connection)
            try:
                connection.sendall(b"220 recorder ESMTP\r\n")
                self._converse(stream, connection)
            except OSError:
                return

    def _converse(self, stream: "Stream", connection: socket.socket) -> None:
        recipient = ""
        while line := stream.until(b"\r\n"):
            verb = line[:4].upper()
            if verb == b"EHLO":
                connection.sendall(self._offer)
            elif verb == b"DATA":
                connection.sendall(b"354 go\r\n")
                self._keep(recipient, stream.content())
                recipient = ""
                connection.sendall(b"250 ok\r\n")
            elif verb == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                if verb == b"RCPT":
                    recipient = recipient or line.partition(b"<")[2].partition(b"@")[0].decode()
                connection.sendall(b"250 ok\r\n")

    def _keep(self, recipient: str, content: bytes) -> None:
        with self._changed:
            self.messages[recipient] = content
            self._changed.notify_all()


class Stream:
    """What a connection brings, cut at given bytes; what is left when it ends."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._data = bytearray()

    def until(self, ending: bytes) -> bytes:
        start = 0
        while (at := self._data.find(ending, start)) < 0:
            start = max(0, len(self._data) - len(ending))
            piece = self._connection.recv(PIECE)
            if not piece:
                at = len(self._data)
                break
            self._data += piece
        taken = bytes(self._data[: at + len(ending)])
        del self._data[: at + len(ending)]
        return taken

    def content(self) -> bytes:
        self._data[:0] = b"\r\n"  # the dot line of an empty message has no line before it
        return self.until(DOT_LINE)[2:]
