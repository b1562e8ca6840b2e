"""Who asks a running send to read its settings anew, and what they hear."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastsmtp.cli.send_reload import RELOAD, Done, Reloads
from fastsmtp.conf.settings import Settings
from fastsmtp.daemon.control import ControlServer, Message
from fastsmtp.errors import SettingError

OLD, NEW = Settings.load(None, ["smtp_helo_timeout=1"]), Settings.load(None, ["smtp_helo_timeout=2"])


class Asked:
    """A send's part of it."""

    def __init__(self, directory: Path) -> None:
        self.said: list[str] = []
        self.hangups = 0
        self.problems: tuple[str, ...] = ()
        self.answers: list[Message] = []
        self.reloads = Reloads(OLD, self.read_anew, directory, say=self.said.append, hung_up=self.hung_up)

    def read_anew(self, settings: Settings) -> tuple[Settings, list[str]]:
        if self.problems:
            raise SettingError(*self.problems)
        return NEW, ["odd"]

    def hung_up(self) -> None:
        self.hangups += 1

    def ask(self, request: Any = RELOAD) -> None:
        """As from the control socket."""
        self.reloads._answer(request, self.answers.append)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    made = Asked(tmp_path)
    before = signal.getsignal(signal.SIGHUP)
    with made.reloads:
        yield made
    assert signal.getsignal(signal.SIGHUP) is before


def test_signal_is_heeded_at_the_next_look(asked: Asked) -> None:
    signal.raise_signal(signal.SIGHUP)
    assert asked.reloads.settings is OLD
    asked.reloads.attend()
    assert asked.reloads.settings is NEW
    assert asked.said == [
        "warning: odd",
        "settings read anew: they hold for deliveries that start from now on",
    ]
    asked.reloads.attend()
    assert len(asked.said) == 2


def test_hangup_of_the_terminal_is_no_reload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    asked = Asked(tmp_path)
    with asked.reloads:
        signal.raise_signal(signal.SIGHUP)
        asked.reloads.attend()
        assert (asked.hangups, asked.reloads.settings) == (0, NEW)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
        signal.raise_signal(signal.SIGHUP)
        asked.reloads.attend()
        assert asked.hangups == 1


def test_all_that_ask_before_a_reload_hear_of_that_one(asked: Asked) -> None:
    asked.ask()
    asked.ask()
    asked.reloads.attend()
    assert asked.answers == [{"warnings": ["odd"], "problems": []}] * 2
    assert asked.said.count("warning: odd") == 1


def test_bad_settings_change_nothing_and_everybody_hears_why(asked: Asked) -> None:
    asked.problems = ("main.cf:1: x", "main.cf:2: y")
    asked.ask()
    asked.reloads.attend()
    assert asked.answers == [{"warnings": [], "problems": ["main.cf:1: x", "main.cf:2: y"]}]
    assert asked.said == ["main.cf:1: x", "main.cf:2: y", "the settings in force stand"]
    assert asked.reloads.settings is OLD


def test_next_reload_waits_for_the_one_under_way(asked: Asked) -> None:
    waiting: list[Done] = []
    asked.reloads.taken_by = lambda settings, done: waiting.append(done)
    asked.ask()
    asked.reloads.attend()
    asked.ask()
    asked.reloads.attend()
    assert (len(waiting), asked.answers) == (1, [])
    waiting.pop()(["no"])
    assert [answer["problems"] for answer in asked.answers] == [["no"]]
    assert asked.reloads.settings is OLD
    asked.reloads.attend()
    waiting.pop()(())
    assert [answer["problems"] for answer in asked.answers] == [["no"], []]
    assert asked.reloads.settings is NEW


def test_who_cannot_take_them_says_why(asked: Asked) -> None:
    def refuse(settings: Settings, done: Done) -> None:
        raise SettingError("no log")

    asked.reloads.taken_by = refuse
    asked.ask()
    asked.reloads.attend()
    assert asked.answers == [{"warnings": ["odd"], "problems": ["no log"]}]
    assert asked.reloads.settings is OLD


def test_other_request_is_told_what_is_expected(asked: Asked) -> None:
    asked.ask({"ask": "stop"})
    assert asked.answers == [{"problems": ["expected {'ask': 'reload'}"]}]


def test_program_that_answers_already_is_left_alone(tmp_path: Path) -> None:
    first = ControlServer.open(tmp_path, lambda request, reply: None)
    assert first is not None
    asked = Asked(tmp_path)
    with asked.reloads:
        assert asked.said == []
    assert (tmp_path / "control").exists()
    first.close()


def test_directory_that_takes_no_socket_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "control").touch()
    asked = Asked(tmp_path)
    with asked.reloads:
        signal.raise_signal(signal.SIGHUP)
        asked.reloads.attend()
    assert asked.said[0] == f"warning: no control socket in {tmp_path}: Address already in use"
    assert asked.reloads.settings is NEW
