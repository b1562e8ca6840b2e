"""Indexes that postmap built: their formats, and when the text counts in their place."""

import fcntl
import os
import struct
from pathlib import Path

import lmdb
import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup import index_berkeley, index_cdb
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.lookup.table import changed

PAGE = 512
LEAF, HASH, OVERFLOW, KEYDATA, LONG = 5, 13, 7, 1, 3
PAIRS = [(b"key\0", b"value\0"), (b"other", b"x" * 700)]


def meta(kind: str, order: str = "<", *, encrypted: int = 0, checksums: int = 0) -> bytes:
    magic = index_berkeley.MAGIC[kind]
    head = struct.pack(f"{order}8xIIIIBBB", 0, magic, 9, PAGE, encrypted, 9, checksums)
    return head.ljust(PAGE, b"\0")


def leaf(kind: int, items: list[bytes], order: str = "<") -> bytes:
    offsets, body, at = [], b"", PAGE
    for item in items:
        at -= len(item)
        offsets.append(at)
        body = item + body
    head = struct.pack(f"{order}8xIIIHHBB{len(items)}H", 1, 0, 0, len(items), at, 1, kind, *offsets)
    return head.ljust(PAGE - len(body), b"\0") + body


def overflow(data: bytes, following: int, order: str = "<") -> bytes:
    return (struct.pack(f"{order}8xIIIHHBB", 2, 0, following, 1, len(data), 0, OVERFLOW) + data).ljust(
        PAGE, b"\0"
    )


def btree(order: str = "<", deleted: int = 0) -> bytes:
    def item(data: bytes, kind: int = KEYDATA) -> bytes:
        return struct.pack(f"{order}HB", len(data), kind) + data

    gone = [item(b"gone", KEYDATA | 0x80), item(b"gone", KEYDATA | 0x80)] if deleted else []
    long = struct.pack(f"{order}HBxII", 0, LONG, 2, 700)
    items = [*gone, item(PAIRS[0][0]), item(PAIRS[0][1]), item(PAIRS[1][0]), long]
    pages = [leaf(LEAF, items, order), overflow(b"x" * 400, 3, order), overflow(b"x" * 300, 0, order)]
    return b"".join([meta("btree", order), *pages, bytes(PAGE)])


def hashed() -> bytes:
    long = struct.pack("<B3xII", LONG, 2, 700)
    items = [b"\1key\0", b"\1value\0", b"\1other", long]
    pages = [leaf(HASH, items), overflow(b"x" * 486, 3), overflow(b"x" * 214, 0), leaf(HASH, [])]
    return b"".join([meta("hash"), *pages])


def cdb(pairs: list[tuple[bytes, bytes]]) -> bytes:
    records = b"".join(struct.pack("<II", len(key), len(value)) + key + value for key, value in pairs)
    return struct.pack("<II", 2048 + len(records), 0) * 256 + records


@pytest.mark.parametrize("order", "<>")
def test_btree_is_read_in_either_byte_order(order: str) -> None:
    assert list(index_berkeley.entries(btree(order), "btree")) == PAIRS


def test_deleted_entries_of_a_btree_are_gone() -> None:
    assert list(index_berkeley.entries(btree(deleted=1), "btree")) == PAIRS


