"""Filters of what was said and what it came to."""

from tests.support.memory_peer import Manner
from tests.support.world import World
from tests.unit.parameters.proof import Proof

FILTER = "static:{5.7.1 never}"


def fate(**settings: str) -> str:
    return World(Manner(answers={"RCPT": "450 4.2.0 later"})).run(**settings).status()


PROOFS = [
    Proof("smtp_delivery_status_filter", fate, {"": "deferred 4.2.0", FILTER: "bounced 5.7.1"}),
    Proof("default_delivery_status_filter", fate, {"": "deferred 4.2.0", FILTER: "bounced 5.7.1"}),
]
