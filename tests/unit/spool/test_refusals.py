"""The file of refused passwords: kept between processes, for its owner alone, and no reason to stop."""

import sqlite3
import stat
from pathlib import Path

import pytest

from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.refusals import Refusal, Refusals
from fastsmtp.spool import refusals
from fastsmtp.spool.refusals import RefusalFile

NOW = 1_000_000.0
BAD = Login("user", "a bad password")


def unexpected(warning: str) -> None:
    raise AssertionError(warning)


def test_another_process_finds_what_was_noted(tmp_path: Path) -> None:
    path = tmp_path / "cache.refused"
    first, second = RefusalFile(path, unexpected), RefusalFile(path, unexpected)
    Refusals(first, 60.0).note("mx.test", BAD, "5.7.8", "535 no", NOW)
    found = Refusals(second, 60.0).find("mx.test", BAD, NOW)
    assert found is not None
    assert found.text == "535 no"
    assert Refusals(second, 60.0).find("mx.test", Login("user", "new"), NOW) is None
    assert Refusals(first, 60.0).find("mx.test", BAD, NOW) is None
    first.close()
    second.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"a bad password" not in path.read_bytes()


def test_file_that_nobody_holds_is_closed(tmp_path: Path) -> None:
    file = RefusalFile(tmp_path / "cache", unexpected)
    file.secret()
    descriptors = Path("/proc/self/fd")

    def is_open() -> bool:
        return any(each.name == "cache" for each in map(Path.resolve, descriptors.iterdir()))

    assert is_open()
    del file
    assert not is_open()


def test_rows_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "LIMIT", 3)
    file = RefusalFile(tmp_path / "cache", unexpected)
    for number in range(5):
        file.put(str(number), Refusal(float(number), b"", "5.7.8", "no"))
    assert [file.get(str(number)) is not None for number in range(5)] == [False, False, True, True, True]
    file.close()
    file.close()


@pytest.mark.parametrize("fault", ["text", "absent", "other"])
def test_file_that_cannot_be_used_is_warned_of_once(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "cache"
    if fault == "text":
        path.write_text("not a table of anything, whatever its name says\n" * 50)
    elif fault == "absent":
        path = tmp_path / "missing" / "cache"
    else:
        file = RefusalFile(path, unexpected)
        file.secret()
        file.close()
        other = sqlite3.connect(path)
        other.execute("PRAGMA user_version = 99")
        other.commit()
        other.close()
    warnings: list[str] = []
    known = Refusals(RefusalFile(path, warnings.append), 60.0)
    known.note("mx.test", BAD, "5.7.8", "535 no", NOW)
    assert known.find("mx.test", BAD, NOW) is None
    assert len(warnings) == 1
    assert str(path) in warnings[0]
