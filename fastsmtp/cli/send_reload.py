"""How a running `fastsmtp send` hears that its settings are to be read anew: SIGHUP, and `fastsmtp reload`.

    with Reloads(settings, read_anew, directory, ...) as reloads:
        reloads.attend()         now and then: a reload that was asked for is made, whoever asks is answered
        reloads.taken_by = ...   who goes by new settings: called with them and with `done`

`read_anew(settings)` gives those to follow the ones in force, checked, with warnings; or raises UsageError.
`done(problems)` is called once, now or later; with [] the new settings are those in force. Until somebody
takes them they are kept for whoever begins. A hangup of the terminal is no reload: then `hung_up` is called.
Source: postfix(1), reload; spec: config, 10.
"""

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from fastsmtp.conf.settings import Settings
from fastsmtp.daemon.control import PROBLEMS, ControlServer, Message, Reply
from fastsmtp.errors import UsageError
from fastsmtp.spool.storage import make_directory

RELOAD = {"ask": "reload"}
WARNINGS = "warnings"

Done = Callable[[Sequence[str]], None]
Taker = Callable[[Settings, Done], None]


def taken(_settings: Settings, done: Done) -> None:
    """Nothing has begun yet: it will begin with them."""
    done(())


class Reloads:
    """The settings in force, and who asks for others."""

    def __init__(
        self,
        settings: Settings,
        read_anew: Callable[[Settings], tuple[Settings, list[str]]],
        directory: Path,
        *,
        say: Callable[[str], None],
        hung_up: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.taken_by: Taker = taken
        self._read_anew = read_anew
        self._directory = directory
        self._say = say
        self._hung_up = hung_up
        self._on_terminal = sys.stderr.isatty()
        self._asked = False
        self._waiting: list[Reply] = []  # for the next reload; one is under way
        self._under_way = False
        self._server: ControlServer | None = None
        self._before: Any = None  # the handler of SIGHUP

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGHUP, self._signalled)
        try:
            make_directory(self._directory)
            self._server = ControlServer.open(self._directory, self._answer)
        except OSError as error:
            self._say(f"warning: no control socket in {self._directory}: {error.strerror}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        signal.signal(signal.SIGHUP, self._before)

    def attend(self) -> None:
        if self._server is not None:
            self._server.attend()
        if self._asked and not self._under_way:
            self._asked = False
            self._reload()

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        if self._on_terminal and not sys.stderr.isatty():
            self._hung_up()
        else:
            self._asked = True

    def _answer(self, request: Message, reply: Reply) -> None:
        if request != RELOAD:
            reply({PROBLEMS: [f"expected {RELOAD}"]})
            return
        self._waiting.append(reply)
        self._asked = True

    def _reload(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            settings, warnings = self._read_anew(self.settings)
        except UsageError as error:
            self._tell(waiting, (), error.problems)
            return

        def done(problems: Sequence[str]) -> None:
            self._under_way = False
            if not problems:
                self.settings = settings
            self._tell(waiting, warnings, problems)

        self._under_way = True
        try:
            self.taken_by(settings, done)
        except UsageError as error:
            done(error.problems)

    def _tell(self, waiting: Sequence[Reply], warnings: Sequence[str], problems: Sequence[str]) -> None:
        for text in warnings:
            self._say(f"warning: {text}")
        for text in problems:
            self._say(text)
        if problems:
            self._say("the settings in force stand")
        else:
            self._say("settings read anew: they hold for deliveries that start from now on")
        for reply in waiting:
            reply({WARNINGS: list(warnings), PROBLEMS: list(problems)})
