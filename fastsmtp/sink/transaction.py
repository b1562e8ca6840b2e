"""A transaction as the test receiver holds it, and what its content must not have.

Source: RFC 5321 2.3.8, 4.5.3.1.6; 3030 (BDAT).
"""

from dataclasses import dataclass, field
from typing import Final

TEXT_LINE_LIMIT: Final = 998  # RFC 5321 4.5.3.1.6, CR LF not counted


@dataclass(slots=True)
class Transaction:
    """From MAIL to the end of data."""

    sender: bytes
    parameters: tuple[bytes, ...]
    recipients: list[bytes]
    chunks: bytearray = field(default_factory=bytearray)  # of BDAT so far


@dataclass(slots=True)
class Chunk:
    """A BDAT command whose bytes did not all come yet."""

    left: int
    last: bool
    refusal: bytes  # what is said once they came; b"": they are taken


def inspect(transaction: Transaction, content: bytes) -> tuple[str, ...]:
    """What a message must not hold."""
    if b"BODY=BINARYMIME" in transaction.parameters:
        return ()
    found = []
    pairs = content.count(b"\r\n")
    if content.count(b"\n") != pairs:
        found.append("bare LF in a message")
    if content.count(b"\r") != pairs:
        found.append("bare CR in a message")
    if b"\0" in content:
        found.append("NUL in a message")
    if max(map(len, content.split(b"\n"))) > TEXT_LINE_LIMIT + 1:
        found.append("line too long in a message")
    if not content.isascii() and b"BODY=8BITMIME" not in transaction.parameters:
        found.append("8-bit message without BODY=8BITMIME")
    return tuple(found)
