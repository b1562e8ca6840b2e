"""Fuzzes the content path for a stated time: mutated messages, random cuts, the plain twins as judges.

    python -m tests.fuzz.encoder [--seconds 60] [--seed N]

Whatever goes in:
  nothing on the wire ends the message early; no bare CR or LF; no line over the limit
  every cut of a message, and any order of messages through one Encoder, gives the same bytes
  the compiled modules give what the plain twins give, errors included
  what is labelled 8bit or binary has no byte above 127 once it is converted; with repair, nothing has
A failure prints the message and the seed that repeats it. Mutation is blind; the messages make up for it:
they are generated to stand near every rule.
"""

import argparse
import random
import re
import sys
import time
from typing import TypedDict

from fastsmtp.errors import MimeError
from fastsmtp.wire.encoder import Encoder, encode, explain, scan
from tests.reference import lines, mime
from tests.support import messages

BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
LIMITS = [0, 2, 3, 20, 60, 76, 77, 990]
NESTING = [0, 1, 100]
BOUNDARIES = [1, 3, 20, 2048]
HEADERS = [1, 50, 3000, 102400]


class Limits(TypedDict):
    nesting_limit: int
    boundary_limit: int
    header_limit: int


class Attempt:
    """One message and one set of limits."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        content = messages.message(chance.randrange(1 << 20))
        if len(content) > 20_000:
            content = content[:3000] + content[-3000:]
        for _ in range(chance.randint(0, 3)):
            content = messages.mutate(content, chance)
        self.content = content
        self.limit = chance.choice(LIMITS)
        self.limits = Limits(
            nesting_limit=chance.choice(NESTING),
            boundary_limit=chance.choice(BOUNDARIES),
            header_limit=chance.choice(HEADERS),
        )

    @classmethod
    def of(cls, data: bytes) -> "Attempt":
        """Limits and cuts from the first bytes, the rest is the message."""
        attempt = cls(int.from_bytes(data[:2], "big"))
        attempt.content = data[2:]
        return attempt

    def check(self) -> None:
        plain = encode(self.content, line_length_limit=self.limit)
        assert plain == lines.encode(self.content, self.limit), "plain twin"
        self.check_wire(plain)
        try:
            expected = mime.downgrade(self.content, self.limit, **self.limits)
        except MimeError:
            expected = None
        encoder = Encoder(line_length_limit=self.limit, downgrade=True, **self.limits)
        assert self.converted(encoder, cut=False) == expected, "conversion"
        for _ in range(2):
            assert self.converted(encoder, cut=True) == expected, "cuts"
        assert scan(self.content).size == sum(map(len, lines.normalise(self.content))) + 2 * len(
            lines.normalise(self.content)
        ), "size"
        repaired = self.converted(Encoder(downgrade=True, repair=True, **self.limits), cut=False)
        if repaired is not None:
            assert repaired.isascii(), "repair"
            encoder = Encoder(downgrade=True, repair=True, **self.limits)
            assert self.converted(encoder, cut=True) == repaired, "repair, cut"
        if expected is not None:
            self.check_wire(expected)
            explain(self.content, downgrade=True, line_length_limit=self.limit, **self.limits)
            self.check_labels()

    def converted(self, encoder: Encoder, cut: bool) -> bytes | None:
        try:
            if not cut:
                return encoder.encode(self.content)
            output, at = [], 0
            while at < len(self.content):
                size = self.chance.choice([1, 1, 2, 3, 10, 100, 3000])
                output.append(encoder.feed(self.content[at : at + size]))
                at += size
            return b"".join(output) + encoder.finish()
        except MimeError:
            return None

    def check_wire(self, sent: bytes) -> None:
        assert (b"\r\n" + sent).find(b"\r\n.\r\n") == len(sent) - 3, "early end"
        assert not BARE.search(sent), "bare CR or LF"
        if self.limit:
            longest = max(self.limit, 2)
            assert all(len(line) - line.startswith(b"..") <= longest for line in sent.split(b"\r\n")), (
                "length"
            )

    def check_labels(self) -> None:
        """A single leaf labelled 8bit around the message: not a byte above 127 in what it became."""
        leaf = b"Content-Transfer-Encoding: 8bit\n\n" + self.content
        assert encode(leaf, downgrade=True).isascii(), "8bit bytes in a converted part"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None, help="repeat this one alone")
    arguments = parser.parse_args()
    first = random.randrange(1 << 40) if arguments.seed is None else arguments.seed
    end_at = time.monotonic() + arguments.seconds
    seed = first
    while seed == first or (arguments.seed is None and time.monotonic() < end_at):
        attempt = Attempt(seed)
        try:
            attempt.check()
        except Exception as error:
            print(f"seed {seed}: {error!r}\n{attempt.limit} {attempt.limits}\n{attempt.content!r}")
            if not isinstance(error, AssertionError):
                raise
            return 1
        seed += 1
    print(f"{seed - first:,} messages from seed {first}, no failure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
