"""SIGKILL at random moments, twenty times, then to the end: nobody is lost, few get it twice.

A killed sender cannot know whether a peer had taken the messages whose final dot was out: those may come
again, one a session, for the next message leaves when the answer to the one before is on record.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.commands import fastsmtp, started
from tests.support.jobs import Job
from tests.support.receiver import Receiver
from tests.support.smtp_sink import SmtpSink, find
from tests.support.waiting import eventually

KILLS = 20
COUNT = 15_000
SESSIONS = 10
LIMIT = f"smtp_destination_concurrency_limit={SESSIONS}"
MOST_ARRIVALS = 400  # in a run, so that the last kill finds work
LONGEST_RUN = 0.6  # seconds: start, import, first messages


class Peer:
    """A receiver by its port, and who got a message so far."""

    def __init__(self, port: int, arrivals: Callable[[], list[str]], count: Callable[[], int]) -> None:
        self.port = port
        self.arrivals = arrivals
        self.count = count


def aiosmtpd(stack: ExitStack) -> Peer:
    receiver = stack.enter_context(Receiver())

    def arrivals() -> list[str]:
        return [recipient for transaction in receiver.transactions for recipient in transaction.recipients]

    return Peer(receiver.port, arrivals, lambda: len(receiver.transactions))


def sink(stack: ExitStack) -> Peer:
    """The one that offers PIPELINING."""
    if find("smtp-sink") is None:
        pytest.skip("smtp-sink is not installed")
    running = stack.enter_context(SmtpSink(keep=True))

    def arrivals() -> list[str]:
        return [recipient for message in running.kept() for recipient in message.recipients]

    return Peer(running.port, arrivals, running.kept_count)


@pytest.fixture(params=[aiosmtpd, sink])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    with ExitStack() as stack:
        yield request.param(stack)


def test_kills_at_random_moments_lose_nobody(peer: Peer, tmp_path: Path) -> None:
    job = Job.write(tmp_path, COUNT)
    chance = random.Random()
    seed = chance.getrandbits(32)
    chance.seed(seed)
    killed = 0
    for number in range(KILLS):
        running = started("send", *job.arguments(peer.port, LIMIT))
        moment = time.monotonic() + chance.uniform(0, LONGEST_RUN)
        enough = peer.count() + chance.randrange(1, MOST_ARRIVALS)
        eventually(lambda: time.monotonic() > moment or peer.count() >= enough)  # noqa: B023
        running.kill()
        _, errors = running.communicate(timeout=30)
        assert running.returncode in (0, -9), f"seed {seed}, kill {number}: {errors.decode()}"
        killed += running.returncode != 0
    assert killed == KILLS, "it was done before the last kill: more recipients are needed"

    done = fastsmtp("send", *job.arguments(peer.port, LIMIT))
    assert done.status == 0, done.said
    arrived = Counter(peer.arrivals())
    assert set(arrived) == set(job.expected), f"seed {seed}: {set(job.expected) - set(arrived)} are lost"
    assert {row["email"]: row["status"] for row in job.results()} == dict.fromkeys(job.expected, "sent")
    assert len(job.results()) == COUNT
    most = KILLS * SESSIONS
    assert arrived.total() - COUNT <= most, f"seed {seed}: too many duplicates"
