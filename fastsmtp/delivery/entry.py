"""Into a session: how a host is met, what is noted of it, and what it means when it does not let us in.

    await entry.open(host, request)     an open session, or the Verdict; OSError where no connection came
    about

    await protecting.identity(request, host)    what an idle session must have been opened with, to serve
    protecting.may_go_clear(session, request)   TLS broke on an open session: once more without it

Asks the tables that are set for a peer alone, opens the session, logs what is odd about its introduction, and
ends it where it turns out to be this machine. Does not choose the host: that is the Walk's.

Mail goes out in the clear behind a failure of TLS only at level may, only where the message has waited for
minimal_backoff_time and was tried before, and never where there is a login for the host. Such a session
serves no other message of its destination.
Source: Postfix smtp_proto(3), smtp_trouble(3), smtp.h (PLAINTEXT_FALLBACK_OK_*); spec: session, 3 to 8; tls,
6, 12, 14; sasl, 11.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from fastsmtp.delivery.desk import Desk
from fastsmtp.errors import (
    AuthenticationFailed,
    ContentError,
    HandshakeFailed,
    Pending,
    PolicyError,
    SessionError,
    SessionTimeout,
    TableError,
)
from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.request import Request
from fastsmtp.outcome import classify, status
from fastsmtp.outcome.classify import Verdict
from fastsmtp.route.hosts import LOOP_PORT
from fastsmtp.session import notes, refused
from fastsmtp.session.cache import Identity
from fastsmtp.session.channel import Protection
from fastsmtp.session.connection import Session
from fastsmtp.session.opening import Meeting, open_session
from fastsmtp.session.refused import Refused, Unprotected
from fastsmtp.session.rules import Manner
from fastsmtp.session.stages import STAGES
from fastsmtp.session.transcript import DATA, PROTOCOL
from fastsmtp.wire import engine

if TYPE_CHECKING:
    from fastsmtp.sasl.credentials import Login

NONE, MAY = "none", "may"  # levels


class Protecting:
    """As whom and how protected sessions of one destination are opened, and what follows where TLS fails."""

    __slots__ = ("_desk", "_destination", "_generation", "by_sender")

    def __init__(self, desk: Desk, destination: Destination) -> None:
        self._desk = desk
        self._destination = destination
        self._generation = desk.generations[destination.transport]
        logins = self._generation.logins
        self.by_sender = logins is not None and logins.by_sender  # who we are depends on the envelope sender

    def _text(self, host: Host) -> str:
        """The destination as configured that the host belongs to: the key of the tables."""
        return self._generation.router.sites(self._destination.nexthop)[host.site].text

    async def protection(self, host: Host) -> Protection | None:
        """PolicyError."""
        policy = self._generation.tls
        if policy is None:
            return None
        text = self._text(host)
        try:
            found = await self._desk.settle(lambda: policy.protection(text, host))
            return found if found.secured is None else await found.secured()
        except TableError as error:
            self._desk.log.warning(str(error))
            raise PolicyError("Temporary lookup error", status.UNAVAILABLE) from None

    async def identity(self, request: Request, host: Host) -> Identity | None:
        """None: it cannot be told, and no idle session will do."""
        try:
            protection = await self.protection(host)
            login = await self._login(request, host)
        except (PolicyError, TableError):
            return None
        who = "" if login is None else login.identity
        return Identity(self._destination.transport, who, "" if protection is None else protection.identity)

    # Who we are

    def sender(self, request: Request) -> str:
        """The envelope sender, where sessions depend on it; else the same for all."""
        if not self.by_sender:
            return ""
        try:
            return self._generation.content.sender(request)
        except ContentError:
            return ""  # its transaction will say so

    def serves(self, session: Session, request: Request) -> bool:
        """An open session has the login that the request's sender needs."""
        logins = self._generation.logins
        assert logins is not None
        host = session.host
        try:
            login = logins.find(self.sender(request), host.name, self._text(host))
        except (TableError, Pending):
            return False
        return session.identity.login == ("" if login is None else login.identity)

    async def _login(self, request: Request, host: Host) -> "Login | None":
        """TableError."""
        logins = self._generation.logins
        if logins is None:
            return None
        sender, text = self.sender(request), self._text(host)
        return await self._desk.settle(lambda: logins.find(sender, host.name, text))

    async def _has_login(self, request: Request, host: Host) -> bool:
        """A table that cannot say leaves it possible."""
        try:
            return await self._login(request, host) is not None
        except TableError:
            return True

    def login_for(self, request: Request) -> Callable[[Session], Awaitable[None]] | None:
        """For a session that is opened for it, behind the last EHLO."""
        logins = self._generation.logins
        if logins is None:
            return None

        async def login(session: Session) -> None:
            offered = "AUTH" in session.engine.offers or logins.demands
            try:
                found = await self._login(request, session.host)
                if offered:
                    await logins.authenticate(session, found, self._desk.log.warning)
            except TableError:
                if not offered:
                    return
                session.close()
                raise
            if found is not None:
                session.identity = session.identity._replace(login=found.identity)

        return login

    def settle(self, session: Session, host: Host, protection: Protection | None, *, clear: bool) -> None:
        """`clear`: TLS was had or to be had, and failed."""
        asked = protection is not None and protection.level != NONE
        if protection is not None and asked:
            session.tls = protection.level if session.tunnel is not None else f"{protection.level}:{NONE}"
            tls = "" if clear else protection.identity
            session.identity = session.identity._replace(transport=self._destination.transport, tls=tls)
            session.stands_in = clear  # for a better one: without TLS only for this message
            if session.tunnel is not None and not protection.reuses:
                session.messages_limit = 1
        else:
            session.identity = session.identity._replace(transport=self._destination.transport)
            if self._generation.sessions.notes_offers and "STARTTLS" in session.engine.offers:
                self._desk.log.info(f"Host offered STARTTLS: [{host.name}]")

    # Where TLS fails

    async def falls_back(self, protection: Protection, request: Request, host: Host) -> bool:
        return (
            not protection.required
            and self._may_be_clear(request)
            and not await self._has_login(request, host)
        )

    async def goes_clear(self, request: Request, host: Host) -> bool:
        """A session inside TLS broke there before."""
        return request.clear == host.address and not await self._has_login(request, host)

    def may_go_clear(self, session: Session, request: Request) -> bool:
        inside = session.tunnel is not None and session.tls == MAY
        return inside and not request.clear and not session.identity.login and self._may_be_clear(request)

    def _may_be_clear(self, request: Request) -> bool:
        """It was tried before, and waited long enough when it came up again."""
        waited = request.active_at - self._desk.arrived_at
        tried = all(recipient.attempts for recipient in request.recipients)
        return tried and waited >= self._generation.rules.clear_after


