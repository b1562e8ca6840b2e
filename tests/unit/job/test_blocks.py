"""A list file as text: line ends, compression, what cannot be read; memory stays flat."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from fastsmtp.errors import JobError
from fastsmtp.job import blocks, rows
from tests.support.lists import read, write


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("name", ["list.csv", "list.CSV.gz"])
def test_line_ends_mark_and_compression_do_not_matter(
    tmp_path: Path, end: str, mark: bytes, last: bool, name: str
) -> None:
    content = mark + end.join(["email,name", "a@b.c,Ann", "", "d@e.f,Bob"] + [""] * last).encode()
    for stored in (content, gzip.compress(content)):
        good, bad = read(write(tmp_path, name, stored), "name")
        assert [(row[0], row[1], row[4]) for row in good] == [(2, "a@b.c", "Ann"), (4, "d@e.f", "Bob")]
        assert bad == []


@pytest.mark.parametrize("size", [7, 16, 63, 200])
def test_cut_of_the_blocks_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    content = "email,name\n" + "".join(f"a{n}@b.c,Zoë {n}\n{'' if n % 3 else 'bad'}\n" for n in range(30))
    path = write(tmp_path, "list.csv", content)
    whole = read(path, "name")
    monkeypatch.setattr(blocks, "BLOCK_SIZE", size)
    assert read(path, "name") == whole


def test_line_beyond_the_limit_is_one_bad_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_SIZE", 64)
    monkeypatch.setattr(blocks, "LINE_LIMIT", 200)
    for name, lines in (
        ("list.csv", ["email,name", "a@b.c,Ann", "x@y.z," + "x" * 1000, "d@e.f,Bob"]),
        ("list.txt", ["# list", "a@b.c", "x" * 1000, "d@e.f"]),
        ("list.jsonl", ["", '{"email": "a@b.c"}', '{"email": "' + "x" * 1000 + '"}', '{"email": "d@e.f"}']),
    ):
        good, bad = read(write(tmp_path, name, "\n".join(lines)))
        assert [row[:2] for row in good] == [(2, "a@b.c"), (4, "d@e.f")]
        assert bad == [(3, "", "line longer than 200 octets")]


def test_gzip_cut_short_ends_the_job(tmp_path: Path) -> None:
    content = gzip.compress(b"email\n" + b"".join(b"a%d@b.c\n" % n for n in range(20_000)))
    for damaged in (content[:-1000], content[:1000] + b"\0" * 20 + content[1020:]):
        path = write(tmp_path, "list.csv", damaged)
        with pytest.raises(JobError, match="cannot be read: "):
            read(path)


def test_list_that_is_not_there_ends_the_job(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="cannot be read: No such file"):
        read(tmp_path / "list.txt")


def test_memory_does_not_grow_with_the_list(tmp_path: Path) -> None:
    peaks = []
    for count in (20_000, 60_000):
        path = write(
            tmp_path, "list.csv", "email,name\n" + "".join(f"a{n}@d{n % 700}.org,Ann\n" for n in range(count))
        )
        tracemalloc.start()
        for _ in rows.read(path, rows.fields_format(path, {"name"})):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.1