def test_hash_is_read() -> None:
    assert list(index_berkeley.entries(hashed(), "hash")) == PAIRS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is damaged"),
        (b"text\n" * 100, "this is no hash file"),
        (btree(), "no hash file but a btree file"),
        (meta("hash", encrypted=1), "cannot be read"),
        (meta("hash", checksums=1), "cannot be read"),
        (meta("hash") + leaf(HASH, [b"\2key", b"\2value"]), "duplicate keys"),
        (meta("hash") + leaf(HASH, [b"\1key", struct.pack("<B3xII", LONG, 99, 5)]), "is damaged"),
        (meta("hash") + leaf(HASH, [b"\1key", struct.pack("<B3xII", LONG, 0, 5)]), "is damaged"),
    ],
)
def test_other_berkeley_file_is_an_error(data: bytes, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        list(index_berkeley.entries(data, "hash"))


def test_cdb_is_read() -> None:
    assert list(index_cdb.entries(cdb(PAIRS))) == PAIRS
    assert list(index_cdb.entries(cdb([]))) == []


@pytest.mark.parametrize("cut", [0, 100, 2048, 2050, 2060])
def test_cut_cdb_is_an_error(cut: int) -> None:
    with pytest.raises(TableError, match="is damaged"):
        list(index_cdb.entries(cdb(PAIRS)[:cut]))


INDEXES = {
    "hash": (".db", hashed()),
    "btree": (".db", btree()),
    "cdb": (".cdb", cdb(PAIRS)),
    "lmdb": (".lmdb", b""),
}


def build(directory: Path, kind: str, at: int) -> Path:
    """An index of PAIRS, without its text."""
    suffix, data = INDEXES[kind]
    path = directory / f"t{suffix}"
    if kind == "lmdb":
        with (
            lmdb.open(str(path), subdir=False, lock=False) as database,
            database.begin(write=True) as writing,
        ):
            for key, value in PAIRS:
                writing.put(key, value)
    else:
        path.write_bytes(data)
    os.utime(path, (at, at))
    return path


def opened(directory: Path, kind: str) -> dict[str, str]:
    return dict(open_strictly(f"{kind}:{directory}/t", pytest.fail).items())


INDEXED = {"key": "value", "other": "x" * 700}
TEXT = {"key": "from the text"}


def write_text(directory: Path, at: int) -> None:
    (directory / "t").write_text("key from the text\nKEY again\n")
    os.utime(directory / "t", (at, at))


@pytest.mark.parametrize("kind", INDEXES)
def test_index_is_read_with_or_without_its_text(kind: str, tmp_path: Path) -> None:
    build(tmp_path, kind, at=10)
    assert opened(tmp_path, kind) == INDEXED
    write_text(tmp_path, at=10)
    assert opened(tmp_path, kind) == INDEXED
    assert open_strictly(f"{kind}:{tmp_path}/t", pytest.fail).get("KEY") == "value"


@pytest.mark.parametrize("kind", [*INDEXES, "dbm", "sdbm"])
def test_newer_text_counts_and_so_does_one_without_an_index(kind: str, tmp_path: Path) -> None:
    warnings: list[str] = []
    write_text(tmp_path, at=20)
    assert dict(open_strictly(f"{kind}:{tmp_path}/t", warnings.append).items()) == TEXT
    assert "duplicate entry" in warnings[0]
    if kind in INDEXES:
        build(tmp_path, kind, at=10)
        assert dict(open_strictly(f"{kind}:{tmp_path}/t", warnings.append).items()) == TEXT


@pytest.mark.parametrize("kind", INDEXES)
def test_text_counts_while_postmap_is_at_work_on_the_index(kind: str, tmp_path: Path) -> None:
    path = build(tmp_path, kind, at=20)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(TableError, match="is being written"):
            opened(tmp_path, kind)
        write_text(tmp_path, at=10)
        assert dict(open_strictly(f"{kind}:{tmp_path}/t", print).items()) == TEXT
    assert opened(tmp_path, kind) == INDEXED


@pytest.mark.parametrize("kind", ["hash", "btree", "cdb", "lmdb"])
def test_damaged_index_is_an_error_that_names_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"t{INDEXES[kind][0]}"
    path.write_bytes(b"nothing of the sort")
    with pytest.raises(TableError, match=rf"{path}: .+ \(or put the text {tmp_path}/t beside it\)"):
        opened(tmp_path, kind)


@pytest.mark.parametrize("kind", ["dbm", "sdbm"])
def test_index_that_nothing_reads_needs_its_text(kind: str, tmp_path: Path) -> None:
    (tmp_path / "t.pag").touch()
    os.utime(tmp_path / "t.pag", (20, 20))
    with pytest.raises(TableError, match=f"nothing here reads {kind} files"):
        opened(tmp_path, kind)
    write_text(tmp_path, at=10)
    assert dict(open_strictly(f"{kind}:{tmp_path}/t", print).items()) == TEXT


def test_missing_library_is_named_and_the_text_serves_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, "lmdb", at=20)
    monkeypatch.setattr("fastsmtp.lookup.index_lmdb.find_spec", lambda name: None)
    monkeypatch.setattr("fastsmtp.lookup.remote.find_spec", lambda name: None)
    with pytest.raises(TableError, match=r"lmdb is not installed: pip install 'fastsmtp\[lmdb\]'"):
        opened(tmp_path, "lmdb")
    write_text(tmp_path, at=10)
    assert dict(open_strictly(f"lmdb:{tmp_path}/t", print).items()) == TEXT


def test_result_that_is_no_text_is_an_error_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "t.cdb").write_bytes(cdb([(b"a", b"\xff"), (b"b", "ö".encode())]))
    table = open_strictly(f"cdb:{tmp_path}/t", pytest.fail)
    assert table.get("b") == "ö"
    with pytest.raises(TableError, match='the result for "a" is not UTF-8'):
        table.get("a")


def test_neither_index_nor_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="No such file"):
        opened(tmp_path, "hash")


@pytest.mark.parametrize("kind", INDEXES)
def test_edited_text_and_index_built_anew_are_both_seen(kind: str, tmp_path: Path) -> None:
    path = build(tmp_path, kind, at=20)
    write_text(tmp_path, at=10)
    table = open_strictly(f"{kind}:{tmp_path}/t", print)
    assert not changed(table)
    write_text(tmp_path, at=30)
    assert changed(table)
    table = open_strictly(f"{kind}:{tmp_path}/t", print)
    assert dict(table.items()) == TEXT
    os.utime(path, (40, 40))
    assert changed(table)
    assert opened(tmp_path, kind) == INDEXED
