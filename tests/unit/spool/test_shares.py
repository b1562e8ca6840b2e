"""How many shards a job has: settled once, and nobody else at it."""

import errno
from pathlib import Path

import pytest

from fastsmtp.errors import SpoolError
from fastsmtp.spool.shard import Shard
from fastsmtp.spool.shares import Shares, alone, imported_shards, recorded
from tests.support import spooled


def begin(directory: Path, count: int, *, imported: bool) -> None:
    shares = Shares(directory, count)
    for index in range(count):
        Shard.create(shares.path(index), spooled.job(), []).close()
    if imported:
        shares.imported()
    shares.release()


def settled(directory: Path, wanted: int) -> int:
    shares = Shares(directory, wanted)
    shares.release()
    return shares.count


def test_new_job_has_the_shards_that_are_wanted(tmp_path: Path) -> None:
    assert settled(tmp_path / "new" / "job", 3) == 3
    assert recorded(tmp_path / "new" / "job")


def test_number_of_an_imported_job_stands(tmp_path: Path) -> None:
    begin(tmp_path, 3, imported=True)
    assert [settled(tmp_path, wanted) for wanted in (1, 2, 3, 8)] == [3, 3, 3, 3]


def test_job_of_one_shard_keeps_it(tmp_path: Path) -> None:
    spooled.shard(tmp_path, "a@x.example").close()
    assert settled(tmp_path, 4) == 1
    assert not recorded(tmp_path)


def test_one_worker_for_a_new_job_leaves_no_record(tmp_path: Path) -> None:
    assert settled(tmp_path, 1) == 1
    assert not recorded(tmp_path)


@pytest.mark.parametrize("wanted", [1, 2, 4])
def test_interrupted_import_begins_anew(tmp_path: Path, wanted: int) -> None:
    begin(tmp_path, 3, imported=False)
    assert settled(tmp_path, wanted) == wanted
    assert list(tmp_path.glob("shard-*.db*")) == []
    assert recorded(tmp_path) == (wanted > 1)


def test_lost_shard_is_told_and_nothing_is_thrown_away(tmp_path: Path) -> None:
    begin(tmp_path, 3, imported=True)
    (tmp_path / "shard-1.db").unlink()
    with pytest.raises(SpoolError, match=r"shard-1\.db does not exist: put back a copy"):
        Shares(tmp_path, 3)
    assert (tmp_path / "shard-0.db").exists()
    assert (tmp_path / "shard-2.db").exists()


def test_damaged_record_is_told(tmp_path: Path) -> None:
    (tmp_path / "shares").write_text("some\n")
    with pytest.raises(SpoolError, match="is damaged"):
        Shares(tmp_path, 3)


def test_job_in_use_is_refused(tmp_path: Path) -> None:
    first = Shares(tmp_path, 2)
    with pytest.raises(SpoolError, match="in use by process"):
        Shares(tmp_path, 2)
    first.release()
    assert settled(tmp_path, 2) == 2


def test_job_in_use_with_one_shard_is_refused(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "a@x.example")
    with pytest.raises(SpoolError, match="in use by process"):
        Shares(tmp_path, 2)
    shard.close()
    assert not recorded(tmp_path)


def test_import_into_one_shard_is_refused_once_several_were_settled(tmp_path: Path) -> None:
    assert list(alone(tmp_path, [([], [])])) == [([], [])]
    Shares(tmp_path, 2).release()
    with pytest.raises(SpoolError, match="begun this job with several workers"):
        Shard.create(tmp_path / "shard-0.db", spooled.job(), alone(tmp_path, []))
    assert not (tmp_path / "shard-0.db").exists()


def test_directory_that_is_another_user_s_is_a_spool_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(SpoolError, match="Permission denied"):
        recorded(tmp_path)


def test_shards_count_once_their_import_is_complete(tmp_path: Path) -> None:
    assert imported_shards(tmp_path / "none") == 0
    begin(tmp_path / "half", 3, imported=False)
    assert imported_shards(tmp_path / "half") == 0
    begin(tmp_path / "whole", 3, imported=True)
    assert imported_shards(tmp_path / "whole") == 3
    spooled.shard(tmp_path, "a@x.example").close()
    assert imported_shards(tmp_path) == 1
