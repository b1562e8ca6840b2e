"""The commands as a user types them, in a process of their own.

fastsmtp("send", job, "-o", "relayhost=...")    to its end: Finished(status, output, errors)
started("send", ...)                            a running one; the caller ends it
"""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 300.0  # seconds; a command that takes longer hangs


class Finished(NamedTuple):
    status: int
    output: str
    errors: str

    @property
    def said(self) -> str:
        return self.output + self.errors


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "fastsmtp", *map(str, words)]


def fastsmtp(*words: str | Path, patience: float = PATIENCE) -> Finished:
    done = subprocess.run(
        command(*words),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=patience,
        check=False,
    )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def started(*words: str | Path, own_group: bool = False) -> subprocess.Popen[bytes]:
    """`own_group`: it leads a process group, as a command of an interactive shell does."""
    return subprocess.Popen(
        command(*words),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0 if own_group else None,
    )
