"""A list's kind and the packing of its rows, whatever the kind."""

from pathlib import Path

import pytest

from fastsmtp.errors import JobError
from fastsmtp.job import rows
from fastsmtp.mail.fields import FieldsFormat
from tests.support.lists import read, write


@pytest.mark.parametrize("name", ["list", "list.xls", "list.gz", "csv"])
def test_list_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(JobError, match=r"ends in \.csv, \.jsonl or \.txt"):
        rows.kind_of(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.csv", "csv"), ("a.b.JSONL", "jsonl"), ("a.txt.gz", "txt"), ("a.csv.txt", "txt")]
)
def test_kind_of_list_is_told_by_its_name(tmp_path: Path, name: str, kind: str) -> None:
    assert rows.kind_of(tmp_path / name) == kind


def test_packing_follows_the_order_of_the_list(tmp_path: Path) -> None:
    path = write(tmp_path, "list.csv", "city,email,name\n")
    assert rows.fields_format(path, {"name", "email", "city"}) == FieldsFormat("columns", ("city", "name"))
    assert rows.fields_format(path, {"email"}) == FieldsFormat()
    assert rows.columns(path) == ("city", "email", "name")


def test_packing_of_lists_without_columns(tmp_path: Path) -> None:
    assert rows.fields_format(tmp_path / "list.txt", {"name"}) == FieldsFormat()
    assert rows.columns(tmp_path / "list.txt") == ("email",)
    assert rows.fields_format(tmp_path / "list.jsonl", {"name"}) == FieldsFormat("json")
    assert rows.columns(tmp_path / "list.jsonl") is None


def test_bad_rows_come_in_the_order_of_the_list(tmp_path: Path) -> None:
    _, bad = read(write(tmp_path, "list.csv", "email,name\nx,a\ny\nz,a\n"))
    assert [row[0] for row in bad] == [2, 3, 4]
