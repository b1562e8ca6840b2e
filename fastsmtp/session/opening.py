"""Opening a session: connects, introduces us, hands over a Session ready for its first transaction.

Source: Postfix smtp_connect(3); spec: routing, 4.
"""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from fastsmtp.mail.destination import Host
from fastsmtp.mail.known_host import KnownHost
from fastsmtp.session.connection import Session
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.rules import Manner, SessionRules
from fastsmtp.session.transcript import Transcript


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


async def open_session(host: Host, rules: SessionRules, deadlines: Deadlines, meeting: Meeting) -> Session:
    """Connects to `host` and introduces us.

    Raises OSError where no connection came about (TimeoutError: smtp_connect_timeout ran out; BindFailure),
    Refused, SessionLost or SessionTimeout where the handshake failed; then the connection is closed, or on
    its way.
    """
    loop = asyncio.get_running_loop()
    manner = meeting.manner
    engine = rules.engine(manner, meeting.known, looks_for_loops=meeting.looks_for_loops)
    session = Session(host, engine, deadlines, loop, waits_for_farewell=rules.waits_for_farewell)
    session.transcript = engine.transcript = meeting.transcript
    source = rules.bind_address6 if ":" in host.address else rules.bind_address
    if source and (problem := unbindable(source)):
        meeting.warn(f"bind {source}: {problem}")
        if rules.binds_strictly:
            raise BindFailure(problem)
        source = ""
    async with asyncio.timeout(deadlines.connect or None):
        await loop.create_connection(
            lambda: session, host.address, host.port, local_addr=(source, 0) if source else None
        )
    ready = session.ready
    assert ready is not None
    try:
        await ready
    except asyncio.CancelledError:
        ready.cancel()
        session.abort()
        raise
    finally:
        session.ready = None
    session.messages_limit = meeting.known.messages_limit
    if engine.introduction.is_pix:
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
