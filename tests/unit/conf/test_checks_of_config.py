"""The acceptance checks of the specification of main.cf (spec: config, 12), by their numbers.

Checks 3, 21: a reload, with a run, in tests/end_to_end/test_reload.py. Checks 11 to 20: tests/unit/lookup.
"""

from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from fastsmtp.cli.main import main
from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import PARAMETERS
from fastsmtp.errors import SettingError

FILES = sorted((Path(__file__).parents[2] / "data" / "main.cf").glob("*.cf"))


def load(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "main.cf").write_text(text)
    return Settings.load(tmp_path)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(SettingError) as caught:
        load(tmp_path, text)
    (problem,) = caught.value.problems
    return problem.replace(f"{tmp_path}/", "")


def printed(config: Path, *options: str) -> str:
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()):
        assert main(["conf", "-c", str(config), *options]) == 0
    return stdout.getvalue()


def test_check_1_comments_and_empty_lines_inside_a_value(tmp_path: Path) -> None:
    load(tmp_path, "a = 1\n  # comment\n  2\n\n# comment\n\t3\nrelayhost = $a\n")
    assert printed(tmp_path, "-h", "a") == "1 2 3\n"


def test_check_2_indented_first_line_is_ignored_with_a_warning(tmp_path: Path) -> None:
    settings = load(tmp_path, "  relayhost = a\nrelay_domains = b\n")
    assert settings.words("relayhost") == ()
    assert settings.words("relay_domains") == ("b",)
    (warning,) = settings.warnings
    assert "main.cf:1: a logical line must not start with a blank" in warning


def test_check_3_line_without_equals_sign_stops_the_start_and_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a = 1\nx\n").startswith("main.cf:2: missing '='")


def test_check_4_later_assignment_wins_and_the_earlier_value_is_named(tmp_path: Path) -> None:
    settings = load(tmp_path, "relayhost = a\nrelayhost = b\n")
    assert settings.words("relayhost") == ("b",)
    (warning,) = settings.warnings
    assert "overriding earlier entry: relayhost=a" in warning


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${nope?x}y", "y"),
        ("${nope:x}y", "xy"),
        ("${set?a:b}", "a:b"),
        ("${set?{a}:{b}}", "a"),
        ("a$$b", "a$b"),
    ],
)
def test_check_5_references(tmp_path: Path, text: str, value: str) -> None:
    assert load(tmp_path, f"set = 1\nsmtp_sasl_path = {text}\n").text("smtp_sasl_path") == value


def test_check_6_numbers_compare_as_numbers_and_all_else_as_text(tmp_path: Path) -> None:
    text = "smtp_sasl_path = ${{10} > {9}?{n}:{s}}${{10} > {9a}?{n}:{s}}\n"
    assert load(tmp_path, text).text("smtp_sasl_path") == "ns"


def test_check_7_reference_to_itself_fails_and_does_not_hang(tmp_path: Path) -> None:
    assert "nested deeper than 100 levels" in refusal(tmp_path, "relayhost = $relayhost\n")
    assert "nested deeper than 100 levels" in refusal(tmp_path, "a = $a\nrelayhost = $a\n")


@pytest.mark.parametrize("text", ["10S", "1 d", "5.5", "", "99999999999"])
def test_check_8_what_is_no_time_is_refused(tmp_path: Path, text: str) -> None:
    problem = refusal(tmp_path, f"smtp_helo_timeout = {text}\n")
    assert problem.startswith(f"main.cf:1: smtp_helo_timeout = {text}: expected a time like 10s")


@pytest.mark.parametrize(("text", "seconds"), [("10sec", 10), ("1min", 60), ("010", 10), ("+5", 5)])
def test_check_8_what_is_a_time_is_taken(tmp_path: Path, text: str, seconds: int) -> None:
    assert load(tmp_path, f"smtp_helo_timeout = {text}\n").seconds("smtp_helo_timeout") == seconds


def test_check_9_time_without_a_letter_has_the_unit_of_its_default(tmp_path: Path) -> None:
    settings = load(tmp_path, "maximal_queue_lifetime = 3\nsmtp_helo_timeout = 3\n")
    assert settings.seconds("maximal_queue_lifetime") == 3 * 86400
    assert settings.seconds("smtp_helo_timeout") == 3


def test_check_10_yes_in_any_case_and_nothing_else(tmp_path: Path) -> None:
    assert load(tmp_path, "smtp_never_send_ehlo = YES\n").flag("smtp_never_send_ehlo")
    for text in ("true", "1", ""):
        assert "expected yes or no" in refusal(tmp_path, f"smtp_never_send_ehlo = {text}\n")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_check_22_what_conf_prints_read_back_is_the_same_configuration(tmp_path: Path, file: Path) -> None:
    (tmp_path / "main.cf").write_text(file.read_text())
    before = Settings.load(tmp_path)
    text = printed(tmp_path, "-n") + printed(tmp_path, "-n", "--foreign")
    (tmp_path / "main.cf").write_text(
        "".join(line for line in text.splitlines(True) if not line.startswith("config_directory"))
    )
    after = Settings.load(tmp_path)
    assert after.entries.keys() == before.entries.keys()
    names = (set(PARAMETERS) | before.entries.keys()) - {"process_id"}
    assert {name: after.expanded(name).split() for name in names} == {
        name: before.expanded(name).split() for name in names
    }
