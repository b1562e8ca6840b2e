"""Messages that the sink keeps: a Maildir, a file a message, the envelope in its first line.

    Maildir(directory)(envelope, content)       keeps one; the call that Sink's `on_message` asks for
    stored(directory) -> (envelope, content)s   reads them back, in order of arrival

The file begins with one `X-Envelope: JSON` line that holds the whole envelope; behind it stand the message's
octets as they came. A file is written under tmp/ and moved to new/: a reader never sees half of one.

Source: the Maildir layout of qmail's maildir(5).
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from fastsmtp.sink.behaviour import Envelope

ENVELOPE = b"X-Envelope: "


class Maildir:
    """Raises OSError if the directory cannot be made or written to."""

    def __init__(self, directory: Path) -> None:
        for name in ("tmp", "new", "cur"):
            (directory / name).mkdir(parents=True, exist_ok=True)
        self._tmp = os.fspath(directory / "tmp")
        self._new = os.fspath(directory / "new")
        self._kept = sum(1 for _ in (directory / "new").iterdir())

    def __call__(self, envelope: Envelope, content: bytes) -> None:
        self._kept += 1
        name = f"{self._kept:09d}.{os.getpid()}.sink"
        header = ENVELOPE + json.dumps(asdict(envelope)).encode() + b"\r\n"
        with open(f"{self._tmp}/{name}", "xb") as file:
            file.write(header + content)
        os.rename(f"{self._tmp}/{name}", f"{self._new}/{name}")


def stored(directory: Path) -> Iterator[tuple[Envelope, bytes]]:
    """Every message that `directory` keeps."""
    for path in sorted((directory / "new").iterdir()):
        header, _, content = path.read_bytes().partition(b"\r\n")
        fields = json.loads(header.removeprefix(ENVELOPE))
        for name in ("recipients", "parameters", "violations"):
            fields[name] = tuple(fields[name])
        yield Envelope(**fields), content
