"""Files that are no spool, damaged, full, or of another format: said plainly, and nothing touched."""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from fastsmtp.errors import SpoolError
from fastsmtp.spool.shard import Shard
from fastsmtp.spool.storage import Lock, trouble
from tests.support import spooled
from tests.support.spooled import outcome

EVERYTHING = (0, 1 << 60, 1 << 30)


def closed_shard(directory: Path) -> Path:
    shard = spooled.shard(directory, *(f"{number}@x.example" for number in range(3000)))
    shard.append([outcome(recipient) for recipient in shard.window(*EVERYTHING)[:1000]])
    shard.close()
    return shard.path


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def test_spool_of_another_format_is_refused_untouched(tmp_path: Path) -> None:
    path = closed_shard(tmp_path)
    overwrite(path, 60, (7).to_bytes(4, "big"))  # user_version, in the header of an SQLite file
    before = path.read_bytes()
    with pytest.raises(
        SpoolError, match="has spool format 7, this version reads format 1: finish the job with"
    ):
        Shard.open(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\0" * 4096])
def test_empty_file_is_no_spool(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shard-0.db"
    path.write_bytes(content)
    with pytest.raises(SpoolError, match=r"shard-0\.db is (not a spool|damaged)"):
        Shard.open(path)


def test_database_of_another_program_is_no_spool(tmp_path: Path) -> None:
    path = tmp_path / "shard-0.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(SpoolError, match="is not a spool of fastsmtp: name another spool directory"):
        Shard.open(path)


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def without_outcomes(path: Path) -> None:
    overwrite(path, 3 * 4096, os.urandom(40 * 4096))


def open_and_read(path: Path) -> None:
    shard = Shard.open(path)
    try:
        shard.window(*EVERYTHING)
    finally:
        shard.close()


@pytest.mark.parametrize("damage", [garbage, cut_short, without_outcomes])
def test_damaged_spool_says_so_and_what_to_do(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = closed_shard(tmp_path)
    damage(path)
    with pytest.raises(SpoolError, match=r"shard-0\.db is damaged \(.*\): put back a copy"):
        open_and_read(path)
    Lock(path).release()  # nobody holds it any more


def test_results_of_a_damaged_spool_say_so(tmp_path: Path) -> None:
    path = closed_shard(tmp_path)
    shard = Shard.open(path)
    shard.close()
    garbage(path)
    with pytest.raises(SpoolError, match="is damaged"):
        list(shard.results(include_waiting=True))


def test_full_disk_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, *(f"{number}@x.example" for number in range(1000)))
    first, *others = shard.window(*EVERYTHING)
    shard.append([outcome(first)])
    (pages,) = shard._connection.execute("PRAGMA page_count").fetchone()
    shard._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    books = shard.books()
    with pytest.raises(SpoolError, match=r"shard-0\.db: the disk is full .* what was recorded stands"):
        shard.append([outcome(recipient, relay=f"mx{recipient.id}.example") for recipient in others])
    assert shard.books() == books
    shard._connection.execute("PRAGMA max_page_count = 100000")
    shard.append([outcome(recipient, relay=f"mx{recipient.id}.example") for recipient in others])
    shard.close()
    shard = Shard.open(shard.path)
    assert shard.books().sent == 1000
    assert {row[4] for row in shard.results(include_waiting=True)} >= {"mx2.example", "mx1000.example"}
    shard.close()


def test_lock_is_free_again_after_release(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "shard-0.db")
    with pytest.raises(
        SpoolError, match=f"is in use by process {os.getpid()}: wait for it to end, or stop it"
    ):
        Lock(tmp_path / "shard-0.db")
    lock.release()
    lock.release()
    Lock(tmp_path / "shard-0.db").release()


def test_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolError, match="file"):
        spooled.shard(tmp_path / "file" / "job", "a@x.example")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "x.db: the disk is full"),
        (OSError(errno.EIO, "Input/output error"), "x.db: Input/output error"),
        (sqlite3.OperationalError("Could not decode to UTF-8 column 'a'"), "x.db is damaged"),
        (sqlite3.ProgrammingError("odd"), "x.db: odd"),
    ],
)
def test_errors_are_told_in_words(error: OSError | sqlite3.Error, words: str) -> None:
    assert str(trouble(error, Path("x.db"))).startswith(words)
