"""memcache: what is asked, and the backup behind it; without a server."""

from pathlib import Path

import pytest

from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.memcache import Memcache
from fastsmtp.lookup.opening import open_strictly


def opened(tmp_path: Path, text: str = "") -> Memcache:
    (tmp_path / "table").write_text(text)
    table = open_strictly(f"memcache:{tmp_path}/table", pytest.fail)
    assert isinstance(table, Memcache)
    return table


def test_key_is_asked_for_in_its_format(tmp_path: Path) -> None:
    assert opened(tmp_path).request("a@b") == b"get a@b\r\n"
    assert opened(tmp_path, "key_format = mail:%u\n").request("a@b") == b"get mail:a\r\n"


@pytest.mark.parametrize("key", ["a b", "a\r\nset b", "k" * 251, "", "a\x7f"])
def test_key_that_memcached_cannot_hold_is_not_found(key: str, tmp_path: Path) -> None:
    assert opened(tmp_path).get(key) is None


def test_backup_is_asked_for_what_is_not_there_or_not_told(tmp_path: Path) -> None:
    table = opened(tmp_path, "backup = inline:{a=1, b=2, c=3}\n")
    with pytest.raises(Pending):
        table.get("a")
    table.keep("a", "cached", 10)
    table.keep("b", None, 10)
    table.keep("c", TableError("down"), 10)
    assert [table.get(key) for key in "abc"] == ["cached", "2", "3"]
    alone = opened(tmp_path)
    alone.keep("c", TableError("down"), 10)
    with pytest.raises(TableError, match="down"):
        alone.get("c")


def test_backup_that_cannot_be_opened_makes_no_table(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="unsupported dictionary type: nope"):
        opened(tmp_path, "backup = nope:x\n")


def test_limits_come_from_the_file(tmp_path: Path) -> None:
    table = opened(tmp_path, "timeout = 3\nmax_try = 4\nretry_pause = 0\ndata_size_limit = 9\n")
    assert (table.manners.time_limit, table.manners.tries, table.manners.pause) == (12, 4, 0)
    assert table.data_limit == 9
    assert opened(tmp_path).hosts == ("inet:localhost:11211",)
