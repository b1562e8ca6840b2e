"""Opening a session: connects, introduces us, hands over a Session ready for its first transaction.

    await steps.greeted()                          greeting, EHLO or HELO
    await steps.ask(line, command, shown)          one command alone (STARTTLS, AUTH): its reply
    await steps.secure(channel)                    the handshake; from here on all goes through the channel
    await steps.greet_again()                      EHLO inside TLS
    steps.over()                                   transactions may begin

Each step says one thing and waits for what the peer makes of it; all raise SessionError. One that is
cancelled ends the connection.

Source: Postfix smtp_connect(3); spec: routing, 4.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from fastsmtp.errors import HandshakeFailed, SessionError, SessionLost, SessionTimeout
from fastsmtp.mail.destination import Host
from fastsmtp.mail.known_host import KnownHost
from fastsmtp.session.channel import Channel
from fastsmtp.session.connection import Session
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.refused import Refused
from fastsmtp.session.rules import Manner, SessionRules
from fastsmtp.session.transcript import Transcript
from fastsmtp.session.tunnel import Tunnel
from fastsmtp.wire import engine
from fastsmtp.wire.reply import Reply


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
    warn: Callable[[str], None]  # hears of a source address that cannot be had
    login: Callable[[Session], Awaitable[None]] | None = None  # authenticates, behind the last EHLO
    reply_filter: Callable[[bytes], bytes] | None = None  # smtp_reply_filter: line for line


class Steps:
    """One session's; it is told by the session what came."""

    __slots__ = ("_heard", "_lost", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._heard: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._lost: SessionError | None = None
        session.opening = self

    # What the session tells

    def heard(self, kind: int, subject: object) -> None:
        if kind == engine.REFUSED:
            if not self._heard.done():
                self._heard.set_exception(Refused(*subject))  # type: ignore[misc]
            self._session.close()
        elif kind in (engine.READY, engine.REPLIED) and not self._heard.done():
            self._heard.set_result(subject)

    def lost(self, error: SessionError) -> None:
        self._lost = error
        if not self._heard.done():
            self._heard.set_exception(error)

    # What is done

    async def greeted(self) -> None:
        await self._answer()

    async def ask(self, line: bytes, command: int, shown: bytes | None = None) -> Reply:
        """`line` without CR LF; `shown` of it is what a transcript gets."""
        self._begin(command)
        self._session.engine.ask(line, command, shown)
        self._session.go_on()
        _, reply = await self._answer()
        answer: Reply = reply
        return answer

    async def secure(self, channel: Channel) -> None:
        """HandshakeFailed, whatever it was that failed."""
        session = self._session
        self._begin(engine.STARTTLS)
        deadlines = session.deadlines
        session.deadlines = deadlines.of_handshake(engine.STARTTLS)
        assert session.transport is not None
        try:
            session.tunnel = Tunnel(channel, session.transport, self._heard, session.end)
            session.go_on()
            await self._answer()
        except HandshakeFailed:
            session.abort()
            raise
        except SessionTimeout:
            raise channel.failed("timed out") from None
        except SessionError:
            raise channel.failed("lost connection") from None
        session.deadlines = deadlines
        session.go_on()

    async def greet_again(self) -> int:
        """How many bytes that came too early are dropped unseen."""
        self._begin(engine.EHLO)
        dropped = self._session.engine.greet_again()
        self._session.go_on()
        await self._answer()
        return dropped

    def over(self) -> None:
        """SessionLost, if the peer left meanwhile."""
        self._check(engine.IDLE)
        self._session.opening = None

    def _check(self, stage: int) -> None:
        if self._lost is not None:
            raise self._lost
        if self._session.over:
            raise SessionLost("lost connection", stage)

    def _begin(self, stage: int) -> None:
        self._check(stage)
        self._heard = asyncio.get_running_loop().create_future()

    async def _answer(self) -> Any:
        try:
            return await self._heard
        except asyncio.CancelledError:
            self._session.abort()
            raise


async def open_session(host: Host, rules: SessionRules, deadlines: Deadlines, meeting: Meeting) -> Session:
    """Connects to `host` and introduces us.

    Raises OSError where no connection came about (TimeoutError: smtp_connect_timeout ran out; BindFailure),
    Refused, SessionLost or SessionTimeout where the handshake failed; then the connection is closed, or on
    its way.
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
    await steps.greeted()
    if meeting.login is not None:
        await meeting.login(session)
    steps.over()
    session.messages_limit = meeting.known.messages_limit
    if protocol.introduction.is_pix:
        session.dot_delay = rules.dot_delay(manner, meeting.age)
    return session


def unbindable(address: str) -> str:
    """Why no connection can come from this address; "" if one can."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return error.strerror or str(error)
    return ""
