"""Peak memory of the import into the spool with 2,000,000 rows against 100,000, each in a process of its own.

    python -m benchmarks.figures.memory_import [--rounds N]

Rows are made up as they are handed over, so that only the spool's own memory grows or does not.
Source: ours (design page, section 5: flat, within 10%).
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import rounds
from benchmarks.contenders import ROOT, Workplace
from benchmarks.figure import Promise, round_count, state
from fastsmtp.spool.records import Chunk, JobRecord
from fastsmtp.spool.shard import Shard

SHORT, LONG = 100_000, 2_000_000
CHUNK = 1000
STEP = 7_919  # a prime: walks through the numbers in no order
PROMISE = Promise(
    f"peak memory of the import, {LONG:,} rows as a multiple of {SHORT:,}'s", 1.1, at_least=False
)


def made(count: int) -> Iterator[Chunk]:
    """`count` rows in no order, one in fifty a duplicate of another."""
    for start in range(0, count, CHUNK):
        numbers = [line * STEP % (count - count // 50) for line in range(start, start + CHUNK)]
        addresses = [(number, f"user{number}@domain{number % 997}.example") for number in numbers]
        yield (
            [
                (start + place, address, f"domain{number % 997}.example", address, f"User {number}")
                for place, (number, address) in enumerate(addresses)
            ],
            [],
        )


def import_rows(path: Path, count: int) -> int:
    """Imports, and returns this process's peak memory in KiB."""
    job = JobRecord("import", time.time(), "", "none", "skip", "", (), b"", "")
    shard = Shard.create(path, job, made(count))
    if shard.books().rows != count:
        raise RuntimeError(f"{shard.books().rows} of {count} rows were imported")
    shard.close()
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def measure(count: int) -> int:
    """KiB, in a new process."""
    with Workplace() as work:
        command: list[str | Path] = [sys.executable, "-m", "benchmarks.figures.memory_import"]
        command += [work / "spool.db", str(count)]
        peak = int(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    rounds.say(f"{count:,} rows: {peak / 1024:.1f} MiB")
    return peak


def main() -> None:
    state(PROMISE, [measure(LONG) / measure(SHORT) for _ in range(round_count(1))])


if __name__ == "__main__":
    if len(sys.argv) == 3 and not sys.argv[1].startswith("-"):
        print(import_rows(Path(sys.argv[1]), int(sys.argv[2])))
    else:
        main()
