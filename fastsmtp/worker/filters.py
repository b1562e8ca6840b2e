"""smtp_delivery_status_filter as a run uses it: opened once, and loaded only where it is set.

    status_filter(settings, warn)    for DeliveryRules; None: every outcome counts as it came

Asked for `X.Y.Z text` once for the recipients of a transaction that share an outcome; the answer, of the
same form, takes its place. A deferral may become a bounce and a bounce a deferral; success stays success,
and what is none never becomes one. An answer of another form, and a table without an answer, are warned of
and change nothing. Source: Postfix dsn_filter(3), default_delivery_status_filter; spec: parameters, 2.4.
"""

import importlib
import re
import time
from collections.abc import Callable
from typing import Any

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError, TableError

PARAMETER = "smtp_delivery_status_filter"
ANSWER = re.compile(r"([245])(\.\d{1,3}\.\d{1,3}) +(\S.*)", re.DOTALL)
SUCCESS = "2"


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


def status_filter(settings: Settings, warn: Callable[[str], None]) -> StatusFilter | None:
    """`warn` hears what is wrong with the tables, also later. SettingError for one that cannot answer at
    once.
    """
    words = settings.words(PARAMETER)
    if not words:
        return None
    maps = importlib.import_module("fastsmtp.lookup.maps").Maps
    follow = importlib.import_module("fastsmtp.lookup.followed").Followed
    followed = follow(lambda: maps.open(PARAMETER, words, warn))
    if any(table.volatile for table in followed.now.tables):
        raise SettingError(
            f"{settings.origin(PARAMETER)}: {PARAMETER} = {' '.join(words)}: expected tables in files: "
            "an outcome does not wait for a server"
        )
    return StatusFilter(followed, warn)
