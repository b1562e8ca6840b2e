"""`send --workers N`: one job, several processes, and the same promises as with one."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SpoolError
from fastsmtp.job.jobfile import load as load_job
from fastsmtp.spool.storage import connect
from fastsmtp.worker.run import send as fastsmtp_send
from tests.support.background_sink import BackgroundSink
from tests.support.commands import ROOT, fastsmtp, started
from tests.support.jobs import Job
from tests.support.waiting import eventually

COUNT = 600
LIMIT = 7
LIMITED = f"smtp_destination_concurrency_limit={LIMIT}"
ONE_BY_ONE = "smtp_chunking_enable=no"  # one message in flight a session, and time to disturb the rest
ALL_SENT, SOME_FAILED, WRONG, WAITS = 0, 1, 2, 75


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job.write(tmp_path, COUNT)


@pytest.fixture
def sink() -> Iterator[BackgroundSink]:
    with BackgroundSink(delay=0.004) as running:
        yield running


def arguments(job: Job, sink: BackgroundSink, workers: int, *settings: str) -> list[str | Path]:
    return [*job.arguments(sink.port, LIMITED, ONE_BY_ONE, *settings), "--workers", str(workers)]


def loud(words: list[str | Path]) -> list[str | Path]:
    return [word for word in words if word != "--quiet"]


def shards(job: Job) -> list[Path]:
    return sorted((job.path.parent / ".fastsmtp" / "job").glob("shard-*.db"))


def children(process: "subprocess.Popen[bytes]") -> list[int]:
    """Of a process of ours, in the order in which they were started."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(word) for word in listed.split()]


def assert_all_sent_once(job: Job, sink: BackgroundSink) -> None:
    assert Counter(sink.recipients()) == dict.fromkeys(job.expected, 1)
    rows = job.results()
    assert {row["email"]: row["status"] for row in rows} == dict.fromkeys(job.expected, "sent")
    assert len(rows) == len(job.expected)


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_send_all_once_within_the_limit(job: Job, sink: BackgroundSink, workers: int) -> None:
    done = fastsmtp("send", *arguments(job, sink, workers))
    assert done.status == ALL_SENT, done.said
    assert done.said == ""
    assert_all_sent_once(job, sink)
    assert len({row["queue_id"] for row in job.results()}) == COUNT
    assert len(shards(job)) == workers
    assert workers <= sink.tally.most_open <= LIMIT
    assert sink.tally.lost == 0, "sessions end with QUIT"

    again = fastsmtp("send", *arguments(job, sink, workers))
    assert again.status == ALL_SENT, again.said
    assert_all_sent_once(job, sink)


