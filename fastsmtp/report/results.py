"""The results file: a row for each row of the list, as CSV or as JSON lines.

    write(path, rows)    `path`.part while it is written, renamed when complete
    check(path)          says beforehand what write() would refuse

`rows` come from the spool in the order of COLUMNS, and are streamed; first_attempt and finished are whole
seconds of Unix time there, 0 for none. The suffix of the file picks the form:

| suffix | form | time | none |
| --- | --- | --- | --- |
| .csv | a header row, then RFC 4180 rows in UTF-8, ended by LF | 2026-12-01T09:00:00Z | empty |
| .jsonl | an object a line, in UTF-8 | the same | null |

Does not sort, choose or look anything up. Source: design page, section 2, "The results"; RFC 4180; ISO 8601.
"""

import csv
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from fastsmtp.errors import ReportError, UsageError

COLUMNS: Final = (
    "email",
    "status",
    "dsn",
    "reply",
    "relay",
    "attempts",
    "first_attempt",
    "finished",
    "delay",
    "tls",
    "queue_id",
)
COMMAS: Final = len(COLUMNS) - 1
Result = tuple[str, str, str, str, str, int, int, int, float | None, str, str]
Rows = Iterable[Result]


def check(path: Path) -> None:
    """Raises UsageError if the results cannot go to `path`: to be called before the first connection."""
    if path.suffix not in FORMS:
        raise UsageError(f"{path}: expected a name that ends in {' or '.join(FORMS)}")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: {path.parent} is not a directory")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{path}: no file can be made in {path.parent}")


def write(path: Path, rows: Rows) -> None:
    """Writes `rows` to `path`; an older file of that name stays until the new one is complete.

    Raises UsageError as check() does, ReportError where the file cannot be written; what `rows` raises passes
    through. In each of these cases no part of it is left.
    """
    check(path)
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            FORMS[path.suffix](file, rows)
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ReportError(f"{path}: cannot be written: {error.strerror}") from error
        raise


class _Delays(dict[float, str]):
    """The text of each delay met: rows share them too."""

    LIMIT: Final = 65536

    def __missing__(self, delay: float) -> str:
        if len(self) >= self.LIMIT:
            self.clear()
        text = self[delay] = str(delay)
        return text


class _Moments(dict[int, str]):
    """The text of each second met: rows share them, and to make one costs ten times as much."""

    LIMIT: Final = 65536  # then all are forgotten: an hour has 3600

    def __missing__(self, second: int) -> str:
        if len(self) >= self.LIMIT:
            self.clear()
        text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if second else ""
        self[second] = text
        return text


def _write_csv(file: TextIO, rows: Rows) -> None:
    # csv.writer looks at every character: to join, then to ask whether quotes are needed, costs half of that
    quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow
    write = file.write
    moments, delays = _Moments(), _Delays()
    write(",".join(COLUMNS) + "\n")
    for email, status, dsn, reply, relay, attempts, first_at, finished_at, span, tls, queue_id in rows:
        first, finished, delay = moments[first_at], moments[finished_at], "" if span is None else delays[span]
        line = (
            f"{email},{status},{dsn},{reply},{relay},{attempts},{first},{finished},{delay},{tls},{queue_id}\n"
        )
        if (
            line.count(",") == COMMAS
            and '"' not in line
            and line.find("\n") == len(line) - 1
            and "\r" not in line
        ):
            write(line)
        else:
            quoted((email, status, dsn, reply, relay, attempts, first, finished, delay, tls, queue_id))


def _write_jsonl(file: TextIO, rows: Rows) -> None:
    moments = _Moments()
    encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
    for row in rows:
        named: dict[str, object] = dict(zip(COLUMNS, row, strict=True))
        named["first_attempt"] = moments[row[6]] or None
        named["finished"] = moments[row[7]] or None
        file.write(encode(named) + "\n")


FORMS: Final[dict[str, Callable[[TextIO, Rows], None]]] = {".csv": _write_csv, ".jsonl": _write_jsonl}
