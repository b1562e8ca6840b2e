"""The file of known hosts: shared, bounded, and never a reason to stop."""

import sqlite3
from pathlib import Path

import pytest

from fastsmtp.mail.known_host import KnownHost
from fastsmtp.spool import hosts
from fastsmtp.spool.hosts import HostFile

KNOWN = KnownHost(
    "DSN PIPELINING", plain_at=3.0, window=4, messages=9, closings=2, closed_at=5.0, seen_at=7.0
)
KEY = ("192.0.2.1", 25)


class Warnings(list[str]):
    def __call__(self, text: str) -> None:
        self.append(text)


@pytest.fixture
def warnings() -> Warnings:
    return Warnings()


def opened(directory: Path, warnings: Warnings) -> HostFile:
    return HostFile(directory / "hosts.db", warnings)


def test_file_is_not_made_to_be_read(tmp_path: Path, warnings: Warnings) -> None:
    file = opened(tmp_path, warnings)
    assert file.read(*KEY) is None
    assert list(file.rows()) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_written_is_read_by_another_process(tmp_path: Path, warnings: Warnings) -> None:
    writer, reader = opened(tmp_path, warnings), opened(tmp_path, warnings)
    assert writer.write({KEY: KNOWN, ("2001:db8::1", 587): KnownHost(seen_at=8.0)}, 0.0)
    assert reader.read(*KEY) == KNOWN
    assert reader.read("192.0.2.1", 26) is None
    assert writer.write({KEY: KNOWN._replace(window=5)}, 0.0)
    known = reader.read(*KEY)
    assert known is not None
    assert known.window == 5
    assert [(address, port) for address, port, _ in reader.rows()] == [KEY, ("2001:db8::1", 587)]
    writer.close()
    reader.close()
    reader.close()
    assert warnings == []


def test_rows_not_seen_for_long_are_forgotten(tmp_path: Path, warnings: Warnings) -> None:
    file = opened(tmp_path, warnings)
    file.write({KEY: KNOWN}, 0.0)
    file.write({("192.0.2.2", 25): KNOWN._replace(seen_at=20.0)}, 10.0)
    assert [address for address, _, _ in file.rows()] == ["192.0.2.2"]
    file.close()


def test_table_is_bounded(tmp_path: Path, warnings: Warnings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "LIMIT", 3)
    file = opened(tmp_path, warnings)
    file.write({(f"192.0.2.{n}", 25): KNOWN._replace(seen_at=float(n)) for n in range(1, 9)}, 0.0)
    assert [address for address, _, _ in file.rows()] == ["192.0.2.6", "192.0.2.7", "192.0.2.8"]
    file.close()


def damaged(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (value)")
    connection.close()


def of_another_format(path: Path) -> None:
    HostFile(path, print).write({KEY: KNOWN}, 0.0)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()


@pytest.mark.parametrize("spoil", [damaged, foreign, of_another_format, Path.mkdir])
def test_file_that_is_none_of_ours_is_warned_of_once_and_left_alone(
    tmp_path: Path, warnings: Warnings, spoil: "object"
) -> None:
    path = tmp_path / "hosts.db"
    spoil(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else b""
    file = opened(tmp_path, warnings)
    assert file.read(*KEY) is None
    assert file.read(*KEY) is None
    assert file.write({KEY: KNOWN}, 0.0), "nothing is left to do"
    assert list(file.rows()) == []
    assert len(warnings) == 1
    assert "going on without" in warnings[0]
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_file_that_another_process_writes_to_is_tried_again(
    tmp_path: Path, warnings: Warnings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "PATIENCE", 0.0)
    file = opened(tmp_path, warnings)
    file.write({KEY: KNOWN}, 0.0)
    other = sqlite3.connect(tmp_path / "hosts.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert not file.write({KEY: KNOWN._replace(window=9)}, 0.0)
    assert file.read(*KEY) is None
    other.execute("ROLLBACK")
    other.close()
    assert file.write({KEY: KNOWN._replace(window=9)}, 0.0)
    assert warnings == []
    file.close()
