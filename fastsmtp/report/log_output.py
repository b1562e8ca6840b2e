"""Where log lines go: a file, stderr, or the system's log.

    prefix(program, severity) -> str     what a line begins with; the time in it is made once a second
    write(lines)                         whole lines without their ends
    reopen()  close()

A line that cannot be written never stops a delivery: the first failure is told on stderr, the lost lines are
counted, and the count is logged as soon as lines can be written again.

    FileOutput     appends a batch in one write, so that several processes can share a file
    SyslogOutput   a datagram a line to /dev/log; where that is full, lines are lost and the loop goes on

Source: the line format is that of syslog files and Postfix's maillog_file; RFC 3164 for datagrams.
"""

import os
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import IntEnum
from typing import Protocol, Self

from fastsmtp.errors import UsageError

FILE_MODE = 0o640
SYSLOG_PATH = "/dev/log"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in any locale
NAMED_FACILITIES = (
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
)
FACILITIES = {name: number for number, name in enumerate(NAMED_FACILITIES)}
FACILITIES |= {f"local{number}": 16 + number for number in range(8)}


class Severity(IntEnum):
    """As syslog numbers them."""

    WARNING = 4
    INFO = 6


class Output(Protocol):
    def prefix(self, program: str, severity: Severity) -> str: ...
    def write(self, lines: Sequence[str]) -> None: ...
    def reopen(self) -> None: ...
    def close(self) -> None: ...


class Clock:
    """`Nov 23 09:05:07`, made when the second changes; `changed` says that it did."""

    __slots__ = ("_second", "text")

    def __init__(self) -> None:
        self._second = -1
        self.text = ""

    def changed(self) -> bool:
        second = int(time.time())
        if second == self._second:
            return False
        self._second = second
        now = time.localtime(second)
        clock = f"{now.tm_hour:02d}:{now.tm_min:02d}:{now.tm_sec:02d}"
        self.text = f"{MONTHS[now.tm_mon - 1]} {now.tm_mday:2d} {clock}"
        return True


class FileOutput:
    """Lines appended to a file, or to stderr (`path` None)."""

    def __init__(self, path: str | None, descriptor: int, name: str) -> None:
        self._path = path
        self._descriptor = descriptor
        self._name = name
        self._host = os.uname().nodename.partition(".")[0]
        self._clock = Clock()
        self._prefixes: dict[str, str] = {}
        self._lost = 0
        self._torn = False  # the file ends in half a line

    @classmethod
    def open(cls, path: str | None, name: str) -> Self:
        """Raises UsageError."""
        try:
            return cls(path, descriptor_of(path), name)
        except OSError as error:
            raise UsageError(f"cannot open the log {path}: {error.strerror}") from error

    def prefix(self, program: str, severity: Severity) -> str:
        """A file does not tell the severity."""
        if self._clock.changed():
            self._prefixes.clear()
        prefix = self._prefixes.get(program)
        if prefix is None:
            prefix = f"{self._clock.text} {self._host} {self._name}/{program}[{os.getpid()}]: "
            self._prefixes[program] = prefix
        return prefix

    def write(self, lines: Sequence[str]) -> None:
        try:
            if self._lost:
                self._append(f"{self.prefix('smtp', Severity.WARNING)}{loss(self._lost)}\n")
                self._lost = 0
            self._append("\n".join(lines) + "\n")
        except OSError as error:
            if not self._lost:
                complain(f"cannot write the log {self._path or 'to stderr'}", error)
            self._lost += len(lines)

    def _append(self, text: str) -> None:
        octets = memoryview((b"\n" if self._torn else b"") + text.encode("utf-8", "replace"))
        while octets:
            written = os.write(self._descriptor, octets)
            octets = octets[written:]
            self._torn = octets.nbytes > 0

    def reopen(self) -> None:
        try:
            descriptor = descriptor_of(self._path)
        except OSError as error:
            complain(f"cannot reopen the log {self._path}, going on with the old one", error)
            return
        self.close()
        self._descriptor, self._torn = descriptor, False

    def close(self) -> None:
        if self._path is not None:
            os.close(self._descriptor)


class SyslogOutput:
    """Datagrams to the system's log daemon."""

    def __init__(self, sender: socket.socket, path: str, name: str, facility: str) -> None:
        self._socket = sender
        self._path = path
        self._name = name
        self._facility = FACILITIES[facility] << 3
        self._clock = Clock()
        self._prefixes: dict[tuple[str, Severity], str] = {}
        self._lost = 0

    @classmethod
    def open(cls, name: str, facility: str, path: str = SYSLOG_PATH) -> Self | None:
        """None if this system has no log daemon."""
        sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sender.setblocking(False)
        try:
            sender.connect(path)
        except OSError:
            sender.close()
            return None
        return cls(sender, path, name, facility)

    def prefix(self, program: str, severity: Severity) -> str:
        if self._clock.changed():
            self._prefixes.clear()
        prefix = self._prefixes.get((program, severity))
        if prefix is None:
            priority = self._facility | severity
            prefix = f"<{priority}>{self._clock.text} {self._name}/{program}[{os.getpid()}]: "
            self._prefixes[program, severity] = prefix
        return prefix

    def write(self, lines: Sequence[str]) -> None:
        sent = 0
        try:
            if self._lost:
                self._send(f"{self.prefix('smtp', Severity.WARNING)}{loss(self._lost)}")
                self._lost = 0
            for line in lines:
                self._send(line)
                sent += 1
        except OSError as error:
            if not self._lost:
                complain("cannot write to the system's log", error)
            self._lost += len(lines) - sent

    def _send(self, line: str) -> None:
        octets = line.encode("utf-8", "replace")
        try:
            self._socket.send(octets)
        except (ConnectionError, FileNotFoundError):  # the daemon was started anew: its socket is another one
            self._socket.connect(self._path)
            self._socket.send(octets)

    def reopen(self) -> None:
        """Nothing to do: rotation is the daemon's."""

    def close(self) -> None:
        self._socket.close()


def descriptor_of(path: str | None) -> int:
    if path is None:
        return 2
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)


def loss(count: int) -> str:
    return f"warning: {count} log lines were lost"


def complain(what: str, error: OSError) -> None:
    """Once for each time that it begins; with stderr gone too there is nobody left to tell."""
    with suppress(OSError):
        print(f"fastsmtp: {what}: {error.strerror}", file=sys.stderr, flush=True)
