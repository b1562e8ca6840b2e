"""When, how many at once, and how often: the queue."""

from typing import Any
from unittest import mock

from fastsmtp.spool.null import NullSpool
from tests.support.memory_peer import Manner
from tests.support.world import World
from tests.unit.parameters.proof import Proof

SLOW = Manner(offers=(), delay=1.0)
LATER = Manner(answers={"RCPT": "450 4.2.0 later"})
SINGLY = {"smtp_destination_recipient_limit": "1"}
WIDE = {**SINGLY, "smtp_destination_concurrency_limit": "$default_destination_concurrency_limit"}
OPEN = {"smtp_destination_concurrency_limit": "0"}
NATIVE = {f"x{number}.example": [f"192.0.2.{number}"] for number in range(8)}
DIRECT = {"relayhost": "", "disable_dns_lookups": "yes"}


def many(count: int) -> list[str]:
    return [f"r{number}@x.example" for number in range(count)]


def at_once(**settings: str) -> int:
    """Sessions open at once to one destination."""
    return World(SLOW).run(many(60), **settings).most_open


def at_first(**settings: str) -> int:
    """Sessions opened at once for a new destination."""
    seen = World(SLOW).run(many(60), **settings)
    return sum(c.opened_at == seen.began_at for c in seen.conversations)


def in_all(**settings: str) -> int:
    """Sessions open at once to eight destinations."""
    return World(SLOW, native=NATIVE).run([f"r@{name}" for name in NATIVE], **(DIRECT | settings)).most_open


def attempts(**settings: str) -> list[float]:
    """When one recipient is tried, until it expires: seconds after the first attempt."""
    span = {"minimal_backoff_time": "100", "maximal_backoff_time": "400", "maximal_queue_lifetime": "700s"}
    seen = World(LATER).run(once=False, **(span | settings))
    return [round(outcome.finished_at - seen.history[0].finished_at) for outcome in seen.history]


def notice_attempts(**settings: str) -> int:
    """The same for the null sender: how many."""
    span = {"minimal_backoff_time": "100", "maximal_backoff_time": "100", "maximal_queue_lifetime": "700s"}
    return len(World(LATER).run(sender="", once=False, **(span | settings)).history)


def connections_to_the_dead(**settings: str) -> int:
    """How often a dead destination is tried before the rest of its recipients is deferred unseen."""
    return len(World(Manner(absent=True)).run(many(60), **(SINGLY | settings)).refused)


def narrowed(**settings: str) -> list[int]:
    """How many connections to a site that never answers are tried at once, first and then."""
    seen = World(Manner(mute=True)).run(many(20), **(SINGLY | OPEN | settings))
    moments = [at for at, _ in seen.connects]
    return [moments.count(at) for at in sorted(set(moments))][:2]


def read_at_once(**settings: str) -> int:
    """Recipients read from the spool before anything is sent."""
    read: list[int] = []
    window = NullSpool.window

    def counted(self: NullSpool, *bounds: int) -> Any:
        found = window(self, *bounds)
        read.append(len(found))
        return found

    world = World(Manner(mute=True), native=NATIVE)
    with mock.patch.object(NullSpool, "window", counted), mock.patch.object(World, "connect", _nowhere(read)):
        world.run([f"r{n}@{name}" for name in NATIVE for n in range(300)], **(DIRECT | settings))
    return -min(read)


def _nowhere(read: list[int]) -> Any:
    """Keeps the sum of what was read when the first connection is asked for."""

    async def connect(self: World, *_: Any) -> Any:
        if not any(number < 0 for number in read):
            read.append(-sum(read))
        raise ConnectionRefusedError(111, "Connection refused")

    return connect


WIDENING = {"0": 1, "1/concurrency": 9, "0.5": 14, "1": 15}
NARROWING = {"0": [4, 4], "1": [4, 1]}
NEVER_DEAD = {
    "initial_destination_concurrency": "4",
    "default_destination_concurrency_failed_cohort_limit": "0",
}
DYING = {"1": 1, "3": 3, "0": 60}

PROOFS = [
    Proof("smtp_destination_concurrency_limit", at_once, {"1": 1, "3": 3}, also=SINGLY),
    Proof("default_destination_concurrency_limit", at_once, {"1": 1, "3": 3}, also=WIDE),
    Proof("initial_destination_concurrency", at_first, {"1": 1, "4": 4}, also=SINGLY | OPEN),
    Proof("smtp_initial_destination_concurrency", at_first, {"1": 1, "4": 4}, also=SINGLY | OPEN),
    Proof("default_process_limit", in_all, {"100": 8, "3": 3}),
    Proof("minimal_backoff_time", attempts, {"100": [0, 100, 200, 400, 800], "200": [0, 200, 400, 800]}),
    Proof(
        "maximal_backoff_time", attempts, {"400": [0, 100, 200, 400, 800], "100": list(range(0, 800, 100))}
    ),
    Proof("maximal_queue_lifetime", attempts, {"700s": [0, 100, 200, 400, 800], "0": [0]}),
    Proof("bounce_queue_lifetime", notice_attempts, {"5d": 8, "300s": 4}),
    Proof("smtp_destination_concurrency_positive_feedback", at_once, WIDENING, also=SINGLY | OPEN),
    Proof("default_destination_concurrency_positive_feedback", at_once, WIDENING, also=SINGLY | OPEN),
    Proof("smtp_destination_concurrency_negative_feedback", narrowed, NARROWING, also=NEVER_DEAD),
    Proof("default_destination_concurrency_negative_feedback", narrowed, NARROWING, also=NEVER_DEAD),
    Proof("smtp_destination_concurrency_failed_cohort_limit", connections_to_the_dead, DYING),
    Proof("default_destination_concurrency_failed_cohort_limit", connections_to_the_dead, DYING),
    Proof("qmgr_message_recipient_limit", read_at_once, {"1": 300, "1000": 1200, "20000": 2400}),
]
