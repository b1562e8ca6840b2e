"""SMTP dialogues as text: what a peer says and what it expects to hear.

    S: 220 mx.example.com ESMTP          the peer sends this line and CR LF
    C: MAIL FROM:<*>*                    one line from the client; * ? [..] as in fnmatch, any case
    C: (message)                         all up to the line with one dot
    X: close        X: reset             the peer leaves: end of stream, or a TCP reset
    X: wait 0.2                          the peer says nothing for so long
    X: polite                            from here on 250 to whatever comes, 221 to QUIT
    S= partial text\\r                    bytes as they stand, no CR LF added; escapes as in Python

    Dialogue.parse(text)      a blank line or one that begins with # is passed over
    dialogue.steps            for engines without a socket: take them as they come
    dialogue.prefixes()       the same, left by the peer after each of its steps: a disconnect at each stage
    cuts(data, how, seed)     how bytes arrive: WHOLE, BYTEWISE or RANDOM

Source: ours; the form is that of the examples of RFC 5321, appendix D.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

SAY, HEAR, HEAR_MESSAGE, CLOSE, RESET = "say", "hear", "hear message", "close", "reset"
WAIT, POLITE = "wait", "polite"
WHOLE, BYTEWISE, RANDOM = "whole", "bytewise", "random"

STEP = re.compile(r"(?P<who>[SCX])(?P<mark>[:=]) ?(?P<text>.*)")


class Step(NamedTuple):
    act: str
    data: bytes = b""
    span: float = 0.0

    def __str__(self) -> str:
        return f"{self.act} {self.data.decode(errors='backslashreplace').rstrip()}".rstrip()


@dataclass(frozen=True)
class Dialogue:
    steps: tuple[Step, ...]

    @classmethod
    def parse(cls, text: str) -> "Dialogue":
        lines = (line.strip(" \n") for line in text.splitlines())
        return cls(tuple(parse_step(line) for line in lines if line and not line.startswith("#")))

    def prefixes(self, leave: str = CLOSE) -> Iterator["Dialogue"]:
        """From "leaves before the greeting" to "leaves instead of the last step"."""
        for length in range(len(self.steps)):
            yield Dialogue((*self.steps[:length], Step(leave)))


PEER_ACTS = {"close": CLOSE, "reset": RESET, "wait": WAIT, "polite": POLITE}


def parse_step(line: str) -> Step:
    parsed = STEP.fullmatch(line)
    if parsed is None:
        raise ValueError(f"neither S:, C: nor X: in {line!r}")
    who, mark, text = parsed.group("who", "mark", "text")
    if who == "S":
        ending = b"\r\n" if mark == ":" else b""
        plain = text if mark == ":" else text.encode().decode("unicode_escape")
        return Step(SAY, plain.encode("latin-1" if mark == "=" else "utf-8") + ending)
    if who == "C":
        return Step(HEAR_MESSAGE) if text == "(message)" else Step(HEAR, text.encode())
    word, _, span = text.partition(" ")
    return Step(PEER_ACTS[word], span=float(span or 0))


def matches(pattern: bytes, line: bytes) -> bool:
    """`line` comes without its CR LF. A [ is itself: address literals are more common than character sets."""
    escaped = pattern.upper().replace(b"[", b"[[]")
    return fnmatchcase(line.upper().decode("latin-1"), escaped.decode("latin-1"))


def cuts(data: bytes, how: str, seed: int = 0) -> Iterator[bytes]:
    if how == WHOLE:
        yield data
    elif how == BYTEWISE:
        yield from (data[at : at + 1] for at in range(len(data)))
    else:
        chance = random.Random(seed)
        at = 0
        while at < len(data):
            size = chance.choice((1, 1, 2, 3, 5, 8, 40, 400))
            yield data[at : at + size]
            at += size
