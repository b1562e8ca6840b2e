"""Rows a second from a .csv list into the durable spool: read, checked, put in order, duplicates found.

As a multiple of 300,000; each round in a process of its own, as a command would do it.
"""

import subprocess
import sys
import time
from pathlib import Path

from benchmarks import data, rounds
from benchmarks.contenders import ROOT, Workplace
from benchmarks.figure import Promise, round_count, state
from fastsmtp.job import rows
from fastsmtp.spool.records import JobRecord
from fastsmtp.spool.shard import Shard

ROWS = 1_000_000
GOAL = 300_000
PROMISE = Promise(f"import of {ROWS:,} rows, as a multiple of {GOAL:,} a second", 1.0, at_least=True)


def seconds_to_import(source: Path, spool: Path) -> float:
    started_at = time.perf_counter()
    packing = rows.fields_format(source, {"email", "name", "code"})
    job = JobRecord(
        name="import",
        created_at=time.time(),
        sender=data.SENDER,
        template="jinja",
        duplicates="skip",
        fields_format=packing.to_text(),
        columns=packing.columns,
        message=b"",
        fingerprint="",
    )
    shard = Shard.create(spool, job, rows.read(source, packing))
    imported = shard.books().waiting
    shard.close()
    seconds = time.perf_counter() - started_at
    if imported != ROWS:
        raise RuntimeError(f"{imported} of {ROWS} rows were imported")
    return seconds


def measure(work: Path) -> float:
    """Rows a second, in a new process."""
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.figures.import_rate"]
    command += [work / "list.csv", work / "spool.db"]
    seconds = float(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    rounds.say(f"{ROWS / seconds:,.0f} rows a second")
    (work / "spool.db").unlink()
    return ROWS / seconds


def main() -> None:
    count = round_count()
    with Workplace() as work:
        data.write_list(work / "list.csv", ROWS)
        state(PROMISE, [measure(work) / GOAL for _ in range(count)])


if __name__ == "__main__":
    if len(sys.argv) == 3 and not sys.argv[1].startswith("-"):
        print(seconds_to_import(Path(sys.argv[1]), Path(sys.argv[2])))
    else:
        main()
