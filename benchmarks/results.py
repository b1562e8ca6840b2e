"""The page of results: each tool writes its own section, and leaves those of the others.

write_section(path, title, lines)    "## title" and `lines`, in place of what was there under that title
sections(path, titles)               these sections as they stand, for a tool that writes the page anew
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

MICRO = "The encoder alone"
TABLES = "A lookup table of a million entries"
SESSIONS = ("At most once", "Ten thousand sessions")
DNS = ("Names from the DNS", "A domain for each recipient")
ROUND_TRIPS = "Round trips"
INSTRUCTIONS = "Instructions"
BINDS = "What binds"
# Not written by benchmarks/compare.py
KEPT = (BINDS, INSTRUCTIONS, MICRO, *DNS, *SESSIONS, TABLES, ROUND_TRIPS)


def write_section(path: Path, title: str, lines: Iterable[str]) -> None:
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    section = "\n".join([f"## {title}", "", *lines]).rstrip() + "\n"
    rest = _section(title).sub("", page).rstrip()
    path.write_text(f"{rest}\n\n{section}", encoding="utf-8")


def sections(path: Path, titles: Sequence[str] = KEPT) -> str:
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    return "".join(
        "\n" + found[0].rstrip() + "\n" for title in titles if (found := _section(title).search(page))
    )


def _section(title: str) -> re.Pattern[str]:
    return re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
