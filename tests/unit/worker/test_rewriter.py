"""What smtp_generic_maps takes from other settings."""

from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError
from fastsmtp.worker.rewriter import origin


def load(value: object) -> Settings:
    return Settings.load(None, ["myhostname=me.example", f"myorigin={value}"])


def test_myorigin_may_be_a_file_as_on_debian(tmp_path: Path) -> None:
    (tmp_path / "mailname").write_text("  ours.example \nnot this\n")
    assert origin(load(tmp_path / "mailname")) == "ours.example"
    assert origin(load("$myhostname")) == "me.example"


@pytest.mark.parametrize("text", ["", "\n", " \nx\n"])
def test_file_without_a_domain_is_a_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / "mailname").write_text(text)
    with pytest.raises(SettingError, match=r"-o: myorigin = .*: expected a domain in that file"):
        origin(load(tmp_path / "mailname"))


def test_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        origin(load(tmp_path / "none"))
