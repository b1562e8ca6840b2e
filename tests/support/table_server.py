"""A server that lookup tables ask, in a thread: what it says to a request is a test's to decide.

    with TableServer(conversation) as server: ...    server.port, server.connections
    socketmap(answers), tcp(answers)                 conversations: requests in, replies out, by key
    mute                                             one that never says a word

`answers` gives the reply for the bytes of a key; None ends the stream.
"""

import socketserver
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self

from tests.support.process import LOOPBACK

Answers = Callable[[bytes], bytes | None]
Conversation = Callable[[BinaryIO, BinaryIO], None]


class _Handler(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self.server.count += 1
        with suppress(ConnectionError):
            self.server.conversation(self.rfile, self.wfile)  # type: ignore[arg-type]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.count = 0
        super().__init__((LOOPBACK, 0), _Handler)


class TableServer:
    def __init__(self, conversation: Conversation) -> None:
        self._server = _Server(conversation)
        self.port: int = self._server.server_address[1]

    @property
    def connections(self) -> int:
        return self._server.count

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def socketmap(answers: Answers) -> Conversation:
    """Netstrings; the map's name is not looked at."""

    def converse(requests: BinaryIO, replies: BinaryIO) -> None:
        while True:
            digits = b""
            while (digit := requests.read(1)).isdigit():
                digits += digit
            if not digits:
                return
            key = requests.read(int(digits) + 1)[:-1].partition(b" ")[2]
            reply = answers(key)
            if reply is None:
                return
            replies.write(reply if reply.startswith(b"!") else b"%d:%s," % (len(reply), reply))
            replies.flush()

    return converse


def tcp(answers: Answers) -> Conversation:
    """Lines."""

    def converse(requests: BinaryIO, replies: BinaryIO) -> None:
        for line in requests:
            reply = answers(line.rstrip(b"\n").removeprefix(b"get "))
            if reply is None:
                return
            replies.write(reply + b"\n")
            replies.flush()

    return converse


def mute(requests: BinaryIO, replies: BinaryIO) -> None:
    requests.read()
