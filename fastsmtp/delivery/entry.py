"""Into a session: how a host is met, what is noted of it, and what it means when it does not let us in.

    await entry.open(host, request)     an open session, or the Verdict; OSError where no connection came
    about; PolicyError where none was to be made

Asks the tables that are set for a peer alone, opens the session, logs what is odd about its introduction, and
ends it where it turns out to be this machine. Where TLS failed that may fail it meets the host once more, in
the clear, if that is allowed. Does not choose the host: that is the Walk's; nor what TLS must achieve there,
or who we are: that is Protecting's.
Source: Postfix smtp_proto(3), smtp_trouble(3); spec: session, 3 to 8; tls, 6.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from fastsmtp.delivery.desk import Desk
from fastsmtp.errors import (
    AuthenticationFailed,
    HandshakeFailed,
    SessionError,
    SessionTimeout,
    TableError,
)
from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.request import Request
from fastsmtp.outcome import classify
from fastsmtp.outcome.classify import Verdict
from fastsmtp.route.hosts import LOOP_PORT
from fastsmtp.session import notes, refused
from fastsmtp.session.channel import Protection
from fastsmtp.session.connection import Session
from fastsmtp.session.opening import Meeting, open_session
from fastsmtp.session.refused import Refused, Unprotected
from fastsmtp.session.rules import Manner
from fastsmtp.session.stages import STAGES
from fastsmtp.session.transcript import DATA, PROTOCOL
from fastsmtp.wire import engine


class Protector(Protocol):
    """As whom and how protected a session is opened (protecting.py)."""

    async def protection(self, host: Host) -> Protection | None:
        """PolicyError."""

    async def falls_back(self, protection: Protection, request: Request, host: Host) -> bool:
        """TLS failed: once more without it."""

    async def goes_clear(self, request: Request, host: Host) -> bool:
        """The same, from a session before."""

    def login_for(
        self, request: Request, protection: Protection | None
    ) -> Callable[[Session], Awaitable[None]] | None:
        """Authenticates behind the last EHLO."""

    def settle(self, session: Session, protection: Protection | None, *, clear: bool) -> None:
        """Tells the open session whom it may serve."""


class Entry:
    """The sessions of one destination, as they begin."""

    __slots__ = ("_desk", "_generation", "_nexthop", "_protecting")

    def __init__(self, desk: Desk, destination: Destination, protecting: Protector) -> None:
        self._desk = desk
        self._generation = desk.generations[destination.transport]
        self._nexthop = destination.nexthop
        self._protecting = protecting

    async def open(self, host: Host, request: Request) -> Session | Verdict:
        """A session, or what the host's refusal means. OSError; PolicyError, ahead of any connection.

        Where TLS failed that may fail it is met once more without, if that is allowed now.
        """
        protecting = self._protecting
        protection = await protecting.protection(host)
        if protection is None or (not protection.required and await protecting.goes_clear(request, host)):
            return await self._meet(host, request, protection, clear=True)
        try:
            return await self._meet(host, request, protection, clear=False)
        except SessionError as error:
            verdict = self._without_tls(error, host, protection)
            if not error.inside_tls and not isinstance(error, HandshakeFailed):
                return verdict
            if not await protecting.falls_back(protection, request, host):
                return verdict
            self._desk.log.info(f"{request.queue_id}: {verdict.text}")
        return await self._meet(host, request, protection, clear=True)

    def _without_tls(self, error: SessionError, host: Host, protection: Protection) -> Verdict:
        """What it means that no session came about."""
        if isinstance(error, HandshakeFailed):
            for line in error.lines:
                self._desk.log.info(line)
            for warning in error.warnings:
                self._desk.log.warning(warning)
            verdict = classify.handshake_failed(required=protection.required)
        elif isinstance(error, Unprotected):
            verdict = verdict_of(error, host)
        else:
            timed_out = isinstance(error, SessionTimeout)
            verdict = classify.stream_failure(host.label, STAGES[error.stage], timed_out=timed_out)
            return verdict._replace(tls=inside(error, protection))
        return verdict._replace(tls=f"!{protection.level}" if protection.required else "")

    async def _meet(
        self, host: Host, request: Request, protection: Protection | None, *, clear: bool
    ) -> Session | Verdict:
        """`clear`: without TLS. Raises SessionError where TLS may have been at fault."""
        log, rules = self._desk.log, self._generation.sessions
        try:
            manner = await self._manner(host)
            session = await self._open(host, manner, request, None if clear else protection)
        except TableError as error:
            log.warning(str(error))
            return classify.no_local_data(host.label)
        except AuthenticationFailed as failure:
            return classify.not_authenticated(failure.dsn, failure.text)._replace(tls=failure.tls)
        except Refused as refusal:
            soften = refusal.at == engine.GREETING and self._generation.rules.skips_5xx_greeting
            verdict = classify.unwelcome(refusal.reply, host.label, soften=soften)
            return verdict._replace(tls=inside(refusal, protection))
        except SessionError as error:
            if not clear:
                raise
            timed_out = isinstance(error, SessionTimeout)
            return classify.stream_failure(host.label, STAGES[error.stage], timed_out=timed_out)
        self._protecting.settle(session, protection, clear=clear)
        if not session.tls and rules.notes_offers and "STARTTLS" in session.engine.offers:
            log.info(f"Host offered STARTTLS: [{host.name}]")
        for is_warning, text in notes.of_session(session, manner, request.queue_id):
            (log.warning if is_warning else log.info)(text)
        return self._unless_ourselves(session, host)

    async def _manner(self, host: Host) -> Manner:
        rules = self._generation.sessions
        if rules.tables is None:
            return rules.usual
        return await self._desk.settle(lambda: rules.manner(host, self._nexthop))

    async def _open(
        self, host: Host, manner: Manner, request: Request, protection: Protection | None
    ) -> Session:
        desk, generation = self._desk, self._generation
        transcript = generation.sessions.transcript(host, manner, desk.log.info)
        meeting = Meeting(
            manner=manner,
            known=desk.memory.recall(host),
            transcript=transcript,
            looks_for_loops=host.port == LOOP_PORT,
            age=desk.clock() - desk.arrived_at,
            warn=desk.log.warning,
            inform=desk.log.info,
            protection=protection,
            login=self._protecting.login_for(request, protection),
            reply_filter=self._reply_filter(host),
        )
        try:
            return await open_session(host, generation.sessions, generation.deadlines, meeting)
        except (Refused, TableError) as error:
            if transcript is not None and _what(error) in transcript.told:
                desk.complain(transcript)
            raise

    def _reply_filter(self, host: Host) -> Callable[[bytes], bytes] | None:
        found = self._generation.sessions.reply_filter
        return None if found is None else partial(found, host.relay, self._desk.log.info)

    def _unless_ourselves(self, session: Session, host: Host) -> Session | Verdict:
        own_name = self._generation.sessions.own_name
        if host.port != LOOP_PORT or not self._generation.sessions.is_own_name(session.engine.peer_name):
            return session
        session.close()
        self._desk.log.warning(
            f"host {host.relay} replied to HELO/EHLO with my own hostname {own_name.decode()}"
        )
        return classify.looping(self._nexthop, is_best=host.best)


def _what(error: Refused | TableError) -> str:
    """The class of notices that it belongs to."""
    if isinstance(error, TableError):
        return DATA
    return PROTOCOL if classify.breaks_protocol(error.reply) else ""


def inside(error: SessionError, protection: Protection | None) -> str:
    """What the log and the results say of TLS, where it stood."""
    return protection.level if protection is not None and error.inside_tls else ""


def verdict_of(error: Unprotected, host: Host) -> Verdict:
    """What it means that TLS must be had and is not."""
    if error.why == refused.TURNED_DOWN and error.reply is not None:
        return classify.tls_refused(error.reply, host.label)
    if error.why == refused.NOT_OFFERED:
        return classify.tls_not_offered(host.label)
    return _OTHERS[error.why]()


_OTHERS = {
    refused.NO_ENGINE: classify.tls_unusable,
    refused.UNVERIFIED: classify.not_verified,
    refused.EARLY: classify.out_of_turn,
    refused.UNAVAILABLE: classify.tls_missing,
}
