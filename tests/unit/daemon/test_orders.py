"""What a crew and its workers say to each other arrives as it was meant, cut anywhere."""

import os
from collections.abc import Iterator

import pytest

from fastsmtp.daemon.orders import (
    ABORT,
    READ_SIZE,
    SENDING,
    STOP,
    Lines,
    Order,
    Report,
    books_of,
    command_of,
    line,
    order_of,
    report_of,
)
from fastsmtp.spool.records import Books
from fastsmtp.worker.share import Share

ORDER = Order("a\njob.toml", None, ["a=b\n c"], "spöol", 1_790_000_000.25, "-", True)
BOOKS = Books(*range(1, 11))


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def test_messages_arrive_as_they_were_sent() -> None:
    assert order_of(line(ORDER).decode()) == ORDER
    for told in (Share(2, 3), STOP, ABORT):
        assert command_of(line(told).decode()) == told
    report = report_of(line(Report(SENDING, BOOKS, 12, ["a", "b"])).decode())
    assert (report.state, report.sessions, report.said) == (SENDING, 12, ["a", "b"])
    assert books_of(report) == BOOKS


def test_progress_report_of_the_largest_job_fits_into_a_pipe_whole() -> None:
    assert len(line(Report(SENDING, Books(*[10**12] * len(Books._fields)), 10**6))) < 512  # POSIX: PIPE_BUF


def test_line_cut_anywhere_is_one_line(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    lines, found = Lines(reading), []
    for octet in line(ORDER) + line(STOP):
        os.write(writing, bytes([octet]))
        found += lines.read()
    assert [order_of(found[0]), command_of(found[1])] == [ORDER, STOP]
    assert not lines.ended
    os.close(writing)
    assert lines.read() == []
    assert lines.ended


def test_several_lines_come_at_once_and_the_rest_of_one_later(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    lines = Lines(reading)
    os.write(writing, b'"stop"\n"abort"\n"st')
    assert lines.read() == ['"stop"', '"abort"']
    os.write(writing, b'op"\n')
    assert lines.read() == ['"stop"']
    long = "x" * (READ_SIZE // 2)
    os.write(writing, line(long))
    assert [command_of(text) for text in lines.read()] == [long]
    os.close(writing)


def test_pipe_that_holds_nothing_yet_is_no_end(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.set_blocking(reading, False)
    lines = Lines(reading)
    assert lines.read() == []
    assert not lines.ended
    os.close(writing)
