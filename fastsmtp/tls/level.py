"""Security levels, the weaker first.

    Level.MAY < Level.ENCRYPT       they are in order of strength
    LEVELS["dane-only"]             by the word of main.cf; halfdane has none

Above NONE: TLS is used. Above MAY: it is required. Above ENCRYPT: the peer's certificate must match. VERIFY
and SECURE trust certificate authorities.
Source: Postfix tls_level(3); spec: tls, 1.
"""

from enum import IntEnum


class Level(IntEnum):
    """How much TLS must achieve with a host."""

    NONE = 0
    MAY = 1
    ENCRYPT = 2
    FINGERPRINT = 3
    HALFDANE = 4  # found secured, by MX records that were not
    DANE = 5
    DANE_ONLY = 6
    VERIFY = 7
    SECURE = 8

    @property
    def word(self) -> str:
        """As main.cf has it, and the log."""
        return self.name.lower().replace("_", "-")


LEVELS = {level.word: level for level in Level if level is not Level.HALFDANE}
