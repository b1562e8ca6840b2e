"""Filters of what was said and what it came to."""

from tests.support.memory_peer import Manner
from tests.support.world import World
from tests.unit.parameters.proof import Proof

FILTER = "static:{5.7.1 never}"


def fate(**settings: str) -> str:
    return World(Manner(answers={"RCPT": "450 4.2.0 later"})).run(**settings).status()


def said_by_the_filter(**settings: str) -> str:
    """What the session comes to, and what the log says of it."""
    seen = World(Manner(answers={"RCPT": "550 5.1.1 busy"})).run(**settings)
    noted = any("replacing server reply" in line for line in seen.lines)
    return f"{seen.status()}, noted" if noted else seen.status()


PROOFS = [
    Proof(
        "smtp_reply_filter",
        said_by_the_filter,
        {
            "": "bounced 5.1.1",
            "regexp:{{/^550 .*busy/ 450 4.2.0 busy}}": "deferred 4.2.0, noted",
            "fail:x": "deferred 4.3.0",
        },
    ),
    Proof("smtp_delivery_status_filter", fate, {"": "deferred 4.2.0", FILTER: "bounced 5.7.1"}),
    Proof("default_delivery_status_filter", fate, {"": "deferred 4.2.0", FILTER: "bounced 5.7.1"}),
]
