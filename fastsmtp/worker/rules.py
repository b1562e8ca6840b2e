"""All that one worker goes by: plain values, made from the settings by configure.py, and by client.py for
each transport.

Source: ours.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fastsmtp.delivery.content_rules import ContentRules, Rewriter
from fastsmtp.delivery.desk import DeliveryRules, Logins
from fastsmtp.queue.backoff import Backoff
from fastsmtp.queue.destination_queue import SchedulerRules
from fastsmtp.remote.rules import AnswerRules
from fastsmtp.route.hosts import RouteRules
from fastsmtp.route.records import Drops
from fastsmtp.route.resolver import LookupRules
from fastsmtp.session.channel import Policy
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.rules import SessionRules
from fastsmtp.worker.feed import FeedRules
from fastsmtp.worker.switch_rules import SwitchRules


class ClientRules(NamedTuple):
    """What the SMTP client of a transport goes by."""

    delivery: DeliveryRules
    content: ContentRules
    rewriter: Rewriter | None  # smtp_generic_maps
    session: SessionRules
    deadlines: Deadlines
    route: RouteRules
    lookup: LookupRules
    drops: Drops | None  # smtp_dns_reply_filter
    permanent: Callable[[str], bool] | None  # smtp_connection_cache_destinations, by next-hop
    tls: Policy | None = None  # the policy (fastsmtp.tls.policy); None: every session stays in the clear
    logins: Logins | None = None  # smtp_sasl_auth_enable

    def serves_alike(self, other: "ClientRules") -> bool:
        """Whether a session that was opened by the one would be opened the same way by the other."""
        return (self.session, self.deadlines, self.route, self.lookup, self.tls, self.logins) == (
            other.session,
            other.deadlines,
            other.route,
            other.lookup,
            other.tls,
            other.logins,
        )


class Rules(NamedTuple):
    """All that a worker goes by."""

    scheduler: SchedulerRules  # of the default transport
    transports: Mapping[str, SchedulerRules]  # those that are SMTP clients
    clients: Mapping[str, ClientRules]  # the same transports; the same one where nothing tells them apart
    switch: SwitchRules | None  # tables that choose the way
    feed: FeedRules
    backoff: Backoff
    answers: AnswerRules
    soft_bounce: bool
    memory_lifetime: float  # host_memory_lifetime, in seconds
