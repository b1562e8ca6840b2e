"""The Sorter of a run whose main.cf has tables that choose the way; loaded only then.

    open_sorter(rules, spool, sender, renderer, warn, desk)     tables open, questions made
A sender with fields is rendered for each recipient, as its message will be.
Source: ours; Postfix trivial-rewrite(8).
"""

import time
from collections.abc import Callable
from typing import Protocol

from fastsmtp.errors import ContentError
from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.spool.records import Spool
from fastsmtp.worker.sorter import Settles, Sorter
from fastsmtp.worker.switch import Switch
from fastsmtp.worker.switch_rules import SwitchRules


class Senders(Protocol):
    """Renders a sender that has fields."""

    def sender(self, recipient: Recipient) -> str: ...


class Asks(Protocol):
    @property
    def answers(self) -> Settles: ...


class Works(Protocol):
    """The worker, as far as it is asked here."""

    @property
    def asking(self) -> Asks: ...
    def add_relay(self, nexthop: str) -> None: ...


def open_sorter(
    rules: SwitchRules,
    spool: Spool,
    sender: str,
    renderer: Senders | None,
    *,
    warn: Callable[[str], None],
    worker: Callable[[], Works],
) -> Sorter:
    """`renderer` None: the sender is the same for all. `worker` is there when the first page is sorted."""
    switch = Switch(rules, warn)

    def way(address: str, domain: str, sender: str) -> Destination:
        found = switch.way(address, domain, sender)
        if found.relayed:
            worker().add_relay(found.destination.nexthop)
        return found.destination

    def of_recipient(recipient: Recipient) -> Destination:
        return way(recipient.address, recipient.domain, sender_of(recipient))

    def sender_of(recipient: Recipient) -> str:
        if renderer is None:
            return sender
        try:
            return renderer.sender(recipient)
        except ContentError:
            return ""  # it bounces when its message is made

    def of_domain(domain: str) -> Destination:
        return way("", domain, sender)

    return Sorter(
        spool,
        of_recipient,
        of_domain if switch.by_domain and renderer is None else None,
        lambda: worker().asking.answers,
        lambda: switch.look(time.monotonic()),
    )
