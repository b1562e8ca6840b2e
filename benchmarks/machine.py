"""Where a figure was measured, in one paragraph: machine, commit, versions."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from tests.support.smtp_sink import find

ROOT = Path(__file__).parent.parent


def describe() -> list[str]:
    kernel = platform.release().split("-")[0]
    return [
        f"{processor()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB, Linux {kernel}",
        f"queue and spool on {file_system('/var/tmp')}; load average before the run {os.getloadavg()[0]:.1f}",
        f"fastsmtp {commit()}, Python {platform.python_version()}, {libraries()}",
        f"Postfix {postfix_version()}, smtp-sink and smtp-source of the same",
    ]


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def file_system(path: str) -> str:
    """The type of the longest mount point above `path`."""
    mounts = (line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines())
    return max((len(point), kind) for point, kind in mounts if path.startswith(point))[1]


def commit() -> str:
    changed = " with changes" if git("status", "--porcelain", "-uno") else ""
    return (git("rev-parse", "--short", "HEAD") or "of no commit") + changed


def git(*words: str) -> str:
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def libraries() -> str:
    names = ("uvloop", "Jinja2", "Cython", "aiosmtplib")
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def postfix_version() -> str:
    program = find("postconf")
    if program is None:
        return "is not installed"
    found = subprocess.run([program, "-dh", "mail_version"], capture_output=True, text=True, check=False)
    return found.stdout.strip()
