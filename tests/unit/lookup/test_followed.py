"""Tables and lists are followed: opened anew when a file changes, tried again when they could not be."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup import followed as followed_module
from fastsmtp.lookup.followed import LOOK_INTERVAL, RETRY_INTERVAL, Followed
from fastsmtp.lookup.maps import Maps
from fastsmtp.lookup.pattern_list import PatternList

TYPES = {
    "texthash": ("k old\n", "k new\n"),
    "regexp": ("/k/ old\n", "/k/ new\n"),
    "pcre": ("/k/ old\n", "/k/ new\n"),
    "hash": ("k old\n", "k new\n"),
    "cidr": ("10.0.0.0/8 old\n", "10.0.0.0/8 new\n"),
}


def write(path: Path, text: str, at: int) -> None:
    path.write_text(text)
    os.utime(path, (at, at))


@pytest.mark.parametrize("kind", TYPES)
def test_changed_table_counts_after_a_look(kind: str, tmp_path: Path) -> None:
    path, key = tmp_path / "table", "10.1.1.1" if kind == "cidr" else "k"
    write(path, TYPES[kind][0], 1)
    maps = Followed(lambda: Maps.open("p", [f"unionmap:{{{kind}:{path}}}"], pytest.fail))
    assert not maps.look(100.0)
    assert maps.now.find(key) == "old"
    write(path, TYPES[kind][1], 2)
    assert not maps.look(100.0 + LOOK_INTERVAL / 2)
    assert maps.look(100.0 + LOOK_INTERVAL)
    assert maps.now.find(key) == "new"
    assert not maps.look(100.0 + 2 * LOOK_INTERVAL)


def test_changed_list_and_the_tables_in_it_count_after_a_look(tmp_path: Path) -> None:
    inner, outer, table = tmp_path / "inner", tmp_path / "outer", tmp_path / "table"
    write(inner, "a\n", 1)
    write(outer, f"{inner} texthash:{table}\n", 1)
    write(table, "t x\n", 1)
    patterns = Followed(lambda: PatternList.open("p", [str(outer)], pytest.fail))
    assert [patterns.now.match_text(text) for text in "abtu"] == [True, False, True, False]
    write(inner, "b\n", 2)
    assert patterns.look(100.0)
    write(table, "u x\n", 2)
    now = patterns.at(100.0 + LOOK_INTERVAL)
    assert [now.match_text(text) for text in "abtu"] == [False, True, False, True]


def test_what_cannot_be_opened_is_tried_again_after_a_pause(tmp_path: Path) -> None:
    told: list[str] = []
    path = tmp_path / "file"
    maps = Followed(lambda: Maps.open("p", [f"texthash:{path}"], told.append))
    patterns = Followed(lambda: PatternList.open("p", [str(path)], told.append))
    for followed in (maps, patterns):
        assert not followed.look(100.0)
        assert not followed.look(100.0 + RETRY_INTERVAL / 2)
    with pytest.raises(TableError):
        maps.now.find("k")
    assert maps.look(100.0 + RETRY_INTERVAL)
    assert len(told) == 3
    write(path, "k v\n", 1)
    assert maps.look(100.0 + 2 * RETRY_INTERVAL)
    assert patterns.look(100.0 + 2 * RETRY_INTERVAL)
    assert maps.now.find("k") == "v"
    assert patterns.now.match_text("k")


def test_table_that_vanishes_defers_until_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path, "k v\n", 1)
    maps = Followed(lambda: Maps.open("p", [f"texthash:{path}"], lambda text: None))
    assert not maps.look(100.0)
    path.unlink()
    assert maps.look(100.0 + LOOK_INTERVAL)
    with pytest.raises(TableError, match="No such file"):
        maps.now.find("k")
    write(path, "k w\n", 1)
    assert maps.look(101.0 + LOOK_INTERVAL + RETRY_INTERVAL)
    assert maps.now.find("k") == "w"


def test_large_file_is_read_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followed_module, "LARGE", 6)
    path, begun = tmp_path / "table", list[Callable[[], None]]()
    write(path, "k old\n", 1)
    maps = Followed(lambda: Maps.open("p", [f"texthash:{path}"], pytest.fail), begun.append)
    write(path, "k new\n", 2)
    assert not maps.look(100.0)
    assert not maps.look(100.0 + LOOK_INTERVAL)  # still at it: what held before holds
    assert maps.now.find("k") == "old"
    (work,) = begun
    work()
    assert maps.look(100.0 + 2 * LOOK_INTERVAL)
    assert maps.now.find("k") == "new"
    assert not maps.look(100.0 + 3 * LOOK_INTERVAL)


def test_fault_of_ours_while_a_large_file_is_read_leaves_what_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followed_module, "LARGE", 6)
    path, begun = tmp_path / "table", list[Callable[[], None]]()
    write(path, "k old\n", 1)
    opened = [Maps.open("p", [f"texthash:{path}"], pytest.fail)]
    maps = Followed(opened.pop, begun.append)  # there is no second one
    write(path, "k new\n", 2)
    assert not maps.look(100.0)
    with pytest.raises(IndexError):
        begun[0]()
    assert not maps.look(100.0 + LOOK_INTERVAL)
    assert (maps.now.find("k"), len(begun)) == ("old", 2)
