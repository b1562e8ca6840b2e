"""What a sender costs: time, CPU of its processes, memory.

    run(command, ...)          one command from its start to its end: Cost
    Tree(pid)                  a server's process and its children: cpu_seconds(), memory()
    Spread.of(values)          median, least, most

CPU is user + system time. Of a command it is the kernel's account of the ended process and its children; of
a tree, that of the living ones and of those that the root has seen end. Memory of a command is its peak
resident size (largest process); of a tree, the sum of proportional sizes at the moment of the call, so that
pages shared between its processes count once.
"""

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
KIB = 1024
WEIGH_EVERY = 0.02  # seconds; what grows later than that before the end is missed


class Cost(NamedTuple):
    seconds: float
    cpu_seconds: float
    memory: int  # peak, bytes
    status: int = 0


def run(
    command: Sequence[str | Path], cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> Cost:
    """Its output is dropped; what it says on stderr is not."""
    started_at = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    scale = Scale(process.pid)
    scale.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started_at
    process.returncode = os.waitstatus_to_exitcode(status)
    scale.ended.set()
    return Cost(seconds, usage.ru_utime + usage.ru_stime, scale.peak, process.returncode)


class Scale(threading.Thread):
    """Reads a process's peak size while it lives; a child's ru_maxrss begins with its parent's."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.status = Path(f"/proc/{pid}/status")
        self.peak = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(WEIGH_EVERY):
            try:
                lines = self.status.read_text().splitlines()
            except (FileNotFoundError, ProcessLookupError):
                return
            peaks = [int(line.split()[1]) * KIB for line in lines if line.startswith("VmHWM:")]
            self.peak = max([self.peak, *peaks])


class Tree:
    def __init__(self, root: int) -> None:
        self.root = root

    def pids(self) -> list[int]:
        children = Path(f"/proc/{self.root}/task/{self.root}/children").read_text()
        return [self.root, *map(int, children.split())]

    def cpu_seconds(self) -> float:
        return sum(self._times(pid, 4 if pid == self.root else 2) for pid in self.pids()) / TICKS

    @staticmethod
    def _times(pid: int, count: int) -> int:
        """utime, stime, and for the root also cutime, cstime."""
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return 0  # ended in between: the root has its account
        return sum(map(int, fields[11 : 11 + count]))

    def memory(self) -> int:
        return sum(map(self._proportional_size, self.pids()))

    @staticmethod
    def _proportional_size(pid: int) -> int:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return sum(int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:"))


class Spread(NamedTuple):
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))
