"""All that one worker goes by: plain values, made from the settings by configure.py.

Source: ours.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fastsmtp.delivery.content import ContentRules
from fastsmtp.delivery.desk import DeliveryRules
from fastsmtp.queue.backoff import Backoff
from fastsmtp.queue.destination_queue import SchedulerRules
from fastsmtp.remote.rules import AnswerRules
from fastsmtp.route.hosts import RouteRules
from fastsmtp.route.records import Drops
from fastsmtp.route.resolver import LookupRules
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.session.rules import SessionRules
from fastsmtp.worker.feed import FeedRules
from fastsmtp.worker.routing import SwitchRules


class Rules(NamedTuple):
    """All that a worker goes by."""

    scheduler: SchedulerRules  # of the default transport
    transports: Mapping[str, SchedulerRules]  # those that are SMTP clients
    switch: SwitchRules | None  # tables that choose the way
    feed: FeedRules
    backoff: Backoff
    delivery: DeliveryRules
    content: ContentRules
    session: SessionRules
    deadlines: Deadlines
    route: RouteRules
    lookup: LookupRules
    answers: AnswerRules
    drops: Drops | None  # smtp_dns_reply_filter
    permanent: Callable[[str], bool] | None  # smtp_connection_cache_destinations, by next-hop

    def serves_alike(self, other: "Rules") -> bool:
        """Whether a session that was opened by the one would be opened the same way by the other."""
        return (self.session, self.deadlines, self.route, self.lookup) == (
            other.session,
            other.deadlines,
            other.route,
            other.lookup,
        )
