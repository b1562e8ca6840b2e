"""What a peer's LIMITS leave of a request and of a session (RFC 9422)."""

import asyncio
from typing import cast

import pytest

from fastsmtp.delivery import limits
from fastsmtp.mail.destination import Destination, Host
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.session.connection import Session
from fastsmtp.session.deadlines import Deadlines
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.transaction import Transaction

RELAY = Destination("smtp", "[relay.example]")


class Clock:
    """All of a loop that a session without a transport asks for."""

    @staticmethod
    def time() -> float:
        return 0.0


def session(limits_told: str = "") -> Session:
    """Open to a peer with these LIMITS."""
    protocol = SessionEngine(b"mx.example.net")
    for reply in ("220 a\r\n", f"250-a\r\n250 LIMITS {limits_told}\r\n"):
        protocol.receive(reply.encode())
        protocol.take()
    host = Host("a", "192.0.2.1", 25, 0, best=True)
    deadlines = Deadlines(0.0, 0.0, (), per_request=False, data_rate=0)
    loop = cast(asyncio.AbstractEventLoop, Clock())
    return Session(host, protocol, deadlines, loop, waits_for_farewell=False)


def request(*domains: str) -> Request:
    recipients = [Recipient(n, f"r{n}@{d}", d, n, "", 0, 0.0) for n, d in enumerate(domains, 1)]
    return Request(RELAY, recipients, "ID", 7.0)


@pytest.mark.parametrize(
    ("told", "domains", "kept"),
    [
        ("", "abc", 3),
        ("RCPTMAX=2", "aaa", 2),
        ("RCPTMAX=3", "aaa", 3),
        ("RCPTDOMAINMAX=2", "aabbc", 4),
        ("RCPTDOMAINMAX=1 RCPTMAX=1", "aab", 1),
        ("RCPTDOMAINMAX=5", "abc", 3),
    ],
)
def test_request_is_cut_down_to_what_the_peer_takes(told: str, domains: str, kept: int) -> None:
    cut = request(*domains)
    whole = list(cut.recipients)
    rest = limits.split(session(told), cut)
    assert cut.recipients == whole[:kept]
    assert (rest.recipients if rest else []) == whole[kept:]
    if rest:
        assert (rest.destination, rest.active_at, rest.sessions_tried) == (RELAY, 7.0, 0)


def test_domains_count_over_a_whole_session() -> None:
    one = session("RCPTDOMAINMAX=2")
    assert limits.split(one, request("a")) is None
    assert limits.open_to_more(one, RELAY)
    rest = limits.split(one, request("b", "c"))
    assert rest is not None
    assert not limits.open_to_more(one, RELAY)


def test_session_with_one_domain_goes_on_for_that_domain() -> None:
    one = session("RCPTDOMAINMAX=1")
    assert limits.split(one, request("a", "a")) is None
    assert limits.open_to_more(one, Destination("smtp", "a"))
    assert not limits.open_to_more(one, RELAY)


def test_suspect_session_takes_no_more() -> None:
    one = session()
    one.engine.receive(b"250 nobody asked\r\n")
    assert not limits.open_to_more(one, RELAY)


def test_session_with_all_its_messages_takes_no_more() -> None:
    one = session("MAILMAX=1")
    assert limits.open_to_more(one, RELAY)
    one.begin(Transaction(b"", [b"r@x.example"], b".\r\n"))
    assert not limits.open_to_more(one, RELAY)


def test_closed_session_takes_no_more() -> None:
    one = session()
    one.close()
    assert not limits.open_to_more(one, RELAY)
