"""What holds for every session of a transport: what we say of ourselves, how long a session serves; and
what holds for one peer alone, by its address.

    rules.manner(host, nexthop) what is overlooked and worked around there: the usual, or as a table says
    rules.engine(manner, ...)   a protocol engine at its start
    rules.transcript(...)       what listens to it, where somebody wants to know

Source: Postfix smtp_helo_name, smtp_bind_address, smtp_connection_reuse_*, smtp_discard_ehlo_keywords,
smtp_pix_workarounds and their tables; spec: session, 5, 6, 8; routing, 4, 6.9.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from fastsmtp.mail.destination import Host
from fastsmtp.mail.known_host import KnownHost
from fastsmtp.session.transcript import Transcript
from fastsmtp.wire.engine import SessionEngine

SILENT = "SILENT-DISCARD"
KEYWORDS = (  # that may be discarded, in the order of Postfix's log line
    "8BITMIME",
    "AUTH",
    "ETRN",
    "PIPELINING",
    "SIZE",
    "VERP",
    "VRFY",
    "XCLIENT",
    "XFORWARD",
    "STARTTLS",
    "ENHANCEDSTATUSCODES",
    "DSN",
    "SMTPUTF8",
    "CHUNKING",
    "BINARYMIME",
    "LIMITS",
    "REQUIRETLS",
)
DISABLE_ESMTP, DELAY_DOT = PIX_WORKAROUNDS = ("disable_esmtp", "delay_dotcrlf")


class Tables(Protocol):
    """What is set for a peer alone. All raise TableError, and Pending."""

    def discard(self, address: str) -> str | None: ...
    def pix(self, address: str) -> str | None: ...
    def debugs(self, nexthop: str, name: str, address: str) -> bool: ...


class ReplyFilter(Protocol):
    """Gets each line of a reply, and gives the one that counts."""

    def __call__(self, relay: str, note: Callable[[str], None], line: bytes) -> bytes:
        """`relay` said it; `note` hears of it where it is replaced."""


class Manner(NamedTuple):
    """How one peer is met."""

    discard: frozenset[str]  # EHLO keywords, in capitals
    pix: frozenset[str]  # workarounds, if it greets like a PIX firewall
    debugged: bool = False  # what is said is logged

    @property
    def discard_text(self) -> str:
        """What the log says is discarded; "" where it shall be silent."""
        if SILENT in self.discard:
            return ""
        return " ".join(word for word in KEYWORDS if word in self.discard)


def mask(text: str, *, upper: bool) -> frozenset[str]:
    """The words of a list with commas or blanks, in one case."""
    return frozenset((text.upper() if upper else text.lower()).replace(",", " ").split())


class SessionRules(NamedTuple):
    """What is configured for every session of a transport."""

    helo_name: bytes
    own_name: bytes  # myhostname
    usual: Manner  # towards a peer that no table names
    tables: Tables | None
    pix_delay: float  # seconds between content and final dot
    pix_threshold: float  # age of a message in seconds from which on it is made
    debug_level: int  # debug_peer_level
    told: frozenset[str]  # notify_classes of which the postmaster hears, with a transcript: PROTOCOL, DATA
    always_ehlo: bool
    never_ehlo: bool
    forwards: bool  # smtp_send_xforward_command
    bind_address: str  # "" is the system's choice
    bind_address6: str
    binds_strictly: bool  # smtp_bind_address_enforce
    reuse_time_limit: float  # seconds from the connection on
    reuse_count_limit: int  # transactions after the first; 0: no limit
    keeps_idle: bool  # smtp_connection_cache_on_demand
    waits_for_farewell: bool  # smtp_skip_quit_response = no
    reply_filter: ReplyFilter | None  # smtp_reply_filter
    blocks_early_replies: bool  # smtp_tls_block_early_mail_reply
    notes_offers: bool  # smtp_tls_note_starttls_offer
    window_limit: int  # messages in flight by BDAT; 0: no BDAT

    def manner(self, host: Host, nexthop: str) -> Manner:
        """How the peer is met that is tried for `nexthop`. TableError, Pending."""
        if self.tables is None:
            return self.usual
        discard, pix = self.tables.discard(host.address), self.tables.pix(host.address)
        return Manner(
            self.usual.discard if discard is None else mask(discard, upper=True),
            self.usual.pix if pix is None else mask(pix, upper=False),
            self.tables.debugs(nexthop, host.name, host.address),
        )

    def transcript(self, host: Host, manner: Manner, log: Callable[[str], None]) -> Transcript | None:
        """None where nobody wants to know what is said."""
        if not (manner.debugged or self.told):
            return None
        return Transcript(host.relay, log if manner.debugged else None, self.debug_level, told=self.told)

    def engine(self, manner: Manner, known: KnownHost, *, looks_for_loops: bool) -> SessionEngine:
        """A protocol engine at its start."""
        return SessionEngine(
            self.helo_name,
            discard=manner.discard,
            always_ehlo=self.always_ehlo,
            never_ehlo=self.never_ehlo,
            own_name=self.own_name if looks_for_loops else b"",
            helo_for_pix=DISABLE_ESMTP in manner.pix,
            forwards=self.forwards,
            plain=known.plain,
            window=max(known.window, 1),
            window_limit=self.window_limit,
        )

    def dot_delay(self, manner: Manner, age: float) -> float:
        """Seconds between content and final dot towards a PIX firewall, for a message of `age` seconds."""
        return self.pix_delay if DELAY_DOT in manner.pix and age >= self.pix_threshold else 0.0

    def is_own_name(self, name: bytes) -> bool:
        """A peer that calls itself so is this machine."""
        return name.lower() == self.own_name.lower()

    def reusable(self, opened_at: float, begun: int, now: float) -> bool:
        """A session opened then, with so many transactions begun, may take another. Times as the loop's."""
        return now - opened_at < self.reuse_time_limit and (
            self.reuse_count_limit == 0 or begun <= self.reuse_count_limit
        )
