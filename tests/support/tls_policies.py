"""TLS from settings to verdict, without a session: a policy as a run opens it, a host, a handshake in memory.

    policy = policy_of(smtp_tls_security_level="may")
    met = meet(policy, leaf)                met.channel.verdict, met.reason, met.lines, met.server
    met = meet(policy, leaf, nexthop="[mx.example]", host=a_host("mx.example"))

Source: ours.
"""

from dataclasses import dataclass
from typing import Any

from fastsmtp.errors import HandshakeFailed
from fastsmtp.mail.destination import Host
from fastsmtp.tls.channel import Channel
from fastsmtp.tls.policy import Policy
from fastsmtp.tls.protection import Protection
from fastsmtp.worker.protecting import policy
from tests.support import world
from tests.support.certificates import Certified
from tests.support.tls_peer import TlsServer, shake

NEXTHOP = "example.test"
NAME = "mx.example.test"


@dataclass
class Met:
    """How a handshake ended."""

    protection: Protection
    channel: Channel
    server: TlsServer
    reason: str = ""  # why it failed

    @property
    def lines(self) -> str:
        """What is logged of it."""
        verdict = self.channel.verdict
        return "\n".join((*verdict.lines, *verdict.warnings))

    @property
    def word(self) -> str:
        return self.channel.verdict.word

    @property
    def matched(self) -> bool:
        return self.channel.verdict.matched


def policy_of(warnings: list[str] | None = None, **settings: str) -> Policy:
    """Of the transport that takes all mail. `warnings` gathers what is said of them."""
    loaded = world.load(settings)
    view = loaded.of_transports().get(loaded.text("default_transport"), loaded)
    found: Policy = policy(view, (warnings if warnings is not None else []).append)
    return found


def a_host(name: str = NAME, address: str = "192.0.2.1", port: int = 25) -> Host:
    return Host(name, address, port, 0, True)


def meet(
    a_policy: Policy,
    leaf: Certified | None,
    *,
    nexthop: str = NEXTHOP,
    host: Host | None = None,
    **server: Any,
) -> Met:
    """A handshake with a host that shows `leaf`, and the peer's first words."""
    protection = a_policy.protection(nexthop, host or a_host())
    met = Met(protection, protection.channel(), TlsServer(leaf, **server))
    try:
        met.channel.start()
        met.server.say(b"250 mx.example.test\r\n")
        shake(met.channel, met.server)
    except HandshakeFailed as error:
        met.reason = str(error)
    return met
