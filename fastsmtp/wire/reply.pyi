"""SMTP replies (RFC 5321 4.2): bytes from the peer become Reply values."""

from collections.abc import Callable

LINE_LIMIT: int

class Reply:
    code: int
    raw: bytes
    garbled: bool

    def __init__(self, raw: bytes) -> None:
        """A reply from its lines joined by LF; ValueError when the last line is no reply line."""

    @property
    def digit(self) -> int:
        """First digit of the code: 2 success, 3 more wanted, 4 soft, 5 hard; others are the peer's fault."""

    @property
    def dsn(self) -> str:
        """Enhanced status code of the last line, else `X.0.0` after the code, else 5.5.0 (spec: session,
        2).
        """

    @property
    def text(self) -> str:
        """All lines on one line, as users see it."""

    @property
    def lines(self) -> list[str]:
        """The lines, each with its code."""

class ReplyReader:
    filter: Callable[[bytes], bytes] | None  # gets each line, without its end, and gives the one that counts
    secrets: tuple[bytes, ...] | None  # masked wherever a peer repeats them

    def receive(self, data: bytes) -> list[Reply]:
        """Feeds bytes, cut anywhere, and gives the replies they complete."""

    @property
    def held(self) -> int:
        """Bytes that are kept of what was fed and has become no reply yet."""

    @property
    def pending(self) -> bool:
        """A reply has begun and not ended."""
