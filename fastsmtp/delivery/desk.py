"""What a carrier needs from those above it: the Desk hands out work and takes in what became of it.

What comes from the settings is the desk's Generation for a transport, which a reload replaces as a whole. A
carrier keeps the one that it started with, so a delivery ends by the rules that it began by.

Two laws hold for every request that a carrier was given: `done`, `put_back` or `postpone` is called once for
it, and each of its recipients is recorded once per attempt.
Source: ours; design page, section 3.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from fastsmtp.mail.destination import Destination
from fastsmtp.mail.request import Request
from fastsmtp.outcome.outcome import Outcome
from fastsmtp.report.log import Log
from fastsmtp.route.hosts import Router
from fastsmtp.session.cache import SessionCache
from fastsmtp.session.channel import Policy
from fastsmtp.session.connection import Session
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.memory import HostMemory
from fastsmtp.session.rules import SessionRules
from fastsmtp.session.transcript import Transcript
from fastsmtp.wire.transaction import Transaction

if TYPE_CHECKING:
    from fastsmtp.sasl.credentials import Login

Result = TypeVar("Result")
NEVER = float("inf")


class ContentSource(Protocol):
    """Makes transactions (fastsmtp.delivery.content)."""

    def transaction(
        self, request: Request, offers: Mapping[str, str], *, chunked: bool = False
    ) -> Transaction:
        """What carries `request` to a peer with these offers, by DATA or by BDAT. Raises ContentError;
        Pending, if a table's server must be asked first.
        """

    def sender(self, request: Request) -> str:
        """Its envelope sender. ContentError."""


class Logins(Protocol):
    """Who we are towards which host (fastsmtp.worker.login_tables)."""

    by_sender: bool  # the envelope sender decides, too
    demands: bool  # a peer that does not offer AUTH is asked about as well: smtp_sasl_auth_enforce

    def find(self, sender: str, host: str, destination: str) -> "Login | None":
        """By sender, "" the null sender; the host's name; the destination as it was written, brackets and
        port too. None: sessions are used as they are. TableError, Pending.
        """

    async def authenticate(
        self, session: Session, login: "Login | None", warn: Callable[[str], None]
    ) -> None:
        """Behind the last EHLO, once a session. AuthenticationFailed (the session has said QUIT), TableError,
        SessionError.
        """


class Slot(Protocol):
    """A carrier, as the desk sees it: one place in its destination's window."""

    destination: Destination

    def abort(self) -> None:
        """Ends what is under way at once; nothing is decided by it, but at-most-once what is in doubt
        then.
        """


class DeliveryRules(NamedTuple):
    """The settings that decide where a delivery goes next."""

    addresses_limit: int  # smtp_mx_address_limit; 0: none
    sessions_limit: int  # smtp_mx_session_limit; 0: none
    skips_5xx_greeting: bool
    soft_bounce: bool
    at_most_once: bool  # delivery_guarantee
    status_filter: Callable[[str, str], tuple[str, str]] | None = (
        None  # status code and text as they shall count
    )
    best_mx: Destination | None = None  # best_mx_transport; without a next-hop, that of the request
    relays_null_mx: bool = True  # smtp_fallback_relay_null_mx
    by_hosts: bool = False  # destination_concurrency_by_hosts
    clear_after: float = NEVER  # seconds of waiting after which a failure of TLS that may fail is passed over


class Generation(NamedTuple):
    """All that a delivery of one transport goes by, as the settings were when it started. Never changed."""

    rules: DeliveryRules
    router: Router
    content: ContentSource
    sessions: SessionRules
    deadlines: Deadlines
    epoch: int  # the same: sessions of the one serve the other as well
    logins: Logins | None = None  # None: no session authenticates
    tls: Policy | None = None  # None: every session stays in the clear


class Desk(Protocol):
    """The worker, as its carriers see it."""

    generations: Mapping[str, Generation]  # by transport, for deliveries that start now
    cache: SessionCache[Session]
    memory: HostMemory
    log: Log
    arrived_at: float  # Unix time at which the job was taken in

    def clock(self) -> float:
        """Unix time."""

    async def settle(self, question: Callable[[], Result]) -> Result:
        """What `question` gives once every table in it has an answer; its TableError passes."""

    def complain(self, session_transcript: Transcript) -> None:
        """The peer broke the protocol, and the postmaster wants to know: once for a session."""

    def reusable(self, session: Session, transport: str) -> bool:
        """Its time and count limits allow a further transaction."""

    def keeps(self, destination: Destination) -> bool:
        """An idle session of it is worth keeping."""

    def finishing(self, destination: Destination) -> bool:
        """Nothing waits for it, and nothing is expected to."""

    def follow(self, destination: Destination) -> Request | None:
        """The next request for a carrier that has a session open."""

    def started(self, request: Request, size: int) -> None:
        """Its transaction begins; `size` of the content in bytes."""

    def put_back(self, request: Request) -> None:
        """It waits again: another host, or another session, shall carry it."""

    def postpone(self, request: Request) -> None:
        """It waits for the answer of a table's server, then for a carrier again."""

    def join(self, destination: Destination, hosts: object) -> bool:
        """Its hosts are known: with others that have the same it shares a limit. False: there is no place."""

    def pass_on(self, request: Request, destination: Destination) -> None:
        """`destination` shall have it instead: best_mx_transport."""

    def record(self, outcomes: Sequence[Outcome], session: Session | None) -> None:
        """What was decided, for the spool, the log and the results.

        What `session` was about to say waits until it is in the spool: a kill never finds a session with two
        messages that may have arrived and are not on record.
        """

    def write_ahead(self, outcomes: Sequence[Outcome], session: Session | None) -> None:
        """What recipients in flight come to if the run ends now: told to nobody, and on the disk before
        `session` says what it was about to say.
        """

    def done(self, request: Request, *, good: bool, dsn: str = "", text: str = "") -> None:
        """Nothing of it is undecided; `good`: its site was reached."""

    def failed(self, error: BaseException) -> None:
        """A fault of ours that no outcome can stand for: the run ends with it."""

    def ended(self, slot: Slot) -> None:
        """It is free."""
