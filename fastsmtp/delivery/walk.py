"""From a request to an open session: which host is next, when a site's limits are reached, what a failed
opening means.

    await walk.session(request)     an open session, the Verdict for what is left of the request, the
                                    Destination that shall have it instead, or None: others with the same
                                    hosts have all the places
    walk.used_up(request)           no further host is tried for it
    walk.note_failure(...)          what those left get when the last host fails

Site by site, and a site's hosts in order; a site is looked up when it is its turn. Before a site's first
connection its best hosts are asked for among the idle sessions, before each other one that host. An opening
that fails softly is followed by the next host, one that fails hard by none. A request can leave a walk for a
session and come back for the hosts that are left: its place is in the request itself.

Does not open sessions itself (entry.py), does not carry transactions, does not record outcomes.
Source: Postfix smtp_connect(3), smtp_trouble(3), smtp_reuse(3); spec: routing, 3 to 6.
"""

import os
from collections.abc import Awaitable, Callable

from fastsmtp.delivery.desk import Desk
from fastsmtp.errors import PolicyError
from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.request import Request
from fastsmtp.outcome import classify, status
from fastsmtp.outcome.classify import Verdict
from fastsmtp.route import failure
from fastsmtp.route.failure import LookupFailure
from fastsmtp.session.cache import Identity
from fastsmtp.session.connection import Session
from fastsmtp.session.opening import BindFailure

Opener = Callable[[Host, Request], Awaitable[Session | Verdict]]
Identify = Callable[[Request, Host], Awaitable[Identity | None]]


