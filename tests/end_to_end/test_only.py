"""`send --only STATUSES`: some rows of an ended run, sent to anew as a run of their own."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.support.background_sink import BackgroundSink
from tests.support.commands import fastsmtp, started
from tests.support.jobs import Job
from tests.support.waiting import eventually

COUNT = 600
ALL_SENT, SOME_FAILED, WRONG, WAITS = 0, 1, 2, 75


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job.write(tmp_path, COUNT)


def with_status(job: Job, *statuses: str) -> set[str]:
    return {row["email"] for row in job.results() if row["status"] in statuses}


def run(job: Job, sink: BackgroundSink, *words: str) -> int:
    done = fastsmtp("send", *job.arguments(sink.port), *words)
    assert "Traceback" not in done.said
    return done.status


@pytest.mark.parametrize("workers", [("1", "1"), ("3", "1"), ("1", "3"), ("3", "2")])
def test_bounced_and_deferred_rows_are_sent_to_as_a_run_of_their_own(
    job: Job, workers: tuple[str, str]
) -> None:
    with BackgroundSink(defer=20.0, reject=10.0) as sink:
        assert run(job, sink, "--once", "--workers", workers[0]) == WAITS
        first = set(sink.recipients())
    deferred, bounced = with_status(job, "deferred"), with_status(job, "bounced")
    assert deferred
    assert bounced

    with BackgroundSink() as sink:
        assert run(job, sink, "--only", "deferred,bounced", "--workers", workers[1]) == ALL_SENT
        assert Counter(sink.recipients()) == dict.fromkeys(deferred | bounced, 1)
        assert Counter(sink.contents) == Counter(job.expected[email] for email in deferred | bounced)
        assert not first & set(sink.recipients())
    assert with_status(job, "sent") == deferred | bounced
    assert len(job.results()) == len(deferred | bounced)

    with BackgroundSink() as sink:
        assert run(job, sink) == SOME_FAILED
        assert sink.recipients() == [], "nobody is left to the first run"
    moved = {row["email"]: row["reply"] for row in job.results() if row["status"] == "cancelled"}
    assert moved == dict.fromkeys(deferred, "continued in job.only-1")
    assert with_status(job, "bounced") == bounced
    assert len(job.results()) == COUNT


def test_message_and_sender_are_those_of_the_ended_run(job: Job) -> None:
    with BackgroundSink(reject=10.0) as sink:
        assert run(job, sink) == SOME_FAILED
    bounced = with_status(job, "bounced")
    message = job.path.with_name("message.eml")
    message.write_text(message.read_text().replace("Dear", "Cheap"))
    with BackgroundSink() as sink:
        words = [word for word in job.arguments(sink.port) if word != "--quiet"]
        done = fastsmtp("send", *words, "--only", "bounced")
        assert done.status == ALL_SENT, done.said
        assert "has changed since the job began: the message read then is sent" in done.errors
        assert Counter(sink.contents) == Counter(job.expected[email] for email in bounced)


@pytest.mark.parametrize("workers", ["1", "3"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_run_is_gone_on_with(job: Job, number: signal.Signals, workers: str) -> None:
    with BackgroundSink(reject=100.0) as sink:
        assert run(job, sink) == SOME_FAILED
    with BackgroundSink(delay=0.01) as sink:
        words = [*job.arguments(sink.port), "--only", "bounced", "--workers", workers]
        running = started("send", *words)
        eventually(lambda: len(sink) > COUNT // 8)
        running.send_signal(number)
        running.communicate(timeout=30)
        assert len(sink) < COUNT, "nothing was left to interrupt"
        assert run(job, sink, "--only", "bounced", "--workers", workers) == ALL_SENT
        assert set(sink.recipients()) == set(job.expected)
        if number == signal.SIGINT or workers == "3":
            assert len(sink) == COUNT
    assert with_status(job, "sent") == set(job.expected)
    assert [path.name for path in (job.path.parent / ".fastsmtp").glob("job.only-*")] == ["job.only-1"]


def test_run_that_has_not_ended_is_refused_and_nothing_is_sent(job: Job) -> None:
    with BackgroundSink(defer=50.0) as sink:
        assert run(job, sink, "--once") == WAITS
    with BackgroundSink() as sink:
        done = fastsmtp("send", *job.arguments(sink.port), "--only", "bounced")
        assert done.status == WRONG
        assert "fastsmtp send: job has not ended: " in done.errors
        assert len(done.errors.strip().splitlines()) == 1
        assert sink.tally.connections == 0
        assert run(job, sink) == ALL_SENT
        done = fastsmtp("send", *job.arguments(sink.port), "--only", "bounced")
        assert done.status == WRONG
        assert done.errors == "fastsmtp send: no recipient of job is bounced\n"
