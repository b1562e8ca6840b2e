"""The keys of a job file: which there are, and what each may hold.

    read_keys(document, path, faults) -> JobKeys    looks at the values alone, opens nothing
    Faults(path, lines)                             gathers what is wrong, with the line of each key

A key with a fault has its default in JobKeys (None where it has none), so that what can still be checked is
checked.
Source: ours (design page, section 2, "The job file"); units of time as in main.cf.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from pathlib import Path

from fastsmtp.errors import JobError
from fastsmtp.job.toml_lines import Key, line_of

PRIORITY_LIMIT = 1000  # either way; more steps than anyone can tell apart
NAME_LIMIT = 100  # characters: room for endings in a file name's 255 octets

SENDER_EXPECTED = 'an address, "" (the null sender) or one with {{ fields }}'

_AFTER_ALL = sys.maxsize  # the line, among those of the job file, of a fault in another file
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME = re.compile(r"\s*(\d{1,9})\s*([smhdw])\s*", re.ASCII)
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{NAME_LIMIT - 1}}}", re.ASCII)
_PARAMETER = re.compile(r"[A-Za-z0-9_]+", re.ASCII)


@dataclass(slots=True)
class JobKeys:
    """What the file says, checked key by key."""

    name: str = ""
    sender: str | None = None
    message: Path | None = None
    recipients: Path | None = None
    template: str = "none"
    duplicates: str = "skip"
    priority: int = 0
    start: datetime | None = None
    max_age: float | None = None
    settings: dict[str, str] = field(default_factory=dict)


class Faults:
    """What is wrong with a job, in the order of the file."""

    def __init__(self, path: Path, lines: dict[Key, int]) -> None:
        self._path = path
        self._lines = lines
        self._found: list[tuple[int, str]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, key: str, text: str, table: str = "") -> None:
        """A fault of a key of the job file."""
        line = line_of(self._lines, (table, key) if table else (key,))
        self._found.append((line, f"{self._path}:{line}: {key}: {text}"))

    def add_at(self, place: str, text: str) -> None:
        """A fault in another file: after those of the job file."""
        self._found.append((_AFTER_ALL, f"{place}: {text}"))

    def extend(self, error: JobError) -> None:
        """Faults of another file that already say where they are."""
        self._found += [(_AFTER_ALL, problem) for problem in error.problems]

    def raise_any(self) -> None:
        if self._found:
            raise JobError(*(text for _, text in sorted(self._found, key=lambda fault: fault[0])))


def _meant(key: str) -> str:
    import difflib  # noqa: PLC0415 - for a faulty job file alone

    close = difflib.get_close_matches(key, _CHECKS, n=1)
    return f"is `{close[0]}` meant?" if close else f"expected {_listed(_CHECKS)}"


def read_keys(document: Mapping[str, object], path: Path, faults: Faults) -> JobKeys:
    """The checked keys; whatever is wrong goes to `faults`."""
    keys = JobKeys()
    for key, value in document.items():
        check = _CHECKS.get(key)
        if check is None:
            faults.add(key, f"unknown key; {_meant(key)}")
            continue
        try:
            if key == "settings":
                keys.settings = _settings(value, faults)
            else:
                setattr(keys, key, check(value))
        except ValueError as error:
            faults.add(key, str(error))
    for key, expected in _REQUIRED.items():
        if key not in document:
            faults.add(key, f"missing; expected {expected}")
    if "name" not in document:
        keys.name = path.stem
        if not _NAME.fullmatch(path.stem):
            faults.add(
                "name", f"missing, and the file's own `{path.stem}` will not do; expected {_NAME_EXPECTED}"
            )
    keys.message = path.parent / keys.message if keys.message else None
    keys.recipients = path.parent / keys.recipients if keys.recipients else None
    return keys


def _listed(names: Mapping[str, object]) -> str:
    return "one of " + ", ".join(names)


_NAME_EXPECTED = f"letters, digits, `.`, `_`, `-`, at most {NAME_LIMIT}, a letter or digit first"
_REQUIRED = {
    "sender": SENDER_EXPECTED,
    "message": "the path of an RFC 5322 message",
    "recipients": "the path of a .csv, .jsonl or .txt list",
}


def _shown(value: object) -> str:
    """A value as its author wrote it, or nearly."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else str(value)


def _text(value: object, expected: str = "text") -> str:
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)}; expected {expected}")
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"{_shown(value)}; expected {_NAME_EXPECTED}")
    return value


def _path_of(expected: str) -> Callable[[object], Path]:
    def check(value: object) -> Path:
        if not isinstance(value, str) or not value or "\0" in value:
            raise ValueError(f"{_shown(value)}; expected {expected}")
        return Path(value)

    return check


def _one_of(*words: str) -> Callable[[object], str]:
    expected = " or ".join(f'"{word}"' for word in words)

    def check(value: object) -> str:
        if value not in words:
            raise ValueError(f"{_shown(value)}; expected {expected}")
        return str(value)

    return check


def _priority(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > PRIORITY_LIMIT:
        raise ValueError(
            f"{_shown(value)}; expected a whole number from -{PRIORITY_LIMIT} to {PRIORITY_LIMIT}"
        )
    return value


def _start(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise ValueError(
        f"{_shown(value)}; expected a moment with its offset from UTC, as in 2026-12-01T09:00:00Z"
    )


def _max_age(value: object) -> float:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if not found or not int(found[1]):
        raise ValueError(f'{_shown(value)}; expected a time with its unit (s, m, h, d, w), as in "2d"')
    return float(int(found[1]) * _UNITS[found[2]])


def _settings(value: object, faults: Faults) -> dict[str, str]:
    """Texts as main.cf would have them."""
    if not isinstance(value, dict):
        raise ValueError(f"{_shown(value)}; expected a table of main.cf parameters")
    settings: dict[str, str] = {}
    for name, setting in value.items():
        if not _PARAMETER.fullmatch(name):
            faults.add(name, "no parameter's name; expected letters, digits and _", "settings")
        elif isinstance(setting, bool):
            settings[name] = "yes" if setting else "no"
        elif isinstance(setting, int) or (isinstance(setting, float) and isfinite(setting)):
            settings[name] = str(setting)
        elif isinstance(setting, str) and "\n" not in setting and "\r" not in setting and "\0" not in setting:
            settings[name] = setting
        else:
            shown = "text of several lines" if isinstance(setting, str) else _shown(setting)
            faults.add(name, f"{shown}; expected text, a number, true or false", "settings")
    return settings


_CHECKS: dict[str, Callable[[object], object]] = {
    "name": _name,
    "sender": lambda value: _text(value, _REQUIRED["sender"]),
    "message": _path_of(_REQUIRED["message"]),
    "recipients": _path_of(_REQUIRED["recipients"]),
    "template": _one_of("none", "jinja"),
    "duplicates": _one_of("skip", "allow"),
    "priority": _priority,
    "start": _start,
    "max_age": _max_age,
    "settings": lambda value: value,
}
