"""Opening a session: connects, introduces us, hands over a Session ready for its first transaction.

Source: Postfix smtp_connect(3); spec: routing, 4.
"""

import asyncio
import socket
from collections.abc import Callable

from fastsmtp.mail.destination import Host
from fastsmtp.session.connection import Session
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.rules import SessionRules


class BindFailure(OSError):
    """Our own address cannot be had, and no other one may be used."""


async def open_session(
    host: Host, rules: SessionRules, deadlines: Deadlines, warn: Callable[[str], None]
) -> Session:
    """Connects to `host` and introduces us. `warn` hears of a source address that cannot be had.

    Raises OSError where no connection came about (TimeoutError: smtp_connect_timeout ran out; BindFailure),
    Refused, SessionLost or SessionTimeout where the handshake failed; then the connection is closed, or on
    its way.
    """
    loop = asyncio.get_running_loop()
    session = Session(host, rules.engine(), deadlines, loop, waits_for_farewell=rules.waits_for_farewell)
    source = rules.bind_address6 if ":" in host.address else rules.bind_address
    if source and (problem := unbindable(source)):
        warn(f"bind {source}: {problem}")
        if rules.binds_strictly:
            raise BindFailure(problem)
        source = ""
    async with asyncio.timeout(deadlines.connect or None):
        await loop.create_connection(
            lambda: session, host.address, host.port, local_addr=(source, 0) if source else None
        )
    try:
        await session.ready
    except asyncio.CancelledError:
        session.ready.cancel()
        session.abort()
        raise
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
