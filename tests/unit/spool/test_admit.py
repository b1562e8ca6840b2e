"""The import: order, duplicates, destinations, bad rows, and that a half import is none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fastsmtp.errors import JobError, SpoolError
from fastsmtp.spool import admit
from fastsmtp.spool.records import Books, Chunk, Destination
from fastsmtp.spool.shard import Shard
from tests.support import spooled
from tests.support.spooled import addresses

EVERYTHING = (0, 1 << 60, 1 << 30)


def test_order_is_domain_then_lower_cased_address_bytewise(tmp_path: Path) -> None:
    listed = [
        "f11@a.example.com",
        "f1@a.example.com",
        "F10@a.example.com",
        "z@a.example",
        "ß@a.example",
        "zz@a.exam",
    ]
    shard = spooled.shard(tmp_path, *listed, "é@a.example", "_@a.example")
    assert addresses(shard.window(*EVERYTHING)) == [
        "zz@a.exam",
        "_@a.example",
        "z@a.example",
        "ß@a.example",
        "é@a.example",
        "F10@a.example.com",
        "f11@a.example.com",
        "f1@a.example.com",
    ]
    shard.close()


def test_domain_that_begins_like_another_stays_in_one_piece(tmp_path: Path) -> None:
    listed = ["a@x.example", "a@x.example.com", "-@x.example", "/@x.example", "b@x.example"]
    shard = spooled.shard(tmp_path, *listed)
    assert shard.destinations(0, 9) == [
        Destination(1, "x.example", 1, 4, 4),
        Destination(2, "x.example.com", 5, 5, 1),
    ]
    shard.close()


def test_first_line_of_equal_addresses_goes_out_and_later_ones_name_it(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "B@x.example", "a@x.example", "b@x.example", "a@y.example", "b@X.EXAMPLE")
    assert [(recipient.address, recipient.line) for recipient in shard.window(*EVERYTHING)] == [
        ("a@x.example", 2),
        ("B@x.example", 1),
        ("a@y.example", 4),
    ]
    assert list(shard.results(include_waiting=False)) == [
        ("b@x.example", "duplicate", "", "line 3: the address of line 1 again", "", 0, 0, 0, None, "", ""),
        ("b@X.EXAMPLE", "duplicate", "", "line 5: the address of line 1 again", "", 0, 0, 0, None, "", ""),
    ]
    assert shard.books() == Books(5, 0, 0, 0, 0, 0, 0, duplicate=2, untried=3, deferred=0)
    assert [destination.waiting for destination in shard.destinations(0, 9)] == [2, 1]
    shard.close()


def test_allowed_duplicates_go_out_in_the_order_of_their_lines(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, "b@x.example", "B@x.example", "b@x.example", duplicates="allow")
    assert [recipient.line for recipient in shard.window(*EVERYTHING)] == [1, 2, 3]
    assert shard.books() == Books(3, 0, 0, 0, 0, 0, 0, duplicate=0, untried=3, deferred=0)
    shard.close()


def test_list_of_one_address_only_has_one_recipient(tmp_path: Path) -> None:
    shard = spooled.shard(tmp_path, *["a@x.example"] * 1000)
    assert [recipient.line for recipient in shard.window(*EVERYTHING)] == [1]
    assert {row[3] for row in shard.results(include_waiting=False)} == {
        f"line {line}: the address of line 1 again" for line in range(2, 1001)
    }
    shard.close()


def test_rows_of_many_chunks_are_all_there(tmp_path: Path) -> None:
    listed = [f"{number:05}@x.example" for number in range(1000)]
    chunks: list[Chunk] = [  # two whole statements of rows and a rest, each
        (spooled.rows(*listed[start : start + 250], first_line=start + 1), [(start, "bad", "worse")])
        for start in range(0, 1000, 250)
    ]
    seen: list[int] = []
    shard = Shard.create(tmp_path / "shard-0.db", spooled.job(), chunks, progress=seen.append)
    assert addresses(shard.window(*EVERYTHING)) == listed
    assert seen == [251, 502, 753, 1004]
    assert shard.books() == Books(1004, 0, 0, 0, 0, 0, rejected=4, duplicate=0, untried=1000, deferred=0)
    shard.close()


def test_bad_row_is_kept_with_its_line_and_reason(tmp_path: Path) -> None:
    bad = [(7, "no\udcff", "not\ran address")]
    shard = Shard.create(tmp_path / "shard-0.db", spooled.job(), [([], bad)])
    assert list(shard.results(include_waiting=False)) == [
        ("no?", "rejected", "5.1.3", "line 7: not?an address", "", 0, 0, 0, None, "", "")
    ]
    shard.close()


def test_empty_list_makes_a_spool_with_nothing_to_do(tmp_path: Path) -> None:
    shard = Shard.create(tmp_path / "shard-0.db", spooled.job(), [])
    assert shard.window(*EVERYTHING) == []
    assert shard.destinations(0, 9) == []
    assert shard.books() == Books(*[0] * 10)
    shard.close()


def test_list_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken() -> Iterator[Chunk]:
        yield spooled.rows("a@x.example"), []
        raise JobError("list.csv: cannot be read")

    path = tmp_path / "shard-0.db"
    with pytest.raises(JobError, match="cannot be read"):
        Shard.create(path, spooled.job(), broken())
    assert [left.name for left in tmp_path.iterdir()] == ["shard-0.lock"]
    Shard.create(path, spooled.job(), [(spooled.rows("a@x.example"), [])]).close()


def test_files_of_a_killed_import_are_thrown_away(tmp_path: Path) -> None:
    for name in ("shard-0.db.part", "shard-0.db.stage"):
        (tmp_path / name).write_bytes(b"half a database")
    shard = spooled.shard(tmp_path, "a@x.example")
    assert addresses(shard.window(*EVERYTHING)) == ["a@x.example"]
    shard.close()
    assert sorted(left.name for left in tmp_path.iterdir()) == ["shard-0.db", "shard-0.lock"]


def test_list_is_not_read_into_a_spool_that_is_there(tmp_path: Path) -> None:
    spooled.shard(tmp_path, "a@x.example").close()
    before = (tmp_path / "shard-0.db").read_bytes()
    with pytest.raises(SpoolError, match="is there already"):
        spooled.shard(tmp_path, "b@x.example")
    assert (tmp_path / "shard-0.db").read_bytes() == before


def test_import_does_not_begin_while_another_runs(tmp_path: Path) -> None:
    def meanwhile() -> Iterator[Chunk]:
        with pytest.raises(SpoolError, match="is in use by process"):
            spooled.shard(tmp_path, "b@x.example")
        yield spooled.rows("a@x.example"), []

    Shard.create(tmp_path / "shard-0.db", spooled.job(), meanwhile()).close()


def test_full_disk_during_the_import_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(*arguments: object) -> object:
        connection = connect(*arguments)  # type: ignore[arg-type]
        connection.execute("PRAGMA max_page_count = 20")
        return connection

    connect = admit.connect
    monkeypatch.setattr(admit, "connect", small)
    with pytest.raises(SpoolError, match=r"shard-0\.db: the disk is full"):
        spooled.shard(tmp_path, *(f"{number}@x.example" for number in range(5000)))
    assert [left.name for left in tmp_path.iterdir()] == ["shard-0.lock"]
