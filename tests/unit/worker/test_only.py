"""Runs of some rows of an ended run: which run they come from, and that nobody is in two or in none."""

from pathlib import Path

import pytest

from fastsmtp.errors import SpoolError, UsageError
from fastsmtp.spool import excerpt
from fastsmtp.spool.excerpt import Draft
from fastsmtp.spool.shard import Shard
from fastsmtp.spool.shares import Shares
from fastsmtp.worker import only
from tests.support import spooled
from tests.support.spooled import outcome

BOUNCED = frozenset({"bounced"})
DEFERRED = frozenset({"deferred"})
BOTH = BOUNCED | DEFERRED


def job(root: Path, index: int = 0, **statuses: str) -> Path:
    """A shard of the run `root`/job whose recipients have these outcomes; "" is none."""
    directory = root / "job"
    rows = spooled.rows(*(f"{name}@x.example" for name in statuses))
    shard = Shard.create(directory / f"shard-{index}.db", spooled.job(name="job"), [(rows, [])])
    end(shard, statuses)
    return directory


def end(shard: Shard, statuses: dict[str, str]) -> None:
    for recipient in shard.window(0, 99, 99):
        if status := statuses[recipient.address.partition("@")[0]]:
            shard.append([outcome(recipient, status)])
    shard.close()


def listed(directory: Path) -> list[str]:
    return [row[1].partition("@")[0] for rows, _ in excerpt.read_chunks(directory) for row in rows]


def begin(directory: Path, **statuses: str) -> None:
    """Imports the run's list and ends its recipients so."""
    record = excerpt.read_header(directory).record
    end(Shard.create(directory / "shard-0.db", record, excerpt.read_chunks(directory)), statuses)


def books_of(directory: Path) -> tuple[int, int, int]:
    shard = Shard.open(directory / "shard-0.db")
    books = shard.books()
    shard.close()
    return books.cancelled, books.deferred, books.untried


def test_rows_of_the_ended_run_are_the_list_of_the_new_one(tmp_path: Path) -> None:
    directory = job(tmp_path, a="sent", b="bounced", c="unknown", d="bounced")
    new = only.prepare(directory, BOUNCED)
    assert new == tmp_path / "job.only-1"
    assert listed(new) == ["b", "d"]
    header = excerpt.read_header(new)
    assert header.statuses == BOUNCED
    assert header.record.name == "job.only-1"
    assert header.record.duplicates == "allow"
    assert header.record.message == spooled.job().message
    assert books_of(directory) == (0, 0, 0), "what was final stays as it is"


def test_rows_of_all_shards_are_taken(tmp_path: Path) -> None:
    shares = Shares(tmp_path / "job", 2)
    job(tmp_path, 0, a="bounced", b="sent")
    job(tmp_path, 1, c="bounced", d="sent")
    shares.imported()
    shares.release()
    assert listed(only.prepare(tmp_path / "job", BOUNCED)) == ["a", "c"]


def test_deferred_rows_leave_the_run_that_they_were_in(tmp_path: Path) -> None:
    directory = job(tmp_path, a="deferred", b="bounced", c="deferred")
    new = only.prepare(directory, DEFERRED)
    assert listed(new) == ["a", "c"]
    assert books_of(directory) == (2, 0, 0)
    shard = Shard.open(directory / "shard-0.db")
    replies = {row[0]: row[3] for row in shard.results(include_waiting=True) if row[1] == "cancelled"}
    shard.close()
    assert replies == dict.fromkeys(("a@x.example", "c@x.example"), "continued in job.only-1")


def test_same_command_goes_on_with_a_run_that_has_not_ended(tmp_path: Path) -> None:
    directory = job(tmp_path, a="bounced", b="bounced")
    first = only.prepare(directory, BOUNCED)
    assert only.prepare(directory, BOUNCED) == first, "not even imported"
    begin(first, a="deferred", b="")
    assert only.prepare(directory, BOUNCED) == first


