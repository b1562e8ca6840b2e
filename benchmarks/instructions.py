"""Instructions of `fastsmtp send`, counted by valgrind: the same on a busy machine as on a quiet one.

    python -m benchmarks.instructions [--results]      with --results the page gets its section

Two jobs of different length are counted; the difference, by message, is what a message costs from list to
results, the rest is start and end. smtp-source is counted alike. The kernel's part is not in it: a message is
one write and one read there, for the two of them together a third of the time.
Judges a change; for what a user sees, `make bench`. Source: valgrind's callgrind; ours.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import data, machine, results
from benchmarks.compare import RESULTS
from benchmarks.contenders import SESSIONS, Fastsmtp, Workplace, smtp_source
from benchmarks.data import Case
from tests.support.smtp_sink import SmtpSink, find

FEW, MANY = 500, 2_500  # messages of the two jobs
JOB = 20_000  # messages of the comparison's job, over which start and end are spread
COLLECTED = re.compile(r"Collected : (\d+)")


def count(command: list[str | Path]) -> int:
    """User-space instructions of one run. RuntimeError where it fails."""
    tool: list[str | Path] = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    root = Path(__file__).parent.parent
    ended = subprocess.run([*tool, *command], cwd=root, capture_output=True, text=True, check=False)
    found = COLLECTED.search(ended.stderr)
    if ended.returncode or found is None:
        raise RuntimeError(f"{command[0]} ended with {ended.returncode}: {ended.stderr[-500:]}")
    return int(found[1])


def ours(messages: int) -> int:
    fastsmtp = Fastsmtp("group")
    fastsmtp.missing()
    with SmtpSink() as sink, Workplace() as work:
        job = data.write_job(work / "job", Case("counted", messages, data.SMALL.size))
        return count(fastsmtp.command(job, sink.port, work))


def theirs(messages: int) -> int:
    with SmtpSink() as sink:
        return count(smtp_source(Case("counted", messages, data.SMALL.size), sink.port, SESSIONS))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", action="store_true", help="write the table into RESULTS.md")
    options = parser.parse_args()
    if shutil.which("valgrind") is None or find("smtp-sink") is None:
        sys.exit("valgrind, smtp-sink and smtp-source are needed (Debian: valgrind, postfix)")
    lines = [
        "`python -m benchmarks.instructions --results` writes this: instructions in user space, by valgrind.",
        "",
        f"- fastsmtp {machine.commit()}, {machine.libraries()}",
        "",
        f"| sender | a message of 4 KiB | start and end | together, a message of {JOB:,} |",
        "| --- | --- | --- | --- |",
    ]
    for name, counted in (("fastsmtp", ours), ("smtp-source -d", theirs)):
        few, many = counted(FEW), counted(MANY)
        each = (many - few) / (MANY - FEW)
        once = few - each * FEW
        lines.append(f"| {name} | {each:,.0f} | {once / 1e6:,.0f} million | {each + once / JOB:,.0f} |")
    print("\n".join(lines))
    if options.results:
        results.write_section(RESULTS, results.INSTRUCTIONS, lines)


if __name__ == "__main__":
    main()
