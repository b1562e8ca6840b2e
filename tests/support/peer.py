"""A scripted SMTP peer on a real loopback socket: says its lines, checks the client's, records every byte.

    with Peer(DIALOGUE) as peer: ... connect to peer.port ...
    peer.conversations[0].commands, .messages, .received

One dialogue for each connection, in the order of arrival; the last one serves all that come after. Leaving
the `with` block waits for open conversations to end; if the client said something else, it raises
UnexpectedCommandError with the whole exchange. `cut` is how replies arrive (tests.support.dialogue.cuts).

It runs in threads of its own, so that the client may be anything: a command, asyncio, uvloop or smtplib.
"""

import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.support.dialogue import (
    CLOSE,
    HEAR,
    HEAR_MESSAGE,
    POLITE,
    RESET,
    SAY,
    WAIT,
    WHOLE,
    Dialogue,
    Step,
    cuts,
    matches,
)
from tests.support.process import LOOPBACK

SILENCE_LIMIT = 10.0  # seconds that a client may think, and that a conversation may outlive the test
RECEIVE_SIZE = 65536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class ClientLeftError(Exception):
    """The client closed where the dialogue expected more of it."""


class UnexpectedCommandError(AssertionError):
    """The client said something else."""


@dataclass
class Conversation:
    """One connection: what was said on both sides so far."""

    received: bytearray = field(default_factory=bytearray)
    commands: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)  # as on the wire, final dot included
    exchange: list[str] = field(default_factory=list)
    complete: bool = False  # the dialogue went to its last step
    error: str = ""


class Peer:
    def __init__(
        self,
        *dialogues: Dialogue | str,
        cut: str = WHOLE,
        seed: int = 0,
        address: str = LOOPBACK,
        port: int = 0,
    ) -> None:
        self.dialogues = [Dialogue.parse(d) if isinstance(d, str) else d for d in dialogues]
        self.cut = cut
        self.seed = seed
        self.conversations: list[Conversation] = []
        self._listener = socket.create_server((address, port), backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(SILENCE_LIMIT)
        self._listener.close()
        for thread in self._threads:
            thread.join(SILENCE_LIMIT)
        if error is None:
            self.check()

    def check(self) -> None:
        for conversation in self.conversations:
            if conversation.error:
                raise UnexpectedCommandError(conversation.error + "\n  " + "\n  ".join(conversation.exchange))

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            index = len(self.conversations)
            dialogue = self.dialogues[min(index, len(self.dialogues) - 1)]
            conversation = Conversation()
            self.conversations.append(conversation)
            thread = threading.Thread(
                target=self._converse, args=(connection, dialogue, conversation), daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _converse(self, connection: socket.socket, dialogue: Dialogue, conversation: Conversation) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(SILENCE_LIMIT)
        with connection:
            try:
                Play(connection, conversation, self.cut, self.seed).run(dialogue)
                conversation.complete = True
            except ClientLeftError:
                conversation.exchange.append("(the client left)")
            except UnexpectedCommandError as error:
                conversation.error = str(error)
            except (TimeoutError, ConnectionError) as error:
                conversation.exchange.append(f"({type(error).__name__})")


class Play:
    """One dialogue over one connection."""

    def __init__(self, connection: socket.socket, conversation: Conversation, cut: str, seed: int) -> None:
        self.connection = connection
        self.conversation = conversation
        self.cut = cut
        self.seed = seed
        self._unread = bytearray()

    def run(self, dialogue: Dialogue) -> None:
        unsaid = bytearray()  # replies in a row leave in one piece, as a peer's do when the client pipelines
        for step in dialogue.steps:
            if step.act == SAY:
                unsaid += step.data
                self.conversation.exchange.append(str(step))
                continue
            self._say(bytes(unsaid))
            unsaid.clear()
            self._act(step)
            if step.act in (CLOSE, RESET):
                return
            if step.act == POLITE:
                self._serve()
                return
        self._say(bytes(unsaid))
        self._expect_end()

    def _act(self, step: Step) -> None:
        if step.act == HEAR:
            line = self._until(b"\r\n").removesuffix(b"\r\n")
            self.conversation.commands.append(line.decode(errors="backslashreplace"))
            self.conversation.exchange.append(f"heard {line.decode(errors='backslashreplace')}")
            if not matches(step.data, line):
                raise UnexpectedCommandError(f"expected {step.data.decode()!r}, heard {line!r}")
        elif step.act == HEAR_MESSAGE:
            if not self._unread.startswith(b".\r\n"):
                message = self._until(b"\r\n.\r\n")
            else:
                message = self._until(b".\r\n")  # an empty message
            self.conversation.messages.append(message)
            self.conversation.exchange.append(f"heard a message of {len(message)} bytes")
        elif step.act == WAIT:
            time.sleep(step.span)
        elif step.act == RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)

    def _say(self, data: bytes) -> None:
        for piece in cuts(data, self.cut, self.seed):
            self.connection.sendall(piece)
            if self.cut != WHOLE:
                time.sleep(0)  # lets the client read what is there

    def _until(self, ending: bytes) -> bytes:
        while (at := self._unread.find(ending)) < 0:
            self._receive()
        end = at + len(ending)
        taken = bytes(self._unread[:end])
        del self._unread[:end]
        return taken

    def _receive(self) -> None:
        data = self.connection.recv(RECEIVE_SIZE)
        if not data:
            raise ClientLeftError
        self.conversation.received += data
        self._unread += data

    def _serve(self) -> None:
        quitting = False
        while not quitting:
            try:
                line = self._until(b"\r\n").removesuffix(b"\r\n")
            except ClientLeftError:
                return
            quitting = line.upper() == b"QUIT"
            self.conversation.commands.append(line.decode(errors="backslashreplace"))
            self._say(b"221 2.0.0 Bye\r\n" if quitting else b"250 2.0.0 Ok\r\n")

    def _expect_end(self) -> None:
        """After the last step the client may only leave."""
        try:
            while not self._unread:
                self._receive()
        except (ClientLeftError, ConnectionError):
            return
        raise UnexpectedCommandError(f"after the last step, heard {bytes(self._unread)!r}")
