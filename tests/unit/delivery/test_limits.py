"""What a peer's LIMITS leave of a request and of a session (RFC 9422)."""

from dataclasses import dataclass, field
from typing import cast

import pytest

from fastsmtp.delivery import limits
from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.session.connection import Session

RELAY = Destination("smtp", "[relay.example]")


@dataclass
class Engine:
    recipient_limit: int = 0
    domain_limit: int = 0
    suspect: bool = False
    spent: bool = False


@dataclass
class Fake:
    engine: Engine
    domains: frozenset[str] = frozenset()
    over: bool = False
    told: list[str] = field(default_factory=list)


def session(**options: int) -> Session:
    return cast(Session, Fake(Engine(**options)))


def request(*domains: str) -> Request:
    recipients = [Recipient(n, f"r{n}@{d}", d, n, "", 0, 0.0) for n, d in enumerate(domains, 1)]
    return Request(RELAY, recipients, "ID", 7.0)


@pytest.mark.parametrize(
    ("options", "domains", "kept"),
    [
        ({}, "abc", 3),
        ({"recipient_limit": 2}, "aaa", 2),
        ({"recipient_limit": 3}, "aaa", 3),
        ({"domain_limit": 2}, "aabbc", 4),
        ({"domain_limit": 1, "recipient_limit": 1}, "aab", 1),
        ({"domain_limit": 5}, "abc", 3),
    ],
)
def test_request_is_cut_down_to_what_the_peer_takes(options: dict[str, int], domains: str, kept: int) -> None:
    cut = request(*domains)
    whole = list(cut.recipients)
    rest = limits.split(session(**options), cut)
    assert cut.recipients == whole[:kept]
    assert (rest.recipients if rest else []) == whole[kept:]
    if rest:
        assert (rest.destination, rest.active_at, rest.sessions_tried) == (RELAY, 7.0, 0)


def test_domains_count_over_a_whole_session() -> None:
    one = session(domain_limit=2)
    assert limits.split(one, request("a")) is None
    assert limits.open_to_more(one, RELAY)
    rest = limits.split(one, request("b", "c"))
    assert rest is not None
    assert not limits.open_to_more(one, RELAY)


def test_session_with_one_domain_goes_on_for_that_domain() -> None:
    one = session(domain_limit=1)
    assert limits.split(one, request("a", "a")) is None
    assert limits.open_to_more(one, Destination("smtp", "a"))
    assert not limits.open_to_more(one, RELAY)


@pytest.mark.parametrize("options", [{"suspect": True}, {"spent": True}])
def test_session_at_its_end_takes_no_more(options: dict[str, int]) -> None:
    assert not limits.open_to_more(session(**options), RELAY)
