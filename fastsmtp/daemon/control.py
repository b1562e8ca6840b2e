"""A unix socket in a directory, where a running program is asked things: a line of JSON each way.

    server = ControlServer.open(directory, answer)   None: another program answers here already. OSError
    server.attend()                                  hears and says what it can, without waiting
    server.close()                                   whoever still waits for an answer is told so
    ask(directory, request)                          the other side: the answer, or NobodyError

`answer(request, reply)` gets the object of a line, and calls `reply` once with another, now or later. A line
that is no object of JSON is answered here. Half a line, a peer that is gone, one that reads nothing: dropped.
No more than PEERS_LIMIT are heard at once; the others wait. `fileno` is readable when attend() has to do, for
a loop; calling it now and then serves as well.

The socket is its owner's alone (0600). It is reached through the directory's descriptor, so that no path is
too long for it. One that a killed program left behind is taken away.
Source: unix(7); ours.
"""

import errno
import json
import os
import selectors
import socket
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

NAME: Final = "control"
LINE_LIMIT: Final = 65536  # bytes; a request is a few words
BACKLOG: Final = 32
PEERS_LIMIT: Final = 16
READ_SIZE: Final = 65536
OWNERS_ALONE: Final = 0o177  # umask
PROBLEMS: Final = "problems"  # of an answer: what went wrong, [] nothing

Message = Mapping[str, Any]
Reply = Callable[[Message], None]
Answer = Callable[[Message, Reply], None]


class NobodyError(Exception):
    """No program answers here, or it ended before it did."""


class _Peer:
    """One connection: requests in turn, each answered before the next is read."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        self.heard = b""
        self.unsaid = b""
        self.waits = False  # for its answer
        self.looked_at = False  # just now


class ControlServer:
    """Answers for one program."""

    def __init__(self, listener: socket.socket, directory: int, answer: Answer) -> None:
        self._listener = listener
        self._directory = directory
        self._answer = answer
        self._identity = _identity(directory)
        self._peers: set[_Peer] = set()
        self._selector = selectors.EpollSelector()  # can be watched itself
        self._selector.register(listener, selectors.EVENT_READ)

    @classmethod
    def open(cls, directory: Path, answer: Answer) -> Self | None:
        """Listens in `directory`, which exists. OSError where that cannot be."""
        descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        listener = socket.socket(socket.AF_UNIX)
        try:
            if _answers(descriptor):
                listener.close()
                os.close(descriptor)
                return None
            _discard_stale(descriptor)
            before = os.umask(OWNERS_ALONE)
            try:
                listener.bind(_address(descriptor))
            finally:
                os.umask(before)
            listener.listen(BACKLOG)
            listener.setblocking(False)
            return cls(listener, descriptor, answer)
        except BaseException:
            listener.close()
            os.close(descriptor)
            raise

    def fileno(self) -> int:
        return self._selector.fileno()

    def attend(self) -> None:
        """Everything that can be done at this moment."""
        for key, _ in self._selector.select(0):
            if key.data is None:
                self._welcome()
            else:
                self._serve(key.data)

    def close(self) -> None:
        for peer in list(self._peers):
            if peer.waits:
                self._say(peer, {PROBLEMS: ["the program has ended"]})
            self._drop(peer)
        self._selector.close()
        self._listener.close()
        with suppress(OSError):
            if _identity(self._directory) == self._identity:
                os.unlink(NAME, dir_fd=self._directory)
        os.close(self._directory)

    def _welcome(self) -> None:
        try:
            stream, _ = self._listener.accept()
        except OSError:
            return
        stream.setblocking(False)
        peer = _Peer(stream)
        self._peers.add(peer)
        self._selector.register(stream, selectors.EVENT_READ, peer)
        if len(self._peers) >= PEERS_LIMIT:
            self._selector.unregister(self._listener)

    def _drop(self, peer: _Peer) -> None:
        if peer not in self._peers:
            return
        if len(self._peers) >= PEERS_LIMIT:
            self._selector.register(self._listener, selectors.EVENT_READ)
        self._peers.discard(peer)
        self._selector.unregister(peer.stream)
        peer.stream.close()

    def _serve(self, peer: _Peer) -> None:
        try:
            if peer.unsaid:
                peer.unsaid = peer.unsaid[peer.stream.send(peer.unsaid) :]
            else:
                data = peer.stream.recv(READ_SIZE)
                peer.heard += data
                if not data:
                    self._drop(peer)
                    return
        except BlockingIOError:
            return
        except OSError:
            self._drop(peer)
            return
        self._look_at(peer)

    def _look_at(self, peer: _Peer) -> None:
        """Requests, as long as the one before is answered and said."""
        peer.looked_at = True
        while not (peer.waits or peer.unsaid) and b"\n" in peer.heard:
            line, _, peer.heard = peer.heard.partition(b"\n")
            peer.waits = True
            self._hear(peer, line)
        peer.looked_at = False
        if peer not in self._peers:
            return
        if len(peer.heard) > LINE_LIMIT:
            self._drop(peer)
        else:
            events = selectors.EVENT_WRITE if peer.unsaid else selectors.EVENT_READ
            self._selector.modify(peer.stream, events, peer)

    def _hear(self, peer: _Peer, line: bytes) -> None:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if isinstance(request, dict):
            self._answer(request, lambda message: self._say(peer, message))
        else:
            self._say(peer, {PROBLEMS: ["expected a line that is an object of JSON"]})

    def _say(self, peer: _Peer, message: Message) -> None:
        if peer not in self._peers or not peer.waits:
            return
        peer.waits = False
        peer.unsaid = json.dumps(message).encode() + b"\n"
        try:
            peer.unsaid = peer.unsaid[peer.stream.send(peer.unsaid) :]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(peer)
            return
        if not peer.looked_at:
            self._look_at(peer)


def ask(directory: Path, request: Message) -> dict[str, Any]:
    """What the program that listens in `directory` answers; waits for it. NobodyError."""
    try:
        descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise NobodyError(f"{directory}: {error.strerror}") from None
    try:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(_address(descriptor))
            stream.sendall(json.dumps(request).encode() + b"\n")
            heard = b""
            while not heard.endswith(b"\n"):
                data = stream.recv(READ_SIZE)
                if not data:
                    raise NobodyError("it ended before it answered")
                heard += data
    except OSError as error:
        raise NobodyError(f"nobody answers in {directory}: {error.strerror}") from None
    finally:
        os.close(descriptor)
    answer = json.loads(heard)
    assert isinstance(answer, dict)
    return answer


def _address(directory: int) -> str:
    """A path of the socket that is short whatever the directory is called."""
    return f"/proc/self/fd/{directory}/{NAME}"


def _answers(directory: int) -> bool:
    """Whether a living program listens."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        return probe.connect_ex(_address(directory)) in (0, errno.EAGAIN, errno.EINPROGRESS)


def _discard_stale(directory: int) -> None:
    """OSError (file exists) where it is no socket: that is none of ours."""
    try:
        found = os.stat(NAME, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISSOCK(found.st_mode):
        os.unlink(NAME, dir_fd=directory)


def _identity(directory: int) -> tuple[int, int]:
    found = os.stat(NAME, dir_fd=directory, follow_symlinks=False)
    return found.st_dev, found.st_ino
