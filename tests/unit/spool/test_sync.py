"""The syncing thread: writes are synced within the interval, the log stays short, failures come up."""

import errno
import os
import sqlite3
import time
from pathlib import Path
from threading import Semaphore

import pytest

from fastsmtp.errors import SpoolError
from fastsmtp.spool import sync
from fastsmtp.spool.shard import Shard, SyncPolicy
from tests.support import spooled
from tests.support.spooled import outcome

PATIENCE = 10.0  # seconds, on a loaded machine


class Syncs:
    """Stands for os.fdatasync: counts the calls, and lets a test wait for one."""

    def __init__(self) -> None:
        self.made = 0
        self._arrived = Semaphore(0)

    def __call__(self, file: int) -> None:
        self.made += 1
        self._arrived.release()

    def wait(self) -> bool:
        return self._arrived.acquire(timeout=PATIENCE)


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> Syncs:
    """The syncs that the thread asked for."""
    made = Syncs()
    monkeypatch.setattr(sync.os, "fdatasync", made)
    return made


def written(directory: Path, rows: int = 9) -> Path:
    spooled.shard(directory, *(f"{number:05}@x.example" for number in range(rows))).close()
    return directory / "shard-0.db"


def test_group_syncs_once_for_what_was_written_since(tmp_path: Path, syncs: Syncs) -> None:
    shard = Shard.open(written(tmp_path), sync="group", sync_interval=0.001)
    for recipient in shard.window(0, 3, 3):
        shard.append([outcome(recipient)])
        assert syncs.wait()
    shard.close()
    assert syncs.made == 3


@pytest.mark.parametrize("policy", ["group", "none"])
def test_what_is_written_ahead_is_synced_at_once(tmp_path: Path, syncs: Syncs, policy: SyncPolicy) -> None:
    shard = Shard.open(written(tmp_path), sync=policy, sync_interval=3600.0)
    shard.append([], [outcome(recipient, "unknown") for recipient in shard.window(0, 9, 9)])
    assert syncs.made == 1
    shard.close()


def test_sync_that_fails_of_what_is_written_ahead_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = Shard.open(written(tmp_path), sync="none")

    def full(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(sync.os, "fdatasync", full)
    with pytest.raises(SpoolError, match="Input/output error"):
        shard.append([], [outcome(recipient, "unknown") for recipient in shard.window(0, 1, 1)])
    shard.close()


def test_group_syncs_what_is_left_when_closing(tmp_path: Path, syncs: Syncs) -> None:
    shard = Shard.open(written(tmp_path), sync="group", sync_interval=3600.0)
    shard.append([outcome(recipient) for recipient in shard.window(0, 9, 9)])
    shard.close()
    assert syncs.made == 1


@pytest.mark.parametrize("policy", ["none", "always"])
def test_thread_does_not_sync_under_other_policies(tmp_path: Path, syncs: Syncs, policy: SyncPolicy) -> None:
    shard = Shard.open(written(tmp_path), sync=policy)
    shard.append([outcome(recipient) for recipient in shard.window(0, 9, 9)])
    shard.close()
    assert syncs.made == 0


@pytest.mark.parametrize(("policy", "level"), [("always", 2), ("group", 1), ("none", 1)])
def test_always_makes_sqlite_sync_each_write(tmp_path: Path, policy: SyncPolicy, level: int) -> None:
    shard = Shard.open(written(tmp_path), sync=policy)
    assert shard._connection.execute("PRAGMA synchronous").fetchone() == (level,)
    shard.close()


def test_failed_sync_comes_up_at_the_next_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    shard = Shard.open(written(tmp_path), sync="group", sync_interval=0.001)
    monkeypatch.setattr(sync.os, "fdatasync", fails)
    one, two = shard.window(0, 2, 2)
    shard.append([outcome(one)])
    shard._syncer._thread.join(PATIENCE)
    with pytest.raises(SpoolError, match=r"shard-0\.db: Input/output error"):
        shard.append([outcome(two)])
    assert shard.books().sent == 1
    with pytest.raises(SpoolError, match="Input/output error"):
        shard.close()
    shard.close()


def test_log_begins_anew_under_steady_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "WRITES_A_CHECKPOINT", 20)
    monkeypatch.setattr(sync, "LOG_LIMIT", 100)
    shard = Shard.open(written(tmp_path, rows=2000), sync="group", sync_interval=0.001)
    log = tmp_path / "shard-0.db-wal"
    for recipient in shard.window(0, 2000, 2000):
        shard.append([outcome(recipient)])
        if recipient.id % 50 == 0:
            time.sleep(0.01)  # on a busy machine the thread gets a turn too
    assert log.stat().st_size < 2000 * 4096  # a page a write, at the least, had it gone on growing
    shard.close()
    shard = Shard.open(shard.path)
    assert shard.books().sent == 2000
    shard.close()


def test_checkpoint_that_fails_stops_the_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def execute(self, statement: str) -> None:
            raise sqlite3.OperationalError("disk I/O error")

        def close(self) -> None: ...

    monkeypatch.setattr(sync, "WRITES_A_CHECKPOINT", 1)
    shard = Shard.open(written(tmp_path), sync="none")
    shard._syncer._connection.close()
    monkeypatch.setattr(shard._syncer, "_connection", Broken())
    one, two = shard.window(0, 2, 2)
    shard.append([outcome(one)])
    shard._syncer._thread.join(PATIENCE)
    with pytest.raises(SpoolError, match="disk I/O error"):
        shard.append([outcome(two)])
    with pytest.raises(SpoolError):
        shard.close()
