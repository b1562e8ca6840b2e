"""Postfix's smtp-sink: the fastest receiver at hand, in C, without a disk.

    with SmtpSink("-c") as sink: ... sink.port ...
    with SmtpSink(keep=True) as sink: ... sink.kept() ...      (or sink.kept_count(), which is quick)

Its switches misbehave on demand: -p no PIPELINING, -e no ESMTP, -8 no 8BITMIME, -f/-r COMMAND refuses with
5xx/4xx, -q COMMAND disconnects, -Q COMMAND says 421 first; see smtp-sink(1). Never -M: it leaves without the
last reply.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import NamedTuple, Self

from tests.support import process

BACKLOG = 1000
SESSIONS = 5000  # the sink's own default is 256
SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/sbin:/usr/bin"


def find(program: str) -> str | None:
    """Debian puts these where a user's PATH does not look."""
    return shutil.which(program) or shutil.which(program, path=SYSTEM_PATH)


class Dumped(NamedTuple):
    sender: str
    recipients: tuple[str, ...]
    content: bytes  # LF line ends, dots unstuffed, without the sink's own Received


class SmtpSink:
    def __init__(
        self,
        *switches: str,
        keep: bool = False,
        sessions: int = SESSIONS,
        address: str = process.LOOPBACK,
        port: int | None = None,
    ) -> None:
        program = find("smtp-sink")
        if program is None:
            raise RuntimeError("smtp-sink is not installed (Debian: postfix)")
        self.port = process.free_port() if port is None else port
        self._host = address
        self.address = f"{address}:{self.port}"
        as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
        self._directory = TemporaryDirectory(prefix="smtp-sink-")
        self.dump = Path(self._directory.name) / "dump"
        self.dump.parent.chmod(0o777)  # it runs as nobody
        dumping = ["-D", str(self.dump)] if keep else []
        self.command = [
            program,
            *as_nobody,
            *dumping,
            "-m",
            str(sessions),
            *switches,
            self.address,
            str(BACKLOG),
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)
        process.wait_for_port(self.port, self.process, address=self._host)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            process.stop(self.process)
            self.process = None
        self._directory.cleanup()

    def kept(self) -> list["Dumped"]:
        """Every message, in the order in which they ended."""
        return list(dumped(self.dump.read_bytes())) if self.dump.exists() else []

    def kept_count(self) -> int:
        return self.dump.read_bytes().count(b"\nX-Mail-Args: ") if self.dump.exists() else 0


OWN_HEADERS = re.compile(
    rb"X-Client-Addr: .*\nX-Client-Proto: .*\n(?:X-Helo-Args: .*\n)?X-Mail-Args: (?P<mail>.*)\n"
    rb"(?P<rcpts>(?:X-Rcpt-Args: .*\n)*)Received: .*\n(?:\t.*\n)+"
)


def dumped(data: bytes) -> Iterator[Dumped]:
    heads = list(OWN_HEADERS.finditer(data))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        end = following.start() if following else len(data)
        recipients = re.findall(rb"X-Rcpt-Args: <(.*?)>", head["rcpts"])
        yield Dumped(
            head["mail"].split(b">")[0].lstrip(b"<").decode(),
            tuple(recipient.decode() for recipient in recipients),
            data[head.end() : end].removesuffix(b"\n"),  # the dump's own empty line
        )
