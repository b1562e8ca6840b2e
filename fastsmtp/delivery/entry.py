"""Into a session: how a host is met, what is noted of it, and what it means when it does not let us in.

    await entry.open(host, request)     an open session, or the Verdict; OSError where no connection came
    about

Asks the tables that are set for a peer alone, opens the session, logs what is odd about its introduction, and
ends it where it turns out to be this machine. Does not choose the host: that is the Walk's.
Source: Postfix smtp_proto(3), smtp_trouble(3); spec: session, 3 to 8.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from fastsmtp.delivery.desk import Desk
from fastsmtp.errors import AuthenticationFailed, ContentError, SessionError, SessionTimeout, TableError
from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.request import Request
from fastsmtp.outcome import classify
from fastsmtp.outcome.classify import Verdict
from fastsmtp.route.hosts import LOOP_PORT
from fastsmtp.session import notes
from fastsmtp.session.connection import Session
from fastsmtp.session.opening import Meeting, open_session
from fastsmtp.session.refused import Refused
from fastsmtp.session.rules import Manner
from fastsmtp.session.stages import STAGES
from fastsmtp.wire import engine


class Entry:
    """The sessions of one destination, as they begin."""

    __slots__ = ("_desk", "_generation", "_nexthop")

    def __init__(self, desk: Desk, destination: Destination) -> None:
        self._desk = desk
        self._generation = desk.generations[destination.transport]
        self._nexthop = destination.nexthop

    async def open(self, host: Host, request: Request) -> Session | Verdict:
        """A session, or what the host's refusal means. OSError."""
        log = self._desk.log
        try:
            manner = await self._manner(host)
            session = await self._open(host, manner, request)
        except TableError as error:
            log.warning(str(error))
            return classify.no_local_data(host.label)
        except AuthenticationFailed as failure:
            return classify.not_authenticated(failure.dsn, failure.text)
        except Refused as refusal:
            soften = refusal.at == engine.GREETING and self._generation.rules.skips_5xx_greeting
            return classify.unwelcome(refusal.reply, host.label, soften=soften)
        except SessionError as error:
            timed_out = isinstance(error, SessionTimeout)
            return classify.stream_failure(host.label, STAGES[error.stage], timed_out=timed_out)
        for is_warning, text in notes.of_session(session, manner, request.queue_id):
            (log.warning if is_warning else log.info)(text)
        return self._unless_ourselves(session, host)

    async def _manner(self, host: Host) -> Manner:
        rules = self._generation.sessions
        if rules.tables is None:
            return rules.usual
        return await self._desk.settle(lambda: rules.manner(host, self._nexthop))

    async def _open(self, host: Host, manner: Manner, request: Request) -> Session:
        desk, generation = self._desk, self._generation
        transcript = generation.sessions.transcript(host, manner, desk.log.info)
        meeting = Meeting(
            manner=manner,
            known=desk.memory.recall(host),
            transcript=transcript,
            looks_for_loops=host.port == LOOP_PORT,
            age=desk.clock() - desk.arrived_at,
            warn=desk.log.warning,
            login=self._login_for(request) if generation.logins is not None else None,
            reply_filter=self._reply_filter(host),
        )
        try:
            return await open_session(host, generation.sessions, generation.deadlines, meeting)
        except Refused as refusal:
            if transcript is not None and transcript.keeps and classify.breaks_protocol(refusal.reply):
                desk.complain(transcript)
            raise

    def _reply_filter(self, host: Host) -> Callable[[bytes], bytes] | None:
        found = self._generation.sessions.reply_filter
        return None if found is None else partial(found, host.relay, self._desk.log.info)

    def _login_for(self, request: Request) -> Callable[[Session], Awaitable[None]]:
        """For a session that is opened for it."""

        async def login(session: Session) -> None:
            logins = self._generation.logins
            assert logins is not None
            if "AUTH" not in session.engine.offers and not logins.demands:
                return
            sender = self._sender(request) if logins.by_sender else ""
            site = self._generation.router.sites(self._nexthop)[session.host.site]
            try:
                found = await self._desk.settle(lambda: logins.find(sender, session.host.name, site.text))
                await logins.authenticate(session, found, self._desk.log.warning)
            except TableError:
                session.close()
                raise

        return login

    def _sender(self, request: Request) -> str:
        try:
            return self._generation.content.sender(request)
        except ContentError:
            return ""  # its transaction will say so

    def _unless_ourselves(self, session: Session, host: Host) -> Session | Verdict:
        own_name = self._generation.sessions.own_name
        if host.port != LOOP_PORT or not self._generation.sessions.is_own_name(session.engine.peer_name):
            return session
        session.close()
        self._desk.log.warning(
            f"host {host.relay} replied to HELO/EHLO with my own hostname {own_name.decode()}"
        )
        return classify.looping(self._nexthop, is_best=host.best)
