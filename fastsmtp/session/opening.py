"""Opening a session: connects, introduces us, hands over a Session ready for its first transaction.

    await steps.greeted()                          greeting, EHLO or HELO
    await steps.ask(line, command, shown)          one command alone (STARTTLS, AUTH): its reply
    await steps.secure(channel)                    the handshake; from here on all goes through the channel
    await steps.greet_again()                      EHLO inside TLS
    steps.over()                                   transactions may begin

Each step says one thing and waits for what the peer makes of it; all raise SessionError. One that is
cancelled ends the connection.

TLS comes as `protection` says: at once, by STARTTLS, or not at all. Where it is required the session is given
out inside TLS or not at all.
Source: Postfix smtp_connect(3), smtp_proto(3), RFC 3207; spec: routing, 4; tls, 6, 13.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from fastsmtp.errors import HandshakeFailed, SessionError, SessionLost, SessionTimeout
from fastsmtp.mail.destination import Host
from fastsmtp.mail.known_host import KnownHost
from fastsmtp.session import refused
from fastsmtp.session.channel import Channel, Protection
from fastsmtp.session.connection import Session
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.refused import Refused, Unprotected
from fastsmtp.session.rules import Manner, SessionRules
from fastsmtp.session.transcript import Transcript
from fastsmtp.session.tunnel import Tunnel
from fastsmtp.wire import engine
from fastsmtp.wire.reply import Reply

TAKEN = 2  # first digit of a reply that takes STARTTLS


class BindFailure(OSError):
    """Our own address cannot be had, and no other one may be used."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """How this host is met, this time."""

    manner: Manner  # as rules.manner() says of it
    known: KnownHost  # what earlier sessions taught
    transcript: Transcript | None
    looks_for_loops: bool  # our own name means that it is this machine
    age: float  # seconds since the message to be sent was taken in
    warn: Callable[[str], None]  # hears of a source address that cannot be had, and of TLS
    inform: Callable[[str], None]  # hears what is logged of a handshake
    protection: Protection | None  # what TLS must achieve; None: nothing
    login: Callable[[Session], Awaitable[None]] | None = None  # authenticates, behind the last EHLO
    reply_filter: Callable[[bytes], bytes] | None = None  # smtp_reply_filter: line for line


class Steps:
    """One session's; it is told by the session what came."""

    __slots__ = ("_heard", "_lost", "_session", "_shaken")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._shaken: asyncio.Future[None] | None = None  # while a handshake runs: its end
        self._lost: SessionError | None = None
        session.opening = self

    # What the session tells

    def heard(self, kind: int, subject: object) -> None:
        if kind == engine.REFUSED:
            refusal = Refused(*subject)  # type: ignore[misc]
            refusal.inside_tls = self._session.tunnel is not None
            if not self._heard.done():
                self._heard.set_exception(refusal)
            self._session.close()
        elif kind in (engine.READY, engine.REPLIED) and not self._heard.done():
            self._heard.set_result(subject)

    def lost(self, broken: SessionError | None, stage: int, *, timed_out: bool) -> None:
        error = broken or (SessionTimeout if timed_out else SessionLost)("it ended")
        error.stage = stage
        tunnel = self._session.tunnel
        error.inside_tls = tunnel is not None and tunnel.channel.established
        self._lost = error
        waited_for = self._heard if self._shaken is None or self._shaken.done() else self._shaken
        if not waited_for.done():
            waited_for.set_exception(error)

    # What is done

    async def greeted(self) -> None:
        await self._wait(self._heard)

    async def ask(self, line: bytes, command: int, shown: bytes | None = None) -> Reply:
        """`line` without CR LF; `shown` of it is what a transcript gets."""
        self._begin(command)
        self._session.engine.ask(line, command, shown)
        self._session.go_on()
        _, reply = await self._wait(self._heard)
        answer: Reply = reply
        return answer

    async def secure(self, channel: Channel) -> None:
        """HandshakeFailed, whatever it was that failed."""
        session = self._session
        self._check(engine.STARTTLS)
        self._shaken = shaken = asyncio.get_running_loop().create_future()
        deadlines = session.deadlines
        session.deadlines = deadlines.of_handshake(engine.STARTTLS)
        assert session.transport is not None
        try:
            session.tunnel = Tunnel(channel, session.transport, shaken, session.end)
            session.go_on()
            await self._wait(shaken)
        except HandshakeFailed:
            session.abort()
            raise
        except SessionTimeout:
            raise channel.failed("timed out") from None
        except SessionError:
            raise channel.failed("lost connection") from None
        session.deadlines = deadlines

    async def greet_again(self) -> int:
        """How many bytes that came too early are dropped unseen."""
        self._begin(engine.EHLO)
        dropped = self._session.engine.greet_again()
        self._session.go_on()
        await self._wait(self._heard)
        return dropped

    def over(self) -> None:
        """SessionLost, if the peer left meanwhile."""
        self._check(engine.EHLO)
        self._session.opening = None

    def _check(self, stage: int) -> None:
        if self._lost is not None:
            raise self._lost
        if self._session.over:
            raise SessionLost("lost connection", stage)

    def _begin(self, stage: int) -> None:
        self._check(stage)
        self._heard = asyncio.get_running_loop().create_future()

    async def _wait(self, future: "asyncio.Future[Any]") -> Any:
        try:
            return await future
        except asyncio.CancelledError:
            self._session.abort()
            raise


