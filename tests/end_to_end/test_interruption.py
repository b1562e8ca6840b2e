"""A send that is interrupted on purpose, continued, or started twice."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import fastsmtp, started
from tests.support.jobs import Job
from tests.support.receiver import Receiver
from tests.support.waiting import eventually

COUNT = 400
DELAY = 0.05  # seconds for each message: about 2 s for the job, with ten sessions
FEW = "smtp_destination_concurrency_limit=10"
WRONG, WAITS = 2, 75  # exit status: nothing was sent; some recipients still wait


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job.write(tmp_path, COUNT)


@pytest.fixture
def slow_receiver() -> Iterator[Receiver]:
    with Receiver(delay=DELAY) as running:
        yield running


def recipients(receiver: Receiver) -> list[str]:
    return [recipient for transaction in receiver.transactions for recipient in transaction.recipients]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_send_finishes_what_is_in_flight_and_goes_on_later(
    job: Job, slow_receiver: Receiver, number: signal.Signals
) -> None:
    arguments = [word for word in job.arguments(slow_receiver.port, FEW) if word != "--quiet"]
    running = started("send", *arguments)
    eventually(lambda: len(slow_receiver.transactions) > COUNT // 8)
    running.send_signal(number)
    output, errors = running.communicate(timeout=30)
    before = recipients(slow_receiver)
    assert running.returncode == WAITS, errors.decode()
    assert b"Traceback" not in errors
    assert b"send" in output + errors, "says how to continue"
    assert len(before) < COUNT, "nothing was left to interrupt"

    done = fastsmtp("send", *job.arguments(slow_receiver.port, FEW))
    assert done.status == 0, done.said
    assert sorted(recipients(slow_receiver)) == sorted(job.expected), "each exactly once"
    assert {row["email"]: row["status"] for row in job.results()} == dict.fromkeys(job.expected, "sent")


def test_second_send_on_one_spool_is_refused_and_harms_nothing(job: Job, slow_receiver: Receiver) -> None:
    running = started("send", *job.arguments(slow_receiver.port, FEW))
    eventually(lambda: len(slow_receiver.transactions) > COUNT // 8)
    second = fastsmtp("send", *job.arguments(slow_receiver.port, FEW))
    assert second.status == WRONG
    assert "Traceback" not in second.said
    assert len(second.errors.strip().splitlines()) == 1, second.errors
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors.decode()
    assert sorted(recipients(slow_receiver)) == sorted(job.expected)


def test_finished_job_is_not_sent_again(job: Job, receiver: Receiver) -> None:
    assert fastsmtp("send", *job.arguments(receiver.port)).status == 0
    again = fastsmtp("send", *job.arguments(receiver.port))
    assert again.status == 0, again.said
    assert sorted(recipients(receiver)) == sorted(job.expected)


def test_send_that_waits_for_its_start_heeds_the_first_interruption(job: Job) -> None:
    job.path.write_text(job.path.read_text() + "start = 2031-01-01T09:00:00Z\n")
    running = started("send", job.path, "-o", "relayhost=[127.0.0.1]:1")
    assert running.stderr is not None
    said = running.stderr.readline().decode()
    assert said == "fastsmtp send: nothing is sent before 2031-01-01 09:00:00 UTC, the job's start\n"
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=20)
    assert running.returncode == WAITS, errors.decode()
    assert f"{COUNT} rows = 0 sent + {COUNT} waiting" in errors.decode()


def test_send_that_cannot_protect_the_mail_as_told_sends_nothing(job: Job, receiver: Receiver) -> None:
    done = fastsmtp("send", *job.arguments(receiver.port, "smtp_tls_security_level=encrypt"), "--once")
    assert done.status == WAITS
    assert receiver.transactions == []
    assert all("TLS is required, but was not offered by host" in row["reply"] for row in job.results())


def test_results_without_a_place_are_told_after_the_books_and_asked_for_again(
    job: Job, receiver: Receiver
) -> None:
    part = job.results_path.with_name(job.results_path.name + ".part")
    part.mkdir()
    arguments = [word for word in job.arguments(receiver.port) if word != "--quiet"]
    done = fastsmtp("send", *arguments)
    assert done.status == WAITS
    assert f"{COUNT} rows = {COUNT} sent\n" in done.errors
    assert done.errors.endswith(f"fastsmtp send: {job.results_path}: cannot be written: Is a directory\n")
    part.rmdir()
    assert fastsmtp("send", *arguments).status == 0
    assert len(job.results()) == len(receiver.transactions) == COUNT
