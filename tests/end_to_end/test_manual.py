"""What the README and docs/ tell a user to type works as printed, and the files that they name exist."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import ROOT, fastsmtp
from tests.support.process import LOOPBACK, free_port, stop, wait_for_port

README = (ROOT / "README.md").read_text(encoding="utf-8")
LIBRARY = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BACK_QUOTED = re.compile(r"`([^`\n]+)`")
MODULE = re.compile(
    r"(?:fastsmtp/|ext/|tests/|benchmarks/)?[a-z_]+/(?:[a-z_0-9]+/)*[a-z_0-9]+\.(?:py|pyx|sql)"
)


def listings(text: str, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(text) if found == language]


@pytest.fixture
def sink_port() -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "fastsmtp", "sink", "--listen", f"{LOOPBACK}:{port}", "--quiet"]
    with subprocess.Popen(command, cwd=ROOT) as process:
        wait_for_port(port, process)
        yield port
        stop(process)


def write_first_job(directory: Path) -> Path:
    for name, language in (("hello.toml", "toml"), ("readers.csv", "csv"), ("hello.eml", "eml")):
        (text,) = listings(README, language)
        (directory / name).write_text(text, encoding="utf-8")
    return directory / "hello.toml"


def timeless(text: str) -> str:
    """A summary without the figures that no two runs share."""
    return re.sub(r"took .*", "took ...", text)


def test_first_job_of_the_readme_ends_as_printed(
    tmp_path: Path, sink_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_first_job(tmp_path)
    (session,) = listings(README, "console")
    line, _, printed = session.partition("\n")
    words = line.removeprefix("$ ").replace("2525", str(sink_port)).split()
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert timeless(done.stdout + done.stderr) == timeless(printed)
    assert done.returncode == 1, "a row was rejected"
    statuses = [row.split(",")[1] for row in (tmp_path / "results.csv").read_text().splitlines()[1:]]
    assert sorted(statuses) == ["rejected", "sent", "sent"]


def test_library_example_runs_as_printed(tmp_path: Path, sink_port: int) -> None:
    write_first_job(tmp_path)
    sending, content = listings(LIBRARY, "python")
    (tmp_path / "sending.py").write_text(sending.replace("2525", str(sink_port)), encoding="utf-8")
    (tmp_path / "content.py").write_text(content, encoding="utf-8")
    said = [
        subprocess.run(
            [sys.executable, "-W", "error", name],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for name in ("sending.py", "content.py")
    ]
    assert said == ["Counter({'sent': 2})\n", ""]


def test_send_page_names_every_option_that_changes_the_way_of_a_job() -> None:
    page = (ROOT / "docs" / "send.md").read_text(encoding="utf-8")
    said = fastsmtp("send", "--help").output
    for option in ("--spool", "--results", "--once", "--only", "--workers", "--quiet", "--log"):
        assert option in said
        assert f"`{option}" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_the_manual_names_exist(page: Path) -> None:
    for quoted in BACK_QUOTED.findall(page.read_text(encoding="utf-8")):
        if MODULE.fullmatch(quoted):
            assert (ROOT / quoted).exists() or (ROOT / "fastsmtp" / quoted).exists(), quoted