def test_one_worker_imports_nothing_for_several(job: Job, sink: BackgroundSink) -> None:
    program = "import sys; from fastsmtp.cli.main import main; main(); print(*sys.modules)"
    words = [sys.executable, "-c", program, "send", *arguments(job, sink, 1)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    imported = set(done.stdout.split())
    assert "fastsmtp.cli.send" in imported
    assert (
        not {"multiprocessing", "fastsmtp.daemon.crew", "fastsmtp.cli.send_crew", "fastsmtp.worker.only"}
        & imported
    )
    assert_all_sent_once(job, sink)


def test_limits_bound_the_number_of_workers(job: Job, sink: BackgroundSink) -> None:
    done = fastsmtp("send", *loud(arguments(job, sink, 4, "smtp_destination_concurrency_limit=2")))
    assert done.status == ALL_SENT, done.said
    assert "the number of workers is 2" in done.errors
    assert len(shards(job)) == 2
    assert sink.tally.most_open <= 2


def test_limit_that_leaves_one_worker_is_a_job_of_one_shard(job: Job, sink: BackgroundSink) -> None:
    done = fastsmtp("send", *loud(arguments(job, sink, 4, "smtp_destination_concurrency_limit=1")))
    assert done.status == ALL_SENT, done.said
    assert [path.name for path in shards(job)] == ["shard-0.db"]
    assert sink.tally.most_open == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_job_goes_on_with_its_own_number_of_workers(
    job: Job, sink: BackgroundSink, number: signal.Signals
) -> None:
    running = subprocess_of(arguments(job, sink, 3))
    eventually(lambda: len(sink) > COUNT // 8)
    os.killpg(running.pid, number)  # as a terminal does it for Ctrl-C: the workers get it too
    _, errors = running.communicate(timeout=30)
    assert running.returncode == WAITS, errors.decode()
    assert b"Traceback" not in errors
    assert len(sink) < COUNT, "nothing was left to interrupt"

    done = fastsmtp("send", *loud(arguments(job, sink, 2)))
    assert done.status == ALL_SENT, done.said
    assert "the job was begun with --workers 3, which stands" in done.errors
    assert_all_sent_once(job, sink)


def subprocess_of(words: list[str | Path]) -> "subprocess.Popen[bytes]":
    return started("send", *words, own_group=True)


def test_job_begun_with_one_worker_stays_with_one(job: Job, sink: BackgroundSink) -> None:
    running = subprocess_of(arguments(job, sink, 1))
    eventually(lambda: len(sink) > COUNT // 8)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    done = fastsmtp("send", *loud(arguments(job, sink, 3)))
    assert done.status == ALL_SENT, done.said
    assert "the job was begun with --workers 1, which stands" in done.errors
    assert len(shards(job)) == 1
    assert_all_sent_once(job, sink)


def test_lower_limit_lets_fewer_workers_send_at_a_time(job: Job, sink: BackgroundSink) -> None:
    running = subprocess_of(arguments(job, sink, 3))
    eventually(lambda: len(sink) > COUNT // 8)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    eventually(lambda: sink.tally.open == 0)
    sink.tally.most_open = 0
    done = fastsmtp("send", *loud(arguments(job, sink, 3, "smtp_destination_concurrency_limit=2")))
    assert done.status == ALL_SENT, done.said
    assert "2 of 3 workers send at a time" in done.errors
    assert sink.tally.most_open <= 2
    assert_all_sent_once(job, sink)


def test_killed_worker_is_told_and_the_next_run_takes_its_share_up(job: Job, sink: BackgroundSink) -> None:
    running = subprocess_of(arguments(job, sink, 3))
    eventually(lambda: len(sink) > COUNT // 8)
    os.kill(children(running)[1], signal.SIGKILL)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == WAITS, errors.decode()
    assert "worker 2 of 3 was killed by signal 9" in errors.decode()
    assert "to go on with them: fastsmtp send" in errors.decode()
    before = len(job.results())
    assert before == COUNT, "the results name those that wait too"
    waiting = [row for row in job.results() if row["status"] == "deferred"]
    assert 0 < len(waiting) < COUNT // 2, "the other workers went on to their ends"

    done = fastsmtp("send", *arguments(job, sink, 3))
    assert done.status == ALL_SENT, done.said
    assert {row["email"]: row["status"] for row in job.results()} == dict.fromkeys(job.expected, "sent")
    arrived = Counter(sink.recipients())
    assert set(arrived) == set(job.expected)
    assert arrived.total() - COUNT <= LIMIT, "more than was in flight came twice"


def test_workers_of_a_killed_parent_stop_and_keep_others_out_until_then(
    job: Job, sink: BackgroundSink
) -> None:
    running = subprocess_of(arguments(job, sink, 3))
    eventually(lambda: len(sink) > COUNT // 8)
    running.kill()
    running.communicate(timeout=30)  # the workers hold its standard error: this waits for them
    assert len(sink) < COUNT, "nothing was left to stop"
    done = fastsmtp("send", *arguments(job, sink, 3))
    assert done.status == ALL_SENT, done.said
    assert_all_sent_once(job, sink)


@pytest.mark.parametrize("workers", [1, 3])
def test_second_send_is_refused_and_harms_nothing(job: Job, sink: BackgroundSink, workers: int) -> None:
    running = subprocess_of(arguments(job, sink, 3))
    eventually(lambda: len(sink) > COUNT // 8)
    second = fastsmtp("send", *arguments(job, sink, workers))
    assert second.status == WRONG
    assert "in use by process" in second.errors
    assert len(second.errors.strip().splitlines()) == 1, second.errors
    _, errors = running.communicate(timeout=60)
    assert running.returncode == ALL_SENT, errors.decode()
    assert_all_sent_once(job, sink)


def test_library_leaves_a_job_of_several_workers_to_the_command(job: Job, sink: BackgroundSink) -> None:
    assert fastsmtp("send", *arguments(job, sink, 2)).status == ALL_SENT
    settings = Settings.load(None, [])

    async def send() -> None:
        async for outcome in fastsmtp_send(load_job(job.path), settings):
            pytest.fail(f"sent to {outcome.recipient.address}")

    with pytest.raises(SpoolError, match="begun with several workers"):
        asyncio.run(send())
    assert_all_sent_once(job, sink)


def test_duplicates_across_the_list_are_found_and_bad_rows_told_once(
    tmp_path: Path, sink: BackgroundSink
) -> None:
    readers = [f"reader{number}@list{number % 5}.example" for number in range(60)]
    shouted = [reader.upper() for reader in readers[:20]]
    bad = ["nobody", "two@@x.example", "blank in@x.example", ""]
    lines = [*readers, *bad[:3], *shouted]
    (tmp_path / "list.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "m.eml").write_text("Subject: t\n\nhello\n")
    path = tmp_path / "job.toml"
    path.write_text('sender = "s@x.example"\nmessage = "m.eml"\nrecipients = "list.txt"\n')
    job = Job(path, {})
    done = fastsmtp("send", *arguments(job, sink, 3))
    assert done.status == SOME_FAILED, done.said
    assert Counter(sink.recipients()) == Counter(readers)
    found = job.results()
    assert Counter(row["status"] for row in found) == {"sent": 60, "duplicate": 20, "rejected": 3}
    told = {row["email"]: row["reply"] for row in found if row["status"] == "duplicate"}
    for place, address in enumerate(shouted):
        assert told[address] == f"line {64 + place}: the address of line {place + 1} again"
    refused = sorted(row["reply"].partition(":")[0] for row in found if row["status"] == "rejected")
    assert refused == ["line 61", "line 62", "line 63"]


def test_deferred_recipients_wait_in_every_share(job: Job, tmp_path: Path) -> None:
    with BackgroundSink(defer=30.0) as sink:
        done = fastsmtp("send", *arguments(job, sink, 3), "--once")
    assert done.status == WAITS, done.said
    counted = Counter(row["status"] for row in job.results())
    assert counted["sent"] + counted["deferred"] == COUNT
    assert counted["sent"] == len(sink)
    for path in shards(job):
        connection = connect(path)
        (deferred,) = connection.execute("SELECT count(*) FROM outcome WHERE status = 'deferred'").fetchone()
        connection.close()
        assert deferred > 0


def test_list_that_cannot_be_read_is_told_once_and_nothing_is_sent(
    tmp_path: Path, sink: BackgroundSink
) -> None:
    (tmp_path / "list.txt.gz").write_bytes(b"\x1f\x8b\x08\x00 not at all")
    (tmp_path / "m.eml").write_text("Subject: t\n\nhello\n")
    path = tmp_path / "job.toml"
    path.write_text('sender = "s@x.example"\nmessage = "m.eml"\nrecipients = "list.txt.gz"\n')
    done = fastsmtp("send", *arguments(Job(path, {}), sink, 3))
    assert done.status == WRONG
    assert len(done.errors.strip().splitlines()) == 1, done.errors
    assert sink.tally.connections == 0
