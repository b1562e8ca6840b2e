"""Where mail goes: a destination (transport and next-hop) and the hosts that serve it.

Source: Postfix's queue manager (a destination is the unit of concurrency) and smtp_connect(3) (hosts in the
order tried).
"""

from typing import NamedTuple


class Destination(NamedTuple):
    """The unit of concurrency, back-off and session reuse."""

    transport: str
    nexthop: str  # as configured or the recipient's domain, lower case


class Host(NamedTuple):
    """One address of one host that takes mail for a next-hop."""

    name: str  # as looked up, or the address where the next-hop is one
    address: str  # printable IPv4 or IPv6 address, no brackets
    port: int
    preference: int  # MX preference; 0 where none was looked up
    best: bool  # of the best preference of its site
    site: int = 0  # which of a next-hop's sites, in order; the limits of a request count for each anew
    last: bool = False  # of the last site to try: farther ones would send the mail back to us

    @property
    def label(self) -> str:
        """`name[address]`, as logs and reasons show it."""
        return f"{self.name}[{self.address}]"

    @property
    def relay(self) -> str:
        """`name[address]:port`, as results and status lines show it."""
        return f"{self.name}[{self.address}]:{self.port}"