def test_next_run_takes_its_rows_from_the_latest(tmp_path: Path) -> None:
    directory = job(tmp_path, a="bounced", b="bounced", c="unknown")
    first = only.prepare(directory, BOUNCED)
    begin(first, a="sent", b="bounced")
    second = only.prepare(directory, BOUNCED)
    assert second == tmp_path / "job.only-2"
    assert listed(second) == ["b"]
    for number in (*range(3, 12),):
        begin(only.prepare(directory, BOUNCED), b="bounced")
        assert only.latest_run(directory).number == number - 1


def test_other_statuses_wait_for_the_end_of_an_only_run(tmp_path: Path) -> None:
    directory = job(tmp_path, a="bounced", b="bounced")
    first = only.prepare(directory, BOUNCED)
    with pytest.raises(UsageError, match=r"^job\.only-1 has not been sent"):
        only.prepare(directory, DEFERRED)
    begin(first, a="deferred", b="sent")
    with pytest.raises(UsageError, match=r"^job\.only-1 has not ended: 1 recipients are deferred"):
        only.prepare(directory, frozenset({"unknown"}))
    second = only.prepare(directory, DEFERRED)
    assert listed(second) == ["a"]
    assert books_of(first) == (1, 0, 0)


@pytest.mark.parametrize(
    ("statuses", "asked", "text"),
    [
        ({"a": "sent", "b": ""}, BOTH, "job has not ended: 1 recipients were never tried"),
        ({"a": "deferred", "b": "bounced"}, BOUNCED, "job has not ended: 1 recipients are deferred"),
        ({"a": "sent"}, BOTH, "no recipient of job is bounced or deferred"),
    ],
)
def test_run_that_cannot_be_taken_up_so_is_told(
    tmp_path: Path, statuses: dict[str, str], asked: frozenset[str], text: str
) -> None:
    directory = job(tmp_path, **statuses)
    before = books_of(directory)
    with pytest.raises(UsageError, match=text):
        only.prepare(directory, asked)
    assert books_of(directory) == before
    assert [path.name for path in tmp_path.iterdir()] == ["job"]


def test_job_that_was_never_sent_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="job has not been sent"):
        only.prepare(tmp_path / "job", BOUNCED)


def test_run_in_use_is_refused(tmp_path: Path) -> None:
    directory = job(tmp_path, a="bounced")
    shard = Shard.open(directory / "shard-0.db")
    with pytest.raises(SpoolError, match="in use by process"):
        only.prepare(directory, BOUNCED)
    shard.close()
    assert listed(only.prepare(directory, BOUNCED)) == ["a"]


class Interrupted(Exception):
    """Stands for a killed process."""


def interrupted_before_commit(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows were written and taken away, and the run does not exist yet."""

    def die(_draft: Draft) -> None:
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(Draft, "commit", die)
        with pytest.raises(Interrupted):
            only.prepare(directory, DEFERRED)
    assert books_of(directory) == (2, 0, 0)
    assert only.latest_run(directory).number == 0


def test_interrupted_beginning_loses_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = job(tmp_path, a="deferred", b="bounced", c="deferred")
    interrupted_before_commit(directory, monkeypatch)
    with pytest.raises(UsageError, match="2 recipients are deferred"):
        only.prepare(directory, BOUNCED)
    assert listed(only.prepare(directory, DEFERRED)) == ["a", "c"]


def test_interrupted_taking_away_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = job(tmp_path, a="deferred", b="deferred", c="deferred")
    append = Shard.append
    monkeypatch.setattr(only, "PAGE", 1)

    def append_one(shard: Shard, outcomes: list[object]) -> None:
        append(shard, outcomes)  # type: ignore[arg-type]
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(Shard, "append", append_one)
        with pytest.raises(Interrupted):
            only.prepare(directory, DEFERRED)
    assert books_of(directory) == (1, 2, 0)
    assert listed(only.prepare(directory, DEFERRED)) == ["a", "b", "c"]
    assert books_of(directory) == (3, 0, 0)
