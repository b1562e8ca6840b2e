"""The frame of the command line: what it lists, what it imports, what wrong usage and errors come to."""

import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

import fastsmtp.cli
from fastsmtp.cli import main as frame
from fastsmtp.errors import JobError, LocalProtocolError, ReportError, SpoolError, UsageError


def modules() -> Iterator[str]:
    """The modules of fastsmtp.cli that hold a command."""
    for module in pkgutil.iter_modules(fastsmtp.cli.__path__):
        if hasattr(importlib.import_module(f"fastsmtp.cli.{module.name}"), "command"):
            yield module.name


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Make `fastsmtp sink` raise `error`."""

    def fail() -> None:
        raise error

    monkeypatch.setattr("fastsmtp.cli.sink.command", click.Command("sink", callback=fail))


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "fastsmtp", *words], capture_output=True, text=True, check=False
    )


def test_table_lists_the_modules_and_says_what_their_commands_say() -> None:
    assert set(modules()) == set(frame.COMMANDS)
    for name, text in frame.COMMANDS.items():
        command = importlib.import_module(f"fastsmtp.cli.{name}").command
        assert command.name == name
        assert command.get_short_help_str(limit=200) == text
        assert command.help


def test_help_of_the_group_lists_each_command_and_imports_none() -> None:
    code = (
        "import sys; from fastsmtp.cli.main import main; main(['--help']);"
        "heavy = ('uvloop', 'rich', 'jinja2', 'dns', 'sqlite3', 'ssl', 'asyncio', 'importlib.metadata');"
        "print(sorted(m for m in sys.modules if m in heavy"
        " or m.startswith('fastsmtp.') and not m.startswith(('fastsmtp.cli', 'fastsmtp.errors'))))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *page, imported = result.stdout.splitlines()
    assert imported == "[]"
    for name, text in frame.COMMANDS.items():
        assert any(line.split(maxsplit=1) == [name, text] for line in page)


@pytest.mark.parametrize("name", frame.COMMANDS)
def test_help_of_each_command_is_whole_sentences(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main([name, "--help"]) == 0
    page = capsys.readouterr().out
    assert page.startswith(f"Usage: fastsmtp {name}")
    command = importlib.import_module(f"fastsmtp.cli.{name}").command
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert (parameter.help or "").endswith("."), parameter.name


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "fastsmtp: Missing command (see fastsmtp --help)"),
        (["sned"], "fastsmtp: No such command 'sned'"),
        (["--frobnicate"], "fastsmtp: No such option"),
        (["sink", "--frobnicate"], "fastsmtp sink: No such option"),
        (
            ["sink", "extra"],
            "fastsmtp sink: Got unexpected extra argument (extra) (see fastsmtp sink --help)",
        ),
        (["sink", "--delay", "x"], "fastsmtp sink: Invalid value for '--delay': 'x' is not a valid number"),
        (["sink", "--delay"], "fastsmtp sink: Option '--delay' requires an argument"),
    ],
)
def test_wrong_usage_is_one_line_and_status_two(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(line)
    assert captured.err.count("\n") == 1


def test_problems_of_a_usage_error_are_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, UsageError.gather([JobError("a.toml:1: one"), JobError("a.toml:2: two")]))
    assert frame.main(["sink"]) == 2
    assert capsys.readouterr().err == "fastsmtp sink: a.toml:1: one\nfastsmtp sink: a.toml:2: two\n"


@pytest.mark.parametrize(("after_sending", "status"), [(False, 2), (True, 75)])
def test_spool_error_tells_by_its_status_whether_mail_was_sent(
    after_sending: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = SpoolError("disk\nfull")
    error.after_sending = after_sending
    raising(monkeypatch, error)
    assert frame.main(["sink"]) == status
    assert capsys.readouterr().err == "fastsmtp sink: disk full\n"


def test_click_error_of_another_kind_keeps_its_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, click.ClickException("no\nuse."))
    assert frame.main(["sink"]) == 1
    assert capsys.readouterr().err == "fastsmtp sink: no use\n"


def test_bug_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, LocalProtocolError("DATA before MAIL"))
    with pytest.raises(LocalProtocolError):
        frame.main(["sink"])


def test_interruption_is_130_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    assert frame.main(["sink"]) == 130
    assert capsys.readouterr().err.strip() == ""


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (1, 1), (75, 75)])
def test_status_is_what_the_command_returns(
    returned: int | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastsmtp.cli.sink.command", click.Command("sink", callback=lambda: returned))
    assert frame.main(["sink"]) == status


def test_module_is_run_by_python_m() -> None:
    result = run("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("fastsmtp ")
    assert run("sink", "--delay", "x").returncode == 2


def test_closed_stdout_is_quiet() -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        result = subprocess.run(
            [sys.executable, "-m", "fastsmtp", "--help"], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert result.stderr == b""
    assert result.returncode == 1


def test_results_that_cannot_be_written_are_a_line_and_status_75(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, ReportError("r.csv: cannot be written: No space left on device"))
    assert frame.main(["sink"]) == 75
    assert capsys.readouterr().err == "fastsmtp sink: r.csv: cannot be written: No space left on device\n"