class Entry:
    """The sessions of one destination, as they begin."""

    __slots__ = ("_desk", "_generation", "_nexthop", "_protecting")

    def __init__(self, desk: Desk, destination: Destination, protecting: Protecting) -> None:
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
            return classify.stream_failure(host.label, STAGES[error.stage], timed_out=timed_out)
        return verdict._replace(tls=f"!{protection.level}" if protection.required else "")

    async def _meet(
        self, host: Host, request: Request, protection: Protection | None, *, clear: bool
    ) -> Session | Verdict:
        """`clear`: without TLS. Raises SessionError where TLS may have been at fault."""
        log = self._desk.log
        try:
            manner = await self._manner(host)
            session = await self._open(host, manner, request, None if clear else protection)
        except TableError as error:
            log.warning(str(error))
            return classify.no_local_data(host.label)
        except AuthenticationFailed as failure:
            return classify.not_authenticated(failure.dsn, failure.text)
        except Refused as refusal:
            soften = refusal.at == engine.GREETING and self._generation.rules.skips_5xx_greeting
            return classify.unwelcome(refusal.reply, host.label, soften=soften)
        except SessionError as error:
            if not clear:
                raise
            timed_out = isinstance(error, SessionTimeout)
            return classify.stream_failure(host.label, STAGES[error.stage], timed_out=timed_out)
        self._protecting.settle(session, host, protection, clear=clear)
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
            login=self._protecting.login_for(request),
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
