"""Ways in which a stream arrives: each a function from bytes to pieces, for tests that try all of them."""

import random


def whole(data: bytes) -> list[bytes]:
    return [data]


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def at_random(data: bytes) -> list[bytes]:
    """The same cuts for the same length."""
    source = random.Random(len(data))
    pieces = []
    while data:
        cut = source.randint(1, len(data))
        pieces.append(data[:cut])
        data = data[cut:]
    return pieces
