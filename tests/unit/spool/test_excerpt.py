"""Rows of an ended run as the list of a new one: which, unchanged, complete or not at all."""

from pathlib import Path

import pytest

from fastsmtp.errors import SpoolError
from fastsmtp.spool import excerpt
from fastsmtp.spool.excerpt import Draft, Header
from fastsmtp.spool.records import Row
from fastsmtp.spool.shard import Shard
from tests.support import spooled
from tests.support.spooled import outcome

MOVED = "continued in job.only-1"
STATUSES = ("sent", "bounced", "deferred", "expired", "cancelled", "unknown")


def ended(directory: Path) -> Shard:
    """A shard with a recipient of each status, named after it, and one that was moved."""
    names = [*STATUSES, "moved"]
    shard = spooled.shard(directory, *(f"{name.title()}@x.example" for name in names))
    found = {recipient.address.partition("@")[0].lower(): recipient for recipient in shard.window(0, 99, 99)}
    shard.append([outcome(found[name], "deferred") for name in STATUSES])
    shard.append([outcome(found[name], name) for name in STATUSES if name != "deferred"])
    shard.append([outcome(found["moved"], "cancelled", reply=MOVED)])
    return shard


def selected(shard: Shard, *statuses: str) -> list[Row]:
    return [row for rows, _ in excerpt.select(shard.path, frozenset(statuses), MOVED) for row in rows]


def names(rows: list[Row]) -> set[str]:
    return {row[1].partition("@")[0].lower() for row in rows}


@pytest.mark.parametrize("status", ["sent", "bounced", "expired", "cancelled", "unknown"])
def test_last_status_decides(tmp_path: Path, status: str) -> None:
    shard = ended(tmp_path)
    assert names(selected(shard, status)) == {status}
    shard.close()


def test_rows_that_were_moved_count_as_deferred(tmp_path: Path) -> None:
    shard = ended(tmp_path)
    assert names(selected(shard, "deferred", "bounced")) == {"deferred", "bounced", "moved"}
    assert excerpt.count_moved(shard.path, MOVED) == 1
    assert excerpt.count_moved(shard.path, "continued in job.only-2") == 0
    shard.close()


def test_rows_keep_line_address_key_and_fields(tmp_path: Path) -> None:
    shard = ended(tmp_path)
    assert selected(shard, "bounced") == [
        (2, "Bounced@x.example", "x.example", "bounced@x.example", "fields of 2")
    ]
    shard.close()


def test_list_comes_back_as_it_was_written(tmp_path: Path) -> None:
    header = Header(frozenset({"bounced", "unknown"}), spooled.job(message=b"\x00\xff.\r\n"))
    rows = spooled.rows(*(f"ß{number}@x.example" for number in range(2500)))
    directory = tmp_path / "job.only-1"
    draft = Draft(directory, header)
    assert draft.write([(rows[:7], ()), (rows[7:], ())]) == 2500
    assert not excerpt.committed(directory)
    draft.commit()
    assert excerpt.committed(directory)
    assert excerpt.read_header(directory) == header
    assert [row for chunk, _ in excerpt.read_chunks(directory) for row in chunk] == rows


def test_draft_that_is_not_wanted_leaves_nothing(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "job.only-1", Header(frozenset({"bounced"}), spooled.job()))
    assert draft.write([]) == 0
    draft.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"statuses": [], "record": {"name": "x"}}'])
def test_damaged_list_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "list").write_text(text + "\n")
    with pytest.raises(SpoolError, match="is damaged"):
        excerpt.read_header(tmp_path)