class Walk:
    """The walk over the hosts of one destination."""

    __slots__ = ("_desk", "_destination", "_generation", "_identify", "_opened")

    def __init__(self, desk: Desk, destination: Destination, opened: Opener, identify: Identify) -> None:
        """`opened` gives a session, or what the host's refusal means; OSError where no connection came
        about, PolicyError where none was to be made. `identify`: what an idle one must have been opened with.
        """
        self._desk = desk
        self._generation = desk.generations[destination.transport]
        self._destination = destination
        self._opened = opened
        self._identify = identify

    async def session(self, request: Request) -> Session | Verdict | Destination | None:
        """A session with the first host that takes us in, or what becomes of all that is left."""
        while True:
            place = self._next_place(request)
            if place is not None:
                host = request.hosts[place]
                found = await self._try_host(request, host, place)
                if isinstance(found, Session) or not found.soft:
                    return found
                continue
            if not self._has_next_site(request):
                return self._left(request)
            try:
                kept = await self._enter_site(request, request.site + 1)
            except LookupFailure as error:
                if (elsewhere := self._elsewhere(request, error)) is not None:
                    return elsewhere
                self._note_lookup(request, error)
                if self._is_end(request, error):
                    return self._left(request)
            else:
                if kept is not None:
                    return kept
                if request.site == 0 and self._generation.rules.by_hosts and not self._join(request):
                    return None

    # Sites

    def _has_next_site(self, request: Request) -> bool:
        if request.hosts and request.hosts[-1].last:
            return False
        return request.site + 1 < (request.sites or 1)

    async def _enter_site(self, request: Request, number: int) -> Session | None:
        """Its hosts, and an idle session with one of the best, if there is one. LookupFailure."""
        router, nexthop = self._generation.router, self._destination.nexthop
        request.site = number
        request.hosts = []
        request.host_index = request.addresses_tried = request.sessions_tried = 0
        request.sites = len(router.sites(nexthop))
        request.hosts = await router.hosts(nexthop, number)
        if request.fresh:
            return None
        for place, host in enumerate(request.hosts):
            if host.best and (session := await self._kept(request, host)) is not None:
                del request.hosts[place]
                request.hosts.insert(0, host)
                return self._take_kept(request, session, 0)
        return None

    def _join(self, request: Request) -> bool:
        """Whether those with the same hosts leave it a place."""
        hosts = frozenset((host.address, host.port) for host in request.hosts)
        return self._desk.join(self._destination, hosts)

    async def _kept(self, request: Request, host: Host) -> Session | None:
        """An idle one to this host, that would be opened for this request in the same way."""
        identity = await self._identify(request, host)
        return None if identity is None else self._desk.cache.checkout_host(host, identity)

    def wake(self, session: Session) -> None:
        """It was idle, and serves again."""
        session.wake()
        verdict = session.tunnel.channel.verdict if session.tunnel is not None else None
        if verdict is not None and verdict.reused:
            self._desk.log.info(verdict.reused)

    def _take_kept(self, request: Request, session: Session, place: int) -> Session:
        self.wake(session)
        self._stand_at(request, session, place)
        return session

    def _stand_at(self, request: Request, session: Session, place: int) -> None:
        """The request's host is the one at `place`, and `session` is open to it."""
        request.host_index = place + 1
        request.addresses_tried += 1
        session.stand_at(request.hosts[place:], request.sites, stands_in=request.transacted)

    def _elsewhere(self, request: Request, error: LookupFailure) -> Destination | None:
        """best_mx_transport, where this machine is the best MX host of a domain."""
        best = self._generation.rules.best_mx
        loops = error.kind == failure.LOOP and not error.soft
        if best is None or not loops or request.site > 0:
            return None
        if self._generation.router.is_relay(self._destination.nexthop):
            return None
        return best._replace(nexthop=best.nexthop or self._destination.nexthop)

    def _is_end(self, request: Request, error: LookupFailure) -> bool:
        """No site behind this failure is tried."""
        if error.dsn.endswith(".1.0") and not self._generation.rules.relays_null_mx:
            return True
        return error.kind == failure.LOOP or request.sites == 0

    # Hosts

    async def _try_host(self, request: Request, host: Host, place: int) -> Session | Verdict:
        """A session with this host, or what its failure means; then that is noted."""
        if not host.best and not request.fresh:
            kept = await self._kept(request, host)
            if kept is not None:
                return self._take_kept(request, kept, place)
        request.fresh = False
        request.host_index = place + 1
        request.addresses_tried += 1
        try:
            found = await self._opened(host, request)
        except (OSError, PolicyError) as error:
            if isinstance(error, OSError):
                verdict = self._unreached(host, error)
            else:
                verdict = classify.no_policy(error.dsn, error.text)
            self.note_failure(request, verdict, None)
            return verdict
        if isinstance(found, Session):
            stands_in = request.transacted or found.stands_in
            found.stand_at(request.hosts[place:], request.sites, stands_in=stands_in)
        else:
            self.note_failure(request, found, host)
        return found

    def _unreached(self, host: Host, error: OSError) -> Verdict:
        """No connection came about."""
        if isinstance(error, BindFailure):
            return Verdict(False, True, status.NO_SOURCE, "server configuration error")
        reason = "Connection timed out" if isinstance(error, TimeoutError) else _reason(error)
        text = f"connect to {host.relay}: {reason}"
        self._desk.log.info(text)
        return Verdict(False, True, status.NO_CONNECTION, text)

    def _next_place(self, request: Request) -> int | None:
        """Where the next host of the site stands; None at its end, and at its limits."""
        place, rules = request.host_index, self._generation.rules
        if place >= len(request.hosts):
            return None
        if 0 < rules.addresses_limit <= request.addresses_tried:
            return None
        if 0 < rules.sessions_limit <= request.sessions_tried:
            return None
        return place

    def used_up(self, request: Request) -> bool:
        """No further host is tried for it."""
        return self._next_place(request) is None and not self._has_next_site(request)

    # Failures

    def note_failure(self, request: Request, verdict: Verdict, host: Host | None) -> None:
        """Of one host (None: it was not reached): the last one counts, in the end."""
        request.failure_dsn = verdict.dsn
        request.failure_text = verdict.text
        request.failure_relay = "none" if host is None else host.relay
        request.failure_tls = verdict.tls
        request.excused = verdict.excused
        request.softly_failed = request.softly_failed or verdict.soft
        if host is not None and verdict.soft and not self.used_up(request):
            self._desk.log.info(f"{request.queue_id}: {verdict.text}")

    def _note_lookup(self, request: Request, error: LookupFailure) -> None:
        """Of one site: with several, soft beats hard, since one that is only down keeps the mail waiting."""
        if error.soft or not request.softly_failed:
            request.failure_dsn, request.failure_text = error.dsn, error.text
            request.failure_relay = "none"
        request.softly_failed = request.softly_failed or error.soft

    def _left(self, request: Request) -> Verdict:
        """For those that no host has decided."""
        dsn = request.failure_dsn
        text, tls = request.failure_text, request.failure_tls
        return Verdict(False, status.is_soft(dsn), dsn, text, excused=request.excused, tls=tls)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
