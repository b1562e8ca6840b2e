"""From a request to an open session: which host is next, when a site's limits are reached, what a failed
opening means.

    await walk.session(request)     an open session, or the Verdict for what is left of the request
    walk.go_to(request, session)    the request starts on a session that stands open
    walk.used_up(request)           no further host is tried for it
    walk.note_failure(...)          what those left get when the last host fails

The hosts are tried in order. An opening that fails softly is followed by the next host, one that fails hard
by none. A request can leave a walk for a session and come back for the hosts that are left: its place is in
the request itself.

Does not carry transactions, does not record outcomes.
Source: Postfix smtp_connect(3), smtp_trouble(3), smtp_reuse(3); spec: routing, 4 to 6.
"""

import os

from fastsmtp.delivery.desk import Desk
from fastsmtp.errors import SessionError, SessionTimeout
from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.request import Request
from fastsmtp.outcome import classify, status
from fastsmtp.outcome.classify import Verdict
from fastsmtp.route.failure import LookupFailure
from fastsmtp.session.connection import Refused, Session
from fastsmtp.session.opening import open_session
from fastsmtp.session.stages import STAGES
from fastsmtp.wire import engine

LOOP_PORT = 25  # elsewhere one's own name may well answer


class Walk:
    """The walk over the hosts of one destination."""

    __slots__ = ("_desk", "_destination", "_generation")

    def __init__(self, desk: Desk, destination: Destination) -> None:
        self._desk = desk
        self._generation = desk.generation
        self._destination = destination

    async def session(self, request: Request) -> Session | Verdict:
        """A session with the first host that takes us in, or the verdict for all that is left."""
        try:
            if not request.hosts:
                request.hosts = await self._generation.router.hosts(self._destination.nexthop)
            verdict: Verdict | None = None
            while (place := self._next_place(request)) is not None:
                host = request.hosts[place]
                request.host_index = place + 1
                self._count_address(request, host)
                session, verdict = await self._try_host(host)
                if session is not None:
                    session.hosts = [host, *request.hosts[request.host_index :]]
                    return session
                assert verdict is not None
                if not verdict.soft:
                    break
                self.note_failure(request, verdict, host)
        except LookupFailure as failure:
            request.failure_relay = "none"
            return Verdict(False, failure.soft, failure.dsn, failure.text)
        return verdict or Verdict(False, True, request.failure_dsn, request.failure_text)

    async def _try_host(self, host: Host) -> tuple[Session | None, Verdict | None]:
        """A session with this host, or what its failure means."""
        desk = self._desk
        if not host.best:
            kept = desk.cache.checkout_host(host)
            if kept is not None:
                kept.wake()
                return kept, None
        try:
            session = await open_session(host, self._generation.sessions, self._generation.deadlines)
        except Refused as refusal:
            soften = refusal.at == engine.GREETING and self._generation.rules.skips_5xx_greeting
            return None, classify.unwelcome(refusal.reply, host.label, soften=soften)
        except SessionError as error:
            return None, classify.stream_failure(
                host.label, STAGES[error.stage], timed_out=isinstance(error, SessionTimeout)
            )
        except OSError as error:
            reason = "Connection timed out" if isinstance(error, TimeoutError) else _reason(error)
            text = f"connect to {host.relay}: {reason}"
            desk.log.info(text)
            return None, Verdict(False, True, status.NO_CONNECTION, text)
        if host.port == LOOP_PORT and self._generation.sessions.is_own_name(session.engine.peer_name):
            session.close()
            own_name = self._generation.sessions.own_name.decode()
            desk.log.warning(f"host {host.relay} replied to HELO/EHLO with my own hostname {own_name}")
            return None, classify.looping(self._destination.nexthop, is_best=host.best)
        return session, None

    def _next_place(self, request: Request) -> int | None:
        """Where the next host to try stands: at the end of a site's limits, the first of the next site."""
        hosts, place, rules = request.hosts, request.host_index, self._generation.rules
        over_limit = (0 < rules.addresses_limit <= request.addresses_tried) or (
            0 < rules.sessions_limit <= request.sessions_tried
        )
        while place < len(hosts) and hosts[place].site == request.site and over_limit:
            place += 1
        return place if place < len(hosts) else None

    def used_up(self, request: Request) -> bool:
        """No further host is tried for it."""
        return self._next_place(request) is None

    @staticmethod
    def _count_address(request: Request, host: Host) -> None:
        if host.site != request.site:
            request.site = host.site
            request.addresses_tried = request.sessions_tried = 0
        request.addresses_tried += 1

    def go_to(self, request: Request, session: Session) -> None:
        """The request's first host is the one that the session is open to."""
        request.hosts = session.hosts
        request.host_index = 1
        self._count_address(request, session.host)

    def note_failure(self, request: Request, verdict: Verdict, host: Host) -> None:
        request.failure_dsn = verdict.dsn
        request.failure_text = verdict.text
        request.failure_relay = host.relay if verdict.dsn != status.NO_CONNECTION else "none"
        if not self.used_up(request) and verdict.dsn != status.NO_CONNECTION:
            self._desk.log.info(f"{request.queue_id}: {verdict.text}")


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
