"""What `fastsmtp send` makes of its command line."""

import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from fastsmtp.cli.send_options import PARAMETERS, RESENDABLE, SendOptions, declare, resume_command


def parse(*words: str) -> SendOptions:
    """The options that the worker would get."""
    given: list[SendOptions] = []

    def send(options: SendOptions) -> int:
        given.append(options)
        return 0

    result = CliRunner().invoke(declare(send), list(words), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return given[0]


FULL = [
    "a job.toml",
    *("--spool", "s"),
    *("--results", "r.jsonl"),
    *("--workers", "4"),
    "--quiet",
    *("--log", "-"),
    *("--only", "deferred,unknown"),
    *("-c", "main.cf"),
    *("-o", "a=b"),
    *("-o", "c=d e"),
]


def test_job_alone_has_the_defaults() -> None:
    assert parse("job.toml") == SendOptions(Path("job.toml"))


def test_every_option_arrives() -> None:
    assert parse(*FULL, "--once") == SendOptions(
        job=Path("a job.toml"),
        spool=Path("s"),
        results=Path("r.jsonl"),
        once=True,
        workers=4,
        quiet=True,
        log="-",
        only=frozenset({"deferred", "unknown"}),
        config=Path("main.cf"),
        overrides=("a=b", "c=d e"),
    )


def test_resume_command_is_the_same_run_without_once() -> None:
    program, name, *words = shlex.split(resume_command(parse(*FULL, "--once")))
    assert (program, name) == ("fastsmtp", "send")
    assert parse(*words) == parse(*FULL)
    assert resume_command(SendOptions(Path("job.toml"))) == "fastsmtp send job.toml"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "Missing argument 'JOB.toml'"),
        (["a", "b"], "unexpected extra argument (b)"),
        (["a", "--workers", "0"], "0 is not in the range"),
        (["a", "--results", "r.txt"], "'r.txt' ends neither in .csv nor in .jsonl"),
        (
            ["a", "--only", "deferred,sent"],
            "'sent' is none of bounced, cancelled, deferred, expired, unknown",
        ),
        (["a", "--only", ""], "'' is none of"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(words: list[str], text: str) -> None:
    result = CliRunner().invoke(declare(lambda _options: pytest.fail("sent")), words)
    assert result.exit_code == 2
    assert text in result.output


def test_every_status_but_sent_can_be_sent_anew() -> None:
    assert parse("a", "--only", ",".join(RESENDABLE)).only == frozenset(RESENDABLE)


def test_help_lists_the_exit_statuses() -> None:
    page = CliRunner().invoke(declare(lambda _options: 0), ["--help"]).output
    for status in ("0  all were sent", "1  finished", "2  the command line", "75  some recipients wait"):
        assert f" {status}" in page
    assert "--once" in page


def test_status_is_that_of_the_run() -> None:
    assert declare(lambda _options: 75).main(["job.toml"], standalone_mode=False) == 75


def test_every_option_has_its_field() -> None:
    assert {str(parameter.name) for parameter in PARAMETERS} == {field.name for field in fields(SendOptions)}
