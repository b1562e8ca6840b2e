"""What is the same for every session of a transport: what we say of ourselves, and how long a session serves.

Source: Postfix smtp_helo_name, smtp_bind_address, smtp_connection_reuse_*; spec: session, 6; routing, 4, 6.9.
"""

from typing import NamedTuple

from fastsmtp.wire.engine import SessionEngine


class SessionRules(NamedTuple):
    """What is configured for every session of a transport."""

    helo_name: bytes
    own_name: bytes  # myhostname
    discard: frozenset[str]  # EHLO keywords, in capitals
    always_ehlo: bool
    never_ehlo: bool
    bind_address: str  # "" is the system's choice
    bind_address6: str
    binds_strictly: bool  # smtp_bind_address_enforce
    reuse_time_limit: float  # seconds from the connection on
    reuse_count_limit: int  # transactions after the first; 0: no limit
    keeps_idle: bool  # smtp_connection_cache_on_demand
    waits_for_farewell: bool  # smtp_skip_quit_response = no
    window_limit: int  # messages in flight by BDAT; 0: no BDAT

    def engine(self) -> SessionEngine:
        """A protocol engine at its start."""
        return SessionEngine(
            self.helo_name,
            discard=self.discard,
            always_ehlo=self.always_ehlo,
            never_ehlo=self.never_ehlo,
            window_limit=self.window_limit,
        )

    def is_own_name(self, name: bytes) -> bool:
        """A peer that calls itself so is this machine."""
        return name.lower() == self.own_name.lower()

    def reusable(self, opened_at: float, begun: int, now: float) -> bool:
        """A session opened then, with so many transactions begun, may take another. Times as the loop's."""
        return now - opened_at < self.reuse_time_limit and (
            self.reuse_count_limit == 0 or begun <= self.reuse_count_limit
        )
