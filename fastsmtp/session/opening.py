"""Opening a session: connects, introduces us, hands over a Session ready for its first transaction.

Source: Postfix smtp_connect(3); spec: routing, 4.
"""

import asyncio

from fastsmtp.mail.destination import Host
from fastsmtp.session.connection import Session
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.rules import SessionRules


async def open_session(host: Host, rules: SessionRules, deadlines: Deadlines) -> Session:
    """Connects to `host` and introduces us.

    Raises OSError where no connection came about (TimeoutError: smtp_connect_timeout ran out), Refused,
    SessionLost or SessionTimeout where the handshake failed; then the connection is closed, or on its way.
    """
    loop = asyncio.get_running_loop()
    session = Session(host, rules.engine(), deadlines, loop, waits_for_farewell=rules.waits_for_farewell)
    source = rules.bind_address6 if ":" in host.address else rules.bind_address
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
