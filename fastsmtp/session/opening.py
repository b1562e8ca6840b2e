"""Opening a session: what we say of ourselves, where we connect from, how long a session serves.

    await open_session(host, rules, deadlines)    a Session ready for its first transaction
    rules.reusable(session, now)                  whether it may take a further one

Source: Postfix smtp_connect(3), smtp_helo_name, smtp_bind_address, smtp_connection_reuse_*; spec: routing, 4.
"""

import asyncio
from typing import NamedTuple

from fastsmtp.mail.destination import Host
from fastsmtp.session.connection import Session
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.wire.engine import SessionEngine


class SessionRules(NamedTuple):
    """What is configured for every session of a transport."""

    helo_name: bytes
    discard: frozenset[str]  # EHLO keywords, in capitals
    always_ehlo: bool
    never_ehlo: bool
    bind_address: str  # "" is the system's choice
    bind_address6: str
    reuse_time_limit: float  # seconds from the connection on
    reuse_count_limit: int  # transactions after the first; 0: no limit
    keeps_idle: bool  # smtp_connection_cache_on_demand
    waits_for_farewell: bool  # smtp_skip_quit_response = no

    def engine(self) -> SessionEngine:
        """A protocol engine at its start."""
        return SessionEngine(
            self.helo_name, discard=self.discard, always_ehlo=self.always_ehlo, never_ehlo=self.never_ehlo
        )

    def reusable(self, session: Session, now: float) -> bool:
        """Time and count allow a further transaction. `now` as the loop counts time."""
        return now - session.opened_at < self.reuse_time_limit and (
            self.reuse_count_limit == 0 or session.begun <= self.reuse_count_limit
        )


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
        session.abort()
        raise
    return session
