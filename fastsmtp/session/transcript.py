"""What was said on one session, for debug_peer_list (in the log, as it is said) and for notices (kept).

    transcript.said(line)      a command of ours, CR LF included
    transcript.content(size)   content of so many bytes: never what it holds
    transcript.heard(reply)    a reply, line by line
    transcript.lines           what was kept, "Out: ..." and "In:  ..."
    transcript.confide(cover)  from here to confided(), challenges are not shown; for good, what the peer says
                               is passed through `cover`, which knows what must not be

The engine calls the first three, where it has a transcript at all; most sessions have none. Credentials are
masked: of AUTH only the mechanism stands here, of the rest nothing. Both ends of what is kept are bounded.
Source: Postfix smtp_chat(3), debug_peer_level; spec: session, 2.
"""

from collections.abc import Callable

from fastsmtp.wire.reply import Reply

KEPT_LIMIT = 200  # lines: the first ones, and as many of the last
SHOWN_LIMIT = 512  # characters of a line
MASKED = "****"
AUTH = b"AUTH "
PROTOCOL, DATA = "protocol", "data"  # of notify_classes: the peer broke the rules; a table had no answer
CHALLENGE = 3  # first digit of a reply that asks for more
EVENTS_LEVEL = 2  # debug_peer_level from which on more than the dialogue is logged


class Transcript:
    """One session's. `log` None: it is only kept; nobody to be `told` of it: it is only logged."""

    __slots__ = (
        "_confidential",
        "_cover",
        "_first",
        "_last",
        "_level",
        "_log",
        "_passed_over",
        "keeps",
        "name",
        "told",
    )

    def __init__(
        self, name: str, log: Callable[[str], None] | None, level: int, *, told: frozenset[str]
    ) -> None:
        """`name`: host[address]:port. `level`: debug_peer_level. `told`: classes of errors whose sessions the
        postmaster wants to see.
        """
        self.keeps = bool(told)
        self.told = told
        self.name = name
        self._log = log
        self._level = level
        self._first: list[str] = []
        self._last: list[str] = []
        self._passed_over = 0
        self._confidential = False
        self._cover: Callable[[str], str] | None = None

    @property
    def lines(self) -> list[str]:
        """What was kept; in place of a long middle part its length."""
        gap = [f"({self._passed_over} lines)"] if self._passed_over else []
        return self._first + gap + self._last

    def said(self, line: bytes) -> None:
        if line[: len(AUTH)].upper() == AUTH:
            _, *words = line.split()
            line = b" ".join([b"AUTH", *words[:1], *([MASKED.encode()] if len(words) > 1 else [])])
        self._note(">", "Out: ", line.rstrip(b"\r\n").decode("utf-8", "replace"))

    def confide(self, cover: Callable[[str], str]) -> None:
        """Authentication begins."""
        self._confidential = True
        self._cover = cover

    def confided(self) -> None:
        """It is over."""
        self._confidential = False

    def content(self, size: int) -> None:
        self._note(">", "Out: ", f"(message of {size} bytes)", level=EVENTS_LEVEL)

    def heard(self, reply: Reply) -> None:
        for line in reply.lines:
            if self._confidential and reply.digit == CHALLENGE:
                line = f"{line[:4]}{MASKED}"
            self._note("<", "In:  ", line if self._cover is None else self._cover(line))

    def ended(self, how: str) -> None:
        """The stream is over."""
        self._note("-", "", how, level=EVENTS_LEVEL)

    def _note(self, arrow: str, mark: str, text: str, level: int = 1) -> None:
        text = text[:SHOWN_LIMIT]
        if self._log is not None and self._level >= level:
            self._log(f"{arrow} {self.name}: {text}")
        if self.keeps:
            self._keep(mark + text)

    def _keep(self, line: str) -> None:
        if len(self._first) < KEPT_LIMIT:
            self._first.append(line)
            return
        self._last.append(line)
        if len(self._last) > KEPT_LIMIT:
            del self._last[0]
            self._passed_over += 1
