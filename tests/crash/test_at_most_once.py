"""delivery_guarantee = at_most_once under SIGKILL: nobody gets two copies; whoever may have got one is known.

Who is `sent` got it, once. Who is `unknown` was on the wire when a process died, and got it once or not at
all: one a session and kill at most.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import fastsmtp, started
from tests.support.jobs import Job
from tests.support.smtp_sink import SmtpSink, find
from tests.support.waiting import eventually

COUNT = 5_000
SESSIONS = 10
KILLS = 10
MOST_ARRIVALS = 250
LONGEST_RUN = 0.8  # seconds
GUARANTEE = "delivery_guarantee=at_most_once"
LIMIT = f"smtp_destination_concurrency_limit={SESSIONS}"
SOME_UNKNOWN = 1


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    if find("smtp-sink") is None:
        pytest.skip("smtp-sink is not installed")
    with SmtpSink(keep=True) as running:
        yield running


def arrived(sink: SmtpSink) -> Counter[str]:
    return Counter(recipient for message in sink.kept() for recipient in message.recipients)


def killed_run(sink: SmtpSink, arguments: list[str | Path], chance: random.Random) -> bool:
    """Starts the job, kills all of its processes at a random moment; False: it was done before."""
    running = started("send", *arguments, own_group=True)
    moment = time.monotonic() + chance.uniform(0, LONGEST_RUN)
    enough = sink.kept_count() + chance.randrange(1, MOST_ARRIVALS)
    eventually(lambda: time.monotonic() > moment or sink.kept_count() >= enough)
    killed = running.poll() is None
    if killed:
        os.killpg(running.pid, signal.SIGKILL)
    _, errors = running.communicate(timeout=30)
    assert running.returncode in (0, SOME_UNKNOWN, -9), errors.decode()
    return killed


@pytest.mark.parametrize("workers", [1, 2])
def test_kills_at_random_moments_send_nobody_two_copies(workers: int, sink: SmtpSink, tmp_path: Path) -> None:
    job = Job.write(tmp_path, COUNT)
    arguments = [*job.arguments(sink.port, LIMIT, GUARANTEE), "--workers", str(workers)]
    chance = random.Random()
    seed = chance.getrandbits(32)
    chance.seed(seed)
    killed = sum(killed_run(sink, arguments, chance) for _ in range(KILLS))
    assert killed == KILLS, "it was done before the last kill: more recipients are needed"

    done = fastsmtp("send", *arguments)
    got = arrived(sink)
    assert set(got.values()) == {1}, f"seed {seed}: {[who for who in got if got[who] > 1]} got several copies"
    fates = {row["email"]: row["status"] for row in job.results()}
    assert set(fates) == set(job.expected)
    assert set(fates.values()) <= {"sent", "unknown"}
    sent = {who for who, status in fates.items() if status == "sent"}
    assert sent <= set(got), f"seed {seed}: {sent - set(got)} are lost"
    unknown = set(fates) - sent
    assert set(got) - sent <= unknown
    assert len(unknown) <= KILLS * SESSIONS, f"seed {seed}"
    assert done.status == (SOME_UNKNOWN if unknown else 0), done.said


def test_killed_once_run_leaves_unknown_what_only_unknown_sends_anew(sink: SmtpSink, tmp_path: Path) -> None:
    job = Job.write(tmp_path, COUNT)
    arguments = [*job.arguments(sink.port, LIMIT, GUARANTEE), "--once"]
    running = started("send", *arguments)
    eventually(lambda: sink.kept_count() > COUNT // 10)
    running.kill()
    running.communicate(timeout=30)
    done = fastsmtp("send", *arguments)
    fates = {row["email"]: row["status"] for row in job.results()}
    unknown = {who for who, status in fates.items() if status == "unknown"}
    assert done.status == (SOME_UNKNOWN if unknown else 0), done.said
    if unknown:
        anew = fastsmtp("send", *arguments, "--only", "unknown")
        assert anew.status == 0, anew.said
        assert {row["email"] for row in job.results()} == unknown
    assert set(arrived(sink)) == set(job.expected)
