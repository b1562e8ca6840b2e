"""Filters of what was said, and of what it came to: opened once, and loaded only where they are set.

    status_filter(settings, warn)          for DeliveryRules; None: every outcome counts as it came
    reply_filter(settings, warn)           for SessionRules; None: every reply counts as it came

smtp_delivery_status_filter is asked for `X.Y.Z text` once for the recipients of a transaction that share an
outcome; the answer, of the same form, takes its place. A deferral may become a bounce and a bounce a
deferral; success stays success, and what is none never becomes one. An answer of another form, and a table
without an answer, are warned of and change nothing.

smtp_reply_filter is asked for each line of a reply before it is looked at; the answer, one line, takes its
place. Where a table has no answer the line counts as a refusal for now: mail is deferred, never decided.
Source: Postfix dsn_filter(3), smtp_chat(3); spec: parameters, 2.4; session, 2; config, 9.
"""

import importlib
import re
import time
from collections.abc import Callable
from typing import Any

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError, TableError
from fastsmtp.worker.apart import apart

PARAMETER = "smtp_delivery_status_filter"
REPLIES = "smtp_reply_filter"
ANSWER = re.compile(r"([245])(\.\d{1,3}\.\d{1,3}) +(\S.*)", re.DOTALL)
SUCCESS = "2"
NO_ANSWER = b"4.3.0 local data error"
CHALLENGE = "334"  # of an authentication: what follows is not for the log
CONTINUES = b"-"  # behind the code of a line that is not the last


class StatusFilter:
    """The tables, opened, and opened anew when they change."""

    def __init__(self, maps: Any, warn: Callable[[str], None]) -> None:
        self._maps = maps
        self._warn = warn

    def __call__(self, dsn: str, text: str) -> tuple[str, str]:
        """Enhanced status code and text as they shall count."""
        try:
            found = self._maps.at(time.monotonic()).find(f"{dsn} {text}")
        except TableError as error:
            self._warn(str(error))
            return dsn, text
        if found is None:
            return dsn, text
        answer = ANSWER.fullmatch(found.strip())
        if answer is None or (answer[1] == SUCCESS) != dsn.startswith(SUCCESS):
            self._warn(
                f"{PARAMETER}: {dsn} {text}: {found}: expected a status code of the same kind, and a text"
            )
            return dsn, text
        return answer[1] + answer[2], " ".join(answer[3].split())


class ReplyFilter:
    """The tables of smtp_reply_filter, opened, and opened anew when they change."""

    def __init__(self, maps: Any, words: tuple[str, ...], warn: Callable[[str], None]) -> None:
        self._maps = maps
        self._words = words
        self._warn = warn

    def __call__(self, relay: str, note: Callable[[str], None], line: bytes) -> bytes:
        """The line as it shall count; `note` hears of it, if that is another one."""
        text = line.decode("utf-8", "replace")
        try:
            found = self._maps.at(time.monotonic()).find(text)
        except TableError as error:
            self._warn(str(error))
            return b"450" + (CONTINUES if line[3:4] == CONTINUES else b" ") + NO_ANSWER
        if found is None:
            return line
        shown = "".join(character if character.isprintable() else "?" for character in found)
        said = CHALLENGE if text.startswith(CHALLENGE) else text
        note(f'{relay}: replacing server reply "{said}" with "{shown}"')
        return shown.encode("utf-8", "replace")

    def __eq__(self, other: object) -> bool:
        """A reload that names the same tables changes nothing for sessions that are open."""
        return isinstance(other, ReplyFilter) and self._words == other._words

    def __hash__(self) -> int:
        return hash(self._words)


def status_filter(settings: Settings, warn: Callable[[str], None]) -> StatusFilter | None:
    """`warn` hears what is wrong with the tables, also later. SettingError for one that cannot answer at
    once.
    """
    maps = _followed(settings, PARAMETER, "an outcome", warn)
    return StatusFilter(maps, warn) if maps is not None else None


def reply_filter(settings: Settings, warn: Callable[[str], None]) -> ReplyFilter | None:
    """The same for lines of replies."""
    maps = _followed(settings, REPLIES, "a reply", warn)
    return ReplyFilter(maps, settings.words(REPLIES), warn) if maps is not None else None


def _followed(settings: Settings, name: str, subject: str, warn: Callable[[str], None]) -> Any:
    words = settings.words(name)
    if not words:
        return None
    maps = importlib.import_module("fastsmtp.lookup.maps").Maps
    follow = importlib.import_module("fastsmtp.lookup.followed").Followed
    followed = follow(lambda: maps.open(name, words, warn), apart)
    if any(table.volatile for table in followed.now.tables):
        raise SettingError(
            f"{settings.origin(name)}: {name} = {' '.join(words)}: expected tables in files: "
            f"{subject} does not wait for a server"
        )
    return followed
