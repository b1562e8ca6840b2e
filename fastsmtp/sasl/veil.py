"""What a peer says, without what we told it in confidence.

    veil = Veil(login)         hides the password or token, and its base64 forms
    veil.add(texts)            hides these, too
    veil.cover(text)           the text as others may see it
    veil.secrets               what is hidden, for those who do it themselves: in bytes, the longest first

A peer that repeats a secret is broken or means harm: in both cases the log is not the place.
Source: ours; spec: sasl, 12.
"""

import base64
import re
from collections.abc import Iterable

from fastsmtp.sasl.credentials import Login, encoded

MASKED = "****"
SHORTEST = 4  # characters


class Veil:
    """Of one login."""

    __slots__ = ("_pattern", "_texts")

    def __init__(self, login: Login) -> None:
        self._texts: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add({login.password, *_in_base64(encoded(login.password))})

    def add(self, texts: Iterable[str]) -> None:
        self._texts.update(text for text in texts if text)
        self._pattern = None

    def cover(self, text: str) -> str:
        if not self._texts:
            return text
        if self._pattern is None:
            longest_first = sorted(self._texts, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        return self._pattern.sub(MASKED, text)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """Without those so short that they stand in any text."""
        longest_first = sorted(self._texts, key=len, reverse=True)
        return tuple(encoded(text) for text in longest_first if len(text) >= SHORTEST)

    def __repr__(self) -> str:
        return f"<Veil of {len(self._texts)}>"


def _in_base64(secret: bytes) -> Iterable[str]:
    """As it stands in base64 by itself, and behind one or two other bytes: what is the same whatever they
    are.
    """
    if not secret:
        return
    yield base64.b64encode(secret).decode()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret).decode().rstrip("=")
        first = (0, 2, 3)[before]
        last = len(text) - (0 if (before + len(secret)) % 3 == 0 else 1)
        if last - first >= 4:
            yield text[first:last]
