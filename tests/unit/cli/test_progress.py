"""What a run shows of itself: plain lines, a live display, a summary that adds up, or nothing."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from fastsmtp.cli.live import LiveDisplay, drawing
from fastsmtp.cli.progress import (
    PLAIN_INTERVAL,
    STATUSES,
    Progress,
    Rate,
    Standing,
    Summary,
    plain_line,
    span_text,
    summary_text,
)
from fastsmtp.spool.records import Books


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def books(rows: int = 20_000, sent: int = 0, **others: int) -> Books:
    counts = dict.fromkeys(Books._fields, 0) | others | {"rows": rows, "sent": sent}
    counts["untried"] = rows - sum(counts[name] for name in Books._fields if name not in ("rows", "untried"))
    return Books(**counts)


def test_plain_line_names_each_count_once() -> None:
    standing = Standing(20_000, 12_345, 12_000, 300, 45, 2100.4, 20)
    assert plain_line(standing) == "12345/20000 sent 12000 deferred 300 bounced 45 rate 2100/s sessions 20"


def test_plain_lines_come_every_few_seconds() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = Progress(1000, stream, clock=clock)
    steps = int(PLAIN_INTERVAL * 3 * 5)
    for step in range(steps + 1):
        clock.now = 100.0 + step / 5
        progress.update(books(1000, sent=step * 2, bounced=step, deferred=7), sessions=4)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[-1] == "225/1000 sent 150 deferred 7 bounced 75 rate 15/s sessions 4"


def test_quiet_prints_nothing_at_all() -> None:
    for stream in (io.StringIO(), Terminal()):
        clock = Clock()
        progress = Progress(10, stream, quiet=True, clock=clock)
        clock.now += 1000
        progress.update(books(10), 1)
        progress.close(Summary(books(10), 0, 1.0, None, "x"))
        assert stream.getvalue() == ""


def test_stream_without_a_reader_ends_the_display_and_not_the_job() -> None:
    clock = Clock()
    progress = Progress(10, Closed(), clock=clock)
    clock.now += PLAIN_INTERVAL
    progress.update(books(10), 1)
    progress.update(books(10), 1)
    progress.close(Summary(books(10), 0, 1.0, None, "x"))
    progress = Progress(10, Closed(), clock=clock)
    progress.close(Summary(books(10), 0, 1.0, None, "x"))


def test_summary_is_printed_once() -> None:
    stream = io.StringIO()
    progress = Progress(10, stream)
    summary = Summary(books(10, sent=10), 10, 2.0, None, "x")
    progress.close(summary)
    progress.close(summary)
    assert stream.getvalue() == summary_text(summary) + "\n"


def test_close_without_a_summary_prints_none() -> None:
    stream = io.StringIO()
    Progress(10, stream).close()
    assert stream.getvalue() == ""


def test_summary_of_a_finished_job_balances() -> None:
    done = books(100, sent=90, bounced=4, expired=1, rejected=2, duplicate=1, cancelled=1, unknown=1)
    assert summary_text(Summary(done, 60, 9.54, Path("r.csv"), "never said")).splitlines() == [
        "100 rows = 90 sent + 4 bounced + 1 expired + 2 rejected + 1 duplicate + 1 cancelled + 1 unknown",
        "took 9.5 s, 6 recipients/s",
        "results in r.csv",
    ]
    assert sum(getattr(done, name) for name in STATUSES) == done.rows


def test_summary_of_an_unfinished_job_says_how_to_go_on() -> None:
    text = summary_text(Summary(books(100, sent=90, deferred=4), 0, 0.0, None, "fastsmtp send a.toml"))
    assert text.splitlines() == [
        "100 rows = 90 sent + 10 waiting",
        "took 0.0 s",
        "to go on with those that wait: fastsmtp send a.toml",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.46, "9.5 s"), (59.94, "59.9 s"), (59.96, "1:00"), (125, "2:05"), (3605, "1:00:05")],
)
def test_span_is_short(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


def test_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.add(5000, 0.0) == 0.0  # done before this run
    assert rate.add(5100, 1.0) == pytest.approx(100)
    for second in range(2, 20):
        shown = rate.add(5100 + (second - 1) * 10, float(second))
    assert shown == pytest.approx(10)


def test_time_left_follows_the_rate() -> None:
    assert Standing(100, 50, 50, 0, 0, 10.0, 1).seconds_left == pytest.approx(5)
    assert Standing(100, 50, 50, 0, 0, 0.0, 1).seconds_left is None


def drawn(standing: Standing, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(drawing(standing))
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_drawing_is_two_lines_at_any_width(width: int) -> None:
    standing = Standing(20_000_000, 12_345_678, 12_000_000, 300_000, 45_678, 21_000.0, 1000)
    assert len(drawn(standing, width)) == 2


def test_drawing_tells_counts_rate_sessions_and_time_left() -> None:
    bar, counts = drawn(Standing(20_000, 12_345, 12_000, 300, 45, 2100.0, 20))
    assert bar.rstrip().endswith("62% 12,345/20,000")
    assert " ".join(counts.split()) == "sent 12,000 deferred 300 bounced 45 2,100/s 20 sessions 3.6 s left"
    assert len(drawn(Standing(0, 0, 0, 0, 0, 0.0, 0))) == 2


def test_terminal_gets_the_live_display_and_then_the_summary() -> None:
    stream = Terminal()
    progress = Progress(10, stream)
    progress.update(books(10, sent=5), 2)
    assert "5/10" in stream.getvalue()
    progress.close(Summary(books(10, sent=10), 10, 1.0, None, "x"))
    assert stream.getvalue().endswith("10 rows = 10 sent\ntook 1.0 s, 10 recipients/s\n")


def test_live_display_can_end_before_it_drew() -> None:
    LiveDisplay(Terminal()).close()


def test_rich_is_not_imported_for_a_pipe() -> None:
    code = (
        "import io, sys; from fastsmtp.cli.progress import Progress; Progress(1, io.StringIO()).close();"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_line_that_is_said_stands_above_the_live_display() -> None:
    stream = Terminal()
    clock = Clock()
    progress = Progress(10, stream, clock=clock)
    progress.update(books(10, sent=2), 1)
    progress.say("stopping; 1 delivery is being finished")
    progress.update(books(10, sent=3), 0)
    progress.close()
    shown = stream.getvalue()
    said = shown.index("stopping; 1 delivery is being finished")
    assert shown.rindex("sent 2") > said, "drawn anew below"


def test_line_that_is_said_is_a_line_where_there_is_no_terminal() -> None:
    for stream, quiet, expected in ((io.StringIO(), False, "stopping\n"), (io.StringIO(), True, "")):
        Progress(10, stream, quiet).say("stopping")
        assert stream.getvalue() == expected
    Progress(10, Closed()).say("nobody hears it")


def test_terminal_that_other_lines_go_to_gets_plain_lines_too() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress(10, stream, clock=clock, plain=True)
    clock.now += PLAIN_INTERVAL
    progress.update(books(10, sent=2), 1)
    progress.close()
    assert stream.getvalue() == "2/10 sent 2 deferred 0 bounced 0 rate 0/s sessions 1\n"


def test_nothing_left_needs_no_time() -> None:
    assert Standing(10, 10, 10, 0, 0, 5.0, 0).seconds_left is None


def test_summary_of_one_row_that_was_done_before_has_no_rate() -> None:
    text = summary_text(Summary(books(1, sent=1), 0, 0.2, None, "never said"))
    assert text.splitlines() == ["1 row = 1 sent", "took 0.2 s"]
