"""Deadlines for whole requests."""

from tests.support.memory_peer import Manner
from tests.support.world import World
from tests.unit.parameters.proof import Proof

LONG = b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 50_000


def fate_of_a_trickle(**settings: str) -> str:
    seen = World(Manner(offers=(), trickle=0.5)).run(smtp_mail_timeout="2s", **settings)
    return seen.status()


def fate_of_a_crawl(**settings: str) -> str:
    seen = World(Manner(offers=(), drains=1000)).run(
        message=LONG, smtp_data_xfer_timeout="60s", smtp_per_request_deadline="yes", **settings
    )
    return seen.status()


PROOFS = [
    Proof("smtp_per_request_deadline", fate_of_a_trickle, {"no": "sent 2.0.0", "yes": "deferred 4.4.2"}),
    Proof("smtp_per_record_deadline", fate_of_a_trickle, {"no": "sent 2.0.0", "yes": "deferred 4.4.2"}),
    Proof("smtp_min_data_rate", fate_of_a_crawl, {"500": "sent 2.0.0", "2000": "deferred 4.4.2"}),
]
