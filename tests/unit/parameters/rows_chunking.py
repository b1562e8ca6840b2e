"""CHUNKING: whether content goes by BDAT, and how many messages are in flight."""

from tests.support.memory_peer import Manner
from tests.support.world import World
from tests.unit.parameters.proof import Proof

OFFERS = ("PIPELINING", "8BITMIME", "CHUNKING")
MANY = tuple(f"r{number}@x.example" for number in range(20))
SINGLY = {"smtp_destination_recipient_limit": "1", "smtp_destination_concurrency_limit": "1"}


def content_command(**settings: str) -> str:
    commands = World(Manner(offers=OFFERS)).run(**settings).conversations[0].commands
    return next(command.partition(" ")[0] for command in commands if command.startswith(("DATA", "BDAT")))


def last_group(**settings: str) -> int:
    """Messages that arrive in the same moment, at most, from a peer that answers after a second."""
    world = World(Manner(offers=OFFERS, delay=1.0))
    times = world.run(MANY, **settings).conversations[0].content_at
    return max(times.count(moment) for moment in times)


def first_group(**settings: str) -> int:
    """Commands of the second message that left with the first one's content."""
    conversation = World(Manner(offers=("PIPELINING",), delay=1.0)).run(MANY[:2], **settings).conversations[0]
    return conversation.heard_at.count(conversation.content_at[0])


PROOFS = [
    Proof("smtp_chunking_enable", content_command, {"yes": "BDAT", "no": "DATA"}),
    Proof("smtp_chunking_window_limit", last_group, {"1": 1, "3": 3, "10": 8}, SINGLY),
    Proof("smtp_discard_ehlo_keywords", first_group, {"": 3, "chaining": 0}, SINGLY),
]
