"""The settings of one run, read once and handed to the rooms as plain values.

    rules = read(settings, one_each=..., null_sender=..., max_age=...)

No room below knows a parameter's name; nothing is read from settings once deliveries run.
Source: Postfix smtp_params.c; spec: parameters.
"""

from collections.abc import Callable, Mapping

from fastsmtp.conf.settings import Settings
from fastsmtp.queue.backoff import Backoff
from fastsmtp.queue.destination_queue import SchedulerRules
from fastsmtp.queue.window import WindowRules, parse_feedback
from fastsmtp.worker import routing
from fastsmtp.worker.asking import answer_rules
from fastsmtp.worker.client import client_rules
from fastsmtp.worker.feed import FeedRules
from fastsmtp.worker.rules import ClientRules, Rules
from fastsmtp.worker.share import WHOLE, Share, portion


def check(settings: Settings) -> None:
    """Raises SettingError where a value names no place or port: before anything is begun."""
    read(settings, one_each=False, null_sender=False, max_age=None, horizon=None)


def read(
    settings: Settings,
    *,
    one_each: bool,
    null_sender: bool,
    max_age: float | None,
    horizon: float | None,
    share: Share = WHOLE,
    warn: Callable[[str], None] | None = None,
    complains: bool = True,
) -> Rules:
    """`one_each`: a transaction for each recipient. `max_age` is the job's, `horizon` the run's. With `warn`,
    tables are opened; it hears what is wrong with them, later too. `complains`: the postmaster may hear of
    peers.

    `share`: of the limits that hold for all workers together, what this one may use; one is the least for
    those that are no promise to a peer.
    """
    transport, relay = routing.default_way(settings)
    transports = routing.transports(settings)
    return Rules(
        scheduler=_scheduler(
            settings, transport if transport in transports else transports[0], one_each, share
        ),
        transports={name: _scheduler(settings, name, one_each, share) for name in transports},
        switch=routing.switch_rules(settings),
        feed=FeedRules(
            transport=transport,
            relay=relay,
            transports=frozenset(transports),
            room=max(portion(settings.number("qmgr_message_recipient_limit"), share), 1),
            open_limit=max(portion(2 * settings.number("default_process_limit"), share), 1),
            horizon=horizon,
        ),
        backoff=_backoff(settings, null_sender, max_age),
        clients=_clients(settings, warn, complains),
        answers=answer_rules(settings),
        soft_bounce=settings.flag("soft_bounce"),
        memory_lifetime=settings.seconds("host_memory_lifetime"),
    )


def _clients(
    settings: Settings, warn: Callable[[str], None] | None, complains: bool
) -> Mapping[str, ClientRules]:
    """By transport; transports for which nothing is set alone have the same."""
    usual: ClientRules | None = None
    found = {}
    for transport, view in settings.of_transports().items():
        if view is not settings:
            found[transport] = client_rules(view, warn, complains=complains)
        else:
            usual = found[transport] = usual or client_rules(settings, warn, complains=complains)
    return found


def _scheduler(settings: Settings, transport: str, one_each: bool, share: Share) -> SchedulerRules:
    """The limits of one transport."""
    positive = parse_feedback(settings.text(f"{transport}_destination_concurrency_positive_feedback"))
    negative = parse_feedback(settings.text(f"{transport}_destination_concurrency_negative_feedback"))
    assert positive is not None  # the settings were checked
    assert negative is not None
    return SchedulerRules(
        window=WindowRules(
            initial=max(portion(settings.number(f"{transport}_initial_destination_concurrency"), share), 1),
            limit=portion(settings.number(f"{transport}_destination_concurrency_limit"), share),
            positive=positive,
            negative=negative,
            cohort_limit=settings.number(f"{transport}_destination_concurrency_failed_cohort_limit"),
        ),
        recipients_per_request=1 if one_each else settings.number(f"{transport}_destination_recipient_limit"),
        sessions=portion(settings.number("default_process_limit"), share),
        closed_for=settings.seconds("minimal_backoff_time"),
    )


def _backoff(settings: Settings, null_sender: bool, max_age: float | None) -> Backoff:
    lifetime = settings.seconds("maximal_queue_lifetime")
    if null_sender:
        lifetime = min(lifetime, settings.seconds("bounce_queue_lifetime"))
    return Backoff(
        shortest=settings.seconds("minimal_backoff_time"),
        longest=settings.seconds("maximal_backoff_time"),
        lifetime=lifetime if max_age is None else max_age,
    )
