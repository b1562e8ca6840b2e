"""`fastsmtp conf`: what it prints, what it keeps to itself, and how it ends."""

import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

from fastsmtp.cli.main import main
from fastsmtp.conf.table import PARAMETERS


@pytest.fixture(autouse=True)
def _no_config_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAIL_CONFIG", raising=False)


class Done(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


def conf(*arguments: str) -> Done:
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()) as stderr:
        status = main(["conf", *arguments])
    return Done(status, stdout.getvalue(), stderr.getvalue())


@pytest.fixture
def main_cf(tmp_path: Path) -> Path:
    return tmp_path / "main.cf"


def test_without_options_every_parameter_is_printed_sorted() -> None:
    done = conf()
    names = [line.partition(" = ")[0].removesuffix(" =") for line in done.stdout.splitlines()]
    assert names == sorted(PARAMETERS)
    assert done.exit_code == 0


def test_defaults_do_not_look_at_main_cf(main_cf: Path) -> None:
    main_cf.write_text("smtp_line_length_limit = 5\n")
    assert conf("-c", str(main_cf), "-d", "smtp_line_length_limit").stdout == "smtp_line_length_limit = 990\n"
    newer = conf("-d", "-o", "compatibility_level=3.6", "smtp_line_length_limit")
    assert newer.stdout == "smtp_line_length_limit = 998\n"


def test_foreign_lists_what_is_not_about_sending(main_cf: Path) -> None:
    main_cf.write_text("smtpd_banner = x  y\nrelayhost = $mine\nmine = z\nelse = 1\n")
    assert conf("-c", str(main_cf), "--foreign").stdout == "else = 1\nsmtpd_banner = x y\n"
    assert conf("-c", str(main_cf), "-nH").stdout == "config_directory\nmine\nrelayhost\n"


def test_unused_lists_known_parameters_alone() -> None:
    names = conf("--unused", "-H").stdout.split()
    assert set(names) <= PARAMETERS.keys()
    assert "max_use" not in names


def test_passwords_never_print(main_cf: Path) -> None:
    main_cf.write_text(
        "smtp_sasl_password_maps = $pw, static:me:SECRET hash:/etc/pw\n"
        "pw = inline:{ {[mx.example]:587 = user:SECRET} }\n"
        "smtp_sasl_password_maps = $pw static:me:SECRET hash:/etc/pw\n"
    )
    for options in ("-n", "-nx", "-nf", "-nh", "--foreign"):
        done = conf("-c", str(main_cf), options)
        assert "SECRET" not in done.stdout + done.stderr
    assert (
        "smtp_sasl_password_maps = inline:{...} static:... hash:/etc/pw\n"
        in conf("-c", str(main_cf), "-nx").stdout
    )


def test_password_is_not_in_the_problem_line(main_cf: Path) -> None:
    main_cf.write_text("smtp_sasl_password_maps = inline:{ {a = user:SECRET$} }\n")
    done = conf("-c", str(main_cf), "-n")
    assert done.exit_code == 2
    assert "smtp_sasl_password_maps = inline:{...}: this value cannot be read" in done.stderr
    assert "SECRET" not in done.stdout + done.stderr


def test_problems_come_after_the_list_and_end_with_2(main_cf: Path) -> None:
    main_cf.write_text("smtp_use_tls = on\nsmtp_helo_timeout = 1y\nrelayhost = ${\n")
    done = conf("-c", str(main_cf), "-nx")
    assert done.stdout == f"config_directory = {main_cf.parent}\nsmtp_helo_timeout = 1y\nsmtp_use_tls = on\n"
    problems = [line for line in done.stderr.splitlines() if "warning" not in line]
    assert [line.split(": ")[1].removeprefix(str(main_cf)) for line in problems] == [":1", ":2", ":3"]
    assert done.exit_code == 2


def test_malformed_expansion_asked_for_by_name_is_a_problem(main_cf: Path) -> None:
    main_cf.write_text("mine = ${\n")
    done = conf("-c", str(main_cf), "-x", "mine")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{main_cf}:1: mine = ${{: " in done.stderr


def test_names_used_or_set_for_nothing_are_pointed_out(main_cf: Path) -> None:
    main_cf.write_text(
        "relayhost = $nobody\nodd = 1\nsmtp_helo_tiemout = 1\nmynetworks = $mynetworks_style\n"
    )
    assert conf("-c", str(main_cf), "-n").stderr.splitlines() == [
        f"fastsmtp: warning: {main_cf}:3: smtp_helo_tiemout is not a parameter: "
        "did you mean smtp_helo_timeout?",
        f"fastsmtp: warning: {main_cf}:2: unused parameter: odd=1",
        "fastsmtp: warning: undefined parameter: nobody",
    ]


def test_unknown_name_is_a_warning() -> None:
    done = conf("no_such_name", "smtp_use_tls")
    assert (done.exit_code, done.stdout) == (0, "smtp_use_tls = no\n")
    assert done.stderr == "fastsmtp: warning: no_such_name: unknown parameter\n"


def test_config_that_cannot_be_read_is_one_line_and_2(tmp_path: Path) -> None:
    done = conf("-c", str(tmp_path / "none"))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"fastsmtp conf: {tmp_path / 'none'}: cannot be read: No such file or directory\n"


def test_help_says_that_etc_postfix_is_not_read() -> None:
    assert "and /etc/postfix is not read" in " ".join(conf("--help").stdout.split())


def test_bytes_that_are_no_utf8_leave_as_they_came_in(main_cf: Path) -> None:
    main_cf.write_bytes(b"relayhost = m\xc3\xbcller \xff\n")
    done = subprocess.run(
        [sys.executable, "-m", "fastsmtp", "conf", "-c", str(main_cf), "relayhost"],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"relayhost = m\xc3\xbcller \xff\n"