async def open_session(host: Host, rules: SessionRules, deadlines: Deadlines, meeting: Meeting) -> Session:
    """Connects to `host` and introduces us.

    Raises OSError where no connection came about (TimeoutError: smtp_connect_timeout ran out; BindFailure),
    Refused, SessionLost or SessionTimeout where the introduction failed; HandshakeFailed and Unprotected,
    where TLS did. Then the connection is closed, or on its way.
    """
    loop = asyncio.get_running_loop()
    manner = meeting.manner
    protocol = rules.engine(manner, meeting.known, looks_for_loops=meeting.looks_for_loops)
    session = Session(host, protocol, deadlines, loop, waits_for_farewell=rules.waits_for_farewell)
    steps = Steps(session)
    session.transcript = protocol.transcript = meeting.transcript
    protocol.reader.filter = meeting.reply_filter
    source = rules.bind_address6 if ":" in host.address else rules.bind_address
    if source and (problem := unbindable(source)):
        meeting.warn(f"bind {source}: {problem}")
        if rules.binds_strictly:
            raise BindFailure(problem)
        source = ""
    async with asyncio.timeout(deadlines.connect or None):
        await loop.create_connection(
            lambda: cast(asyncio.Protocol, session),
            host.address,
            host.port,
            local_addr=(source, 0) if source else None,
        )
    await _enter(steps, session, rules, meeting)
    _end(steps, session, rules)
    session.messages_limit = meeting.known.messages_limit
    if protocol.introduction.is_pix:
        session.dot_delay = rules.dot_delay(manner, meeting.age)
    return session


async def _enter(steps: Steps, session: Session, rules: SessionRules, meeting: Meeting) -> None:
    """Up to the last EHLO, and AUTH behind it. Unprotected, where TLS must be and is not: no way leads past
    here without it.
    """
    protection = meeting.protection
    if protection is not None and protection.wrapper:
        if not protection.available:
            session.abort()
            raise Unprotected(refused.NO_ENGINE)
        await _begin_tls(steps, session, protection, meeting)
    await steps.greeted()
    if meeting.looks_for_loops and rules.is_own_name(session.engine.peer_name):
        return
    if protection is not None and not protection.wrapper:
        await _start_tls(steps, session, protection, meeting)
    if protection is not None and protection.required and session.tunnel is None:
        session.close()
        raise Unprotected(refused.UNAVAILABLE)
    if meeting.login is not None:
        await meeting.login(session)


async def _start_tls(steps: Steps, session: Session, protection: Protection, meeting: Meeting) -> None:
    """STARTTLS where it is offered; then EHLO anew. What is not required may fail, up to the handshake."""
    offered = "STARTTLS" in session.engine.offers
    if not offered or not protection.tries:
        if protection.required:
            session.close()
            raise Unprotected(refused.NO_ENGINE if offered else refused.NOT_OFFERED)
        return
    reply = await steps.ask(b"STARTTLS", engine.STARTTLS)
    if reply.digit != TAKEN:
        if protection.required:
            session.close()
            raise Unprotected(refused.TURNED_DOWN, reply)
        return
    if early := session.engine.unread:
        meeting.warn(f"{session.relay}: discarding {early} plaintext bytes after STARTTLS")
        if protection.required:
            session.abort()
            raise HandshakeFailed("plaintext behind the reply to STARTTLS")
    await _begin_tls(steps, session, protection, meeting)
    await steps.greet_again()


async def _begin_tls(steps: Steps, session: Session, protection: Protection, meeting: Meeting) -> None:
    channel = protection.channel()
    session.held = True  # a greeting that comes with the handshake's end waits for what it came to
    await steps.secure(channel)
    session.held = False
    verdict = channel.verdict
    assert verdict is not None
    for line in verdict.lines:
        meeting.inform(line)
    for warning in verdict.warnings:
        meeting.warn(warning)
    if not verdict.matched:
        unverified = Unprotected(refused.UNVERIFIED)
        if protection.wrapper and session.tunnel is not None:  # QUIT has no place ahead of the greeting
            session.opening = None
            session.tunnel.farewell()
            session.end(unverified)
        else:
            session.close()
        raise unverified
    session.go_on()


def _end(steps: Steps, session: Session, rules: SessionRules) -> None:
    """SessionLost, if the peer left meanwhile; Unprotected, if it speaks where it is our turn."""
    try:
        steps.over()
    except SessionError:
        if rules.blocks_early_replies and session.tunnel is not None and session.engine.suspect:
            raise Unprotected(refused.EARLY) from None
        raise


def unbindable(address: str) -> str:
    """Why no connection can come from this address; "" if one can."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return error.strerror or str(error)
    return ""
