"""The results file: its two forms, its times, and that it is there whole or not at all."""

import csv
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.errors import ReportError, SpoolError, UsageError
from fastsmtp.report import results
from fastsmtp.report.results import Result

SENT: Result = (
    "a@x.example",
    "sent",
    "2.0.0",
    "250 2.0.0 Ok",
    "mx.x.example[192.0.2.1]:25",
    2,
    1_790_000_000,
    1_790_000_061,
    61.25,
    "TLSv1.3",
    "4AB3C1F00D",
)
REJECTED: Result = (
    "no address",
    "rejected",
    "5.1.3",
    'line 7: "@" is missing, here',
    "",
    0,
    0,
    0,
    None,
    "",
    "",
)


def read_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_csv_has_the_columns_and_iso_times(tmp_path: Path) -> None:
    results.write(tmp_path / "r.csv", [SENT])
    assert (tmp_path / "r.csv").read_bytes() == (
        b"email,status,dsn,reply,relay,attempts,first_attempt,finished,delay,tls,queue_id\n"
        b"a@x.example,sent,2.0.0,250 2.0.0 Ok,mx.x.example[192.0.2.1]:25,2,2026-09-21T14:13:20Z,"
        b"2026-09-21T14:14:21Z,61.25,TLSv1.3,4AB3C1F00D\n"
    )


def test_csv_row_with_a_comma_or_a_quote_is_quoted(tmp_path: Path) -> None:
    results.write(tmp_path / "r.csv", [REJECTED, SENT])
    assert read_csv(tmp_path / "r.csv")[1:] == [
        ["no address", "rejected", "5.1.3", 'line 7: "@" is missing, here', "", "0", "", "", "", "", ""],
        [
            *("a@x.example", "sent", "2.0.0", "250 2.0.0 Ok", "mx.x.example[192.0.2.1]:25", "2"),
            *("2026-09-21T14:13:20Z", "2026-09-21T14:14:21Z", "61.25", "TLSv1.3", "4AB3C1F00D"),
        ],
    ]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(email=texts, reply=texts, tls=texts)
def test_csv_reads_back_as_it_was_whatever_the_texts(
    tmp_path_factory: pytest.TempPathFactory, email: str, reply: str, tls: str
) -> None:
    path = tmp_path_factory.mktemp("results") / "r.csv"
    results.write(path, [(email, "sent", "", reply, "", 1, 0, 0, None, tls, "")])
    assert read_csv(path)[1:] == [[email, "sent", "", reply, "", "1", "", "", "", tls, ""]]


def test_jsonl_has_an_object_a_line_and_null_for_none(tmp_path: Path) -> None:
    results.write(tmp_path / "r.jsonl", [SENT, ("ä@x.example", *REJECTED[1:])])
    sent, rejected = (tmp_path / "r.jsonl").read_text("utf-8").splitlines()
    assert json.loads(sent) == dict(
        zip(results.COLUMNS, SENT, strict=True),
        first_attempt="2026-09-21T14:13:20Z",
        finished="2026-09-21T14:14:21Z",
    )
    assert rejected.startswith('{"email": "ä@x.example"')
    assert [json.loads(rejected)[name] for name in ("first_attempt", "finished", "delay")] == [None] * 3


def test_many_different_seconds_keep_their_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results._Moments, "LIMIT", 3)
    results.write(
        tmp_path / "r.csv", [(*SENT[:6], second, second + 1, *SENT[8:]) for second in (1, 2, 3, 4, 1)]
    )
    assert [row[6][-3:-1] + row[7][-3:-1] for row in read_csv(tmp_path / "r.csv")[1:]] == [
        "0102",
        "0203",
        "0304",
        "0405",
        "0102",
    ]


def test_interrupted_write_leaves_the_older_file(tmp_path: Path) -> None:
    def breaks() -> Iterator[Result]:
        yield SENT
        raise SpoolError("the disk is gone")

    path = tmp_path / "r.csv"
    path.write_text("older")
    with pytest.raises(SpoolError):
        results.write(path, breaks())
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_file_is_under_its_part_name_until_complete(tmp_path: Path) -> None:
    def watched() -> Iterator[Result]:
        assert [path.name for path in tmp_path.iterdir()] == ["r.csv.part"]
        yield SENT

    results.write(tmp_path / "r.csv", watched())
    assert [path.name for path in tmp_path.iterdir()] == ["r.csv"]


@pytest.mark.parametrize("name", ["r.txt", "r"])
def test_other_suffix_is_refused_beforehand(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"expected a name that ends in \.csv or \.jsonl"):
        results.check(tmp_path / name)


def test_missing_directory_is_refused_beforehand(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none is not a directory"):
        results.check(tmp_path / "none" / "r.csv")


def test_file_that_cannot_be_written_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: TextIO, rows: results.Rows) -> None:
        file.write("email")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(results.FORMS, ".csv", full)
    path = tmp_path / "r.csv"
    with pytest.raises(ReportError, match=r"r\.csv: cannot be written: No space left on device$"):
        results.write(path, [])
    assert list(tmp_path.iterdir()) == []


def test_directory_that_takes_no_file_is_refused_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="no file can be made in"):
        results.check(tmp_path / "r.csv")
