"""The senders that are compared: each takes the same workload to the same smtp-sink, and is measured alike.

    Fastsmtp("group")   `fastsmtp send` from its start to its exit: job file, list, template, spool, results
    Postfix()           own instance; from smtp-source's first connection to the last status=sent in its log
    Aiosmtplib()        one Python process with 50 connections, nothing kept: aiosmtplib_sender.py
    SmtpSource()        `smtp-source -d`: C, one text, no queue, no conversion: the yardstick of CPU

Postfix and fastsmtp read the same main.cf lines. Postfix is fed as well as it can be: 20 sessions, kept
open (-d), one recipient address, which spares it work that a list would cost; its log is its record of
deliveries, as the results file is fastsmtp's.
"""

import compileall
import csv
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Protocol

from benchmarks import data, measure
from benchmarks.data import Case
from benchmarks.measure import Cost
from tests.support import postfix as postfixes
from tests.support import process
from tests.support.smtp_sink import find

ROOT = Path(__file__).parent.parent
INJECTORS = 20
SESSIONS = 20  # Postfix's default_destination_concurrency_limit
CONNECTIONS = 50  # of aiosmtplib
LOOK_EVERY = 0.02  # seconds between two looks into Postfix's log
WEIGH_EVERY = 0.5
PATIENCE = 900.0

MAIN_CF = "relayhost = [127.0.0.1]:{port}\nsmtp_tls_security_level =\nmyhostname = mx.example.net\n"


class Contender(Protocol):
    name: str
    sync: str

    def missing(self) -> str:
        """Why it cannot run here; "" if it can."""

    def run(self, case: Case, port: int, work: Path) -> Cost:
        """`work` is an empty directory on a real disk."""


class Fastsmtp:
    def __init__(self, sync: str, template: str = "jinja", guarantee: str = "at_least_once") -> None:
        self.template = template
        self.spool_sync = sync
        self.guarantee = guarantee
        self.name = "fastsmtp" if sync == "group" else f"fastsmtp, spool_sync = {sync}"
        if guarantee != "at_least_once":
            self.name += f", {guarantee}"
        self.sync = {"group": "every 50 ms", "always": "every outcome", "none": "never"}[sync]

    def missing(self) -> str:
        compileall.compile_dir(ROOT / "fastsmtp", quiet=1)  # as its installation does
        return ""

    def command(self, job: Path, port: int, work: Path) -> list[str | Path]:
        main_cf = work / "main.cf"
        main_cf.write_text(MAIN_CF.format(port=port))
        paths: list[str | Path] = ["--spool", work / "spool", "--results", work / "results.csv"]
        settings = ["-o", f"spool_sync={self.spool_sync}", "-o", f"delivery_guarantee={self.guarantee}"]
        return [sys.executable, "-m", "fastsmtp", "send", job, "-c", main_cf, *settings, *paths, "--quiet"]

    def run(self, case: Case, port: int, work: Path) -> Cost:
        job = data.write_job(work / "job", case, self.template)
        cost = measure.run(self.command(job, port, work), cwd=ROOT)
        check_results(work / "results.csv", case.messages)
        return cost


def check_results(results: Path, expected: int) -> None:
    with results.open(newline="", encoding="utf-8") as file:
        sent = sum(row["status"] == "sent" for row in csv.DictReader(file))
    if sent != expected:
        raise RuntimeError(f"fastsmtp sent {sent} of {expected}")


class Postfix:
    name = "Postfix"
    sync = "every message"
    settings = ""  # further lines of main.cf

    def missing(self) -> str:
        return postfixes.missing()

    def run(self, case: Case, port: int, work: Path) -> Cost:
        with postfixes.Postfix(work, MAIN_CF.format(port=port) + self.settings) as postfix:
            assert postfix.process is not None
            tree = measure.Tree(postfix.process.pid)
            started_at = time.monotonic()
            command = smtp_source(case, postfix.port, INJECTORS)
            with subprocess.Popen(command, stdin=subprocess.DEVNULL) as injection:
                memory = self._watch(case.messages, work / "mail.log", tree, started_at + PATIENCE)
                seconds = time.monotonic() - started_at
                cpu_seconds = tree.cpu_seconds()
                process.stop(injection)
        return Cost(seconds, cpu_seconds, memory)

    @staticmethod
    def _watch(expected: int, log: Path, tree: measure.Tree, give_up_at: float) -> int:
        """Returns at the last delivery, with the most memory seen."""
        memory, sent, part, weigh_at = 0, 0, b"", 0.0
        with log.open("ab+") as file:  # postlogd creates it late
            file.seek(0)
            while sent < expected:
                now = time.monotonic()
                if now > give_up_at:
                    raise RuntimeError(f"Postfix delivered {sent} of {expected} in {PATIENCE:.0f} s")
                if now > weigh_at:
                    memory = max(memory, tree.memory())
                    weigh_at = now + WEIGH_EVERY
                time.sleep(LOOK_EVERY)
                lines = part + file.read()
                whole, _, part = lines.rpartition(b"\n")
                sent += whole.count(b"status=sent")
        return memory


def smtp_source(case: Case, port: int, sessions: int) -> list[str | Path]:
    program = find("smtp-source") or "smtp-source"
    count = ["-s", str(sessions), "-m", str(case.messages), "-l", str(case.size)]
    envelope = ["-f", data.SENDER, "-t", "reader@list01.example.com", "-M", "mx.example.net"]
    return [program, "-d", *count, *envelope, f"{process.LOOPBACK}:{port}"]


class SmtpSource:
    name = "smtp-source -d"
    sync = "keeps nothing"

    def missing(self) -> str:
        return "" if find("smtp-source") else "smtp-source is not installed"

    def run(self, case: Case, port: int, work: Path) -> Cost:
        return checked(measure.run(smtp_source(case, port, SESSIONS)), self.name)


class Aiosmtplib:
    name = "aiosmtplib, 50 connections"
    sync = "keeps nothing"

    def missing(self) -> str:
        return ""

    def run(self, case: Case, port: int, work: Path) -> Cost:
        job = data.write_job(work / "job", case)
        script: list[str | Path] = [sys.executable, "-m", "benchmarks.aiosmtplib_sender"]
        script += [job.parent, str(port), str(CONNECTIONS)]
        return checked(measure.run(script, cwd=ROOT), self.name)


def checked(cost: Cost, name: str) -> Cost:
    if cost.status != 0:
        raise RuntimeError(f"{name} ended with {cost.status}")
    return cost


class Workplace:
    """A new directory for each run, on a real disk; removed with all it holds."""

    def __enter__(self) -> Path:
        self.path = Path(tempfile.mkdtemp(prefix="fastsmtp-bench-", dir="/var/tmp"))
        return self.path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path)
