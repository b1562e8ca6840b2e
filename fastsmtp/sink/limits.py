"""LIMITS of the test receiver (RFC 9422): offered, and held against the peer.

    Limits.parse("MAILMAX=10 RCPTMAX=5")    ValueError: a name or number that is none
    limits.offer()                          the EHLO line, "" without a limit
    Counts(limits)                          of one session: each call gives the violation, or ""

Source: RFC 9422.
"""

from typing import NamedTuple, Self

NAMES = ("MAILMAX", "RCPTMAX", "RCPTDOMAINMAX")


class Limits(NamedTuple):
    """0 is no limit."""

    mails: int = 0  # a session
    recipients: int = 0  # a transaction
    domains: int = 0  # a session

    @classmethod
    def parse(cls, text: str) -> Self:
        found = dict.fromkeys(NAMES, 0)
        for word in text.upper().split():
            name, _, value = word.partition("=")
            if name not in found or not value.isascii() or not value.isdigit() or not 0 < len(value) <= 6:
                raise ValueError(
                    f"{word!r}: expected one of {', '.join(NAMES)}, = and a number of six digits"
                )
            found[name] = int(value)
        return cls(*found.values())

    def offer(self) -> str:
        words = [f"{name}={value}" for name, value in zip(NAMES, self, strict=True) if value]
        return " ".join(["LIMITS", *words]) if words else ""


class Counts:
    """What one session used up."""

    __slots__ = ("_domains", "_limits", "_mails")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._mails = 0
        self._domains: set[bytes] = set()

    def mail(self) -> str:
        self._mails += 1
        return "more transactions than MAILMAX" if 0 < self._limits.mails < self._mails else ""

    def recipient(self, address: bytes, taken: int) -> str:
        """`taken` of the transaction so far."""
        limits = self._limits
        if 0 < limits.recipients <= taken:
            return "more recipients than RCPTMAX"
        if limits.domains:
            self._domains.add(address.rpartition(b"@")[2].lower())
            if len(self._domains) > limits.domains:
                return "more domains than RCPTDOMAINMAX"
        return ""
