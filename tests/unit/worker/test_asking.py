"""smtp_generic_maps in a server: deliveries that need an answer wait for it, others go on."""

import asyncio

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup.generic import MEMORY_TIME
from tests.support.memory_peer import Manner
from tests.support.world import World

TABLE = "tcp:localhost:9"
MESSAGE = b"From: head@x.example\r\nSubject: x\r\n\r\nx\r\n"


class Server:
    """What tcp: connects to: answers after `delay` seconds, or never."""

    def __init__(self, monkeypatch, delay=0.5):
        self.delay = delay
        self.asked = []
        self.connections = 0
        monkeypatch.setattr("fastsmtp.remote.tcp.connect", self.connect)

    async def connect(self, table, host):
        self.connections += 1
        return self

    async def ask(self, key):
        self.asked.append(key)
        await asyncio.sleep(1e9 if key.startswith("never") else self.delay)
        if key.startswith("error"):
            raise TableError(f"{TABLE}: no")
        return key.replace("@x.example", "@out.example") if key != "plain@x.example" else None

    def close(self):
        pass


@pytest.fixture
def server(monkeypatch):
    return Server(monkeypatch)


def run(*addresses, **settings):
    return World().run(addresses, message=MESSAGE, smtp_generic_maps=TABLE, **settings)


def test_addresses_are_replaced_by_what_the_server_says(server):
    seen = run("r@x.example", "plain@x.example")
    assert seen.outcomes["r@x.example"].status == seen.outcomes["plain@x.example"].status == "sent"
    assert "MAIL FROM:<s@out.example>" in " ".join(seen.commands)
    assert "RCPT TO:<r@out.example>" in " ".join(seen.commands)
    assert "RCPT TO:<plain@x.example>" in " ".join(seen.commands)
    assert b"From: head@out.example" in seen.contents[0]
    assert sorted(server.asked) == ["head@x.example", "plain@x.example", "r@x.example", "s@x.example"]


def test_wait_costs_no_attempt_and_no_session(server):
    seen = run("a@x.example", "b@x.example", "c@x.example", smtp_destination_recipient_limit="1")
    assert [outcome.attempts for outcome in seen.outcomes.values()] == [1, 1, 1]
    assert len(seen.conversations) == 1
    assert len(seen.history) == 3


def test_delivery_whose_answer_never_comes_is_deferred_and_others_go_on(server):
    seen = run("never@x.example", "b@x.example", "c@x.example", smtp_destination_recipient_limit="1")
    assert [outcome.recipient.address for outcome in seen.history[:2]] == ["b@x.example", "c@x.example"]
    assert seen.status("never@x.example") == "deferred 4.3.0"
    assert seen.outcomes["never@x.example"].reply == (
        f'smtp_generic_maps: lookup of "never@x.example" failed: {TABLE}: no answer within 30 seconds'
    )
    took = seen.outcomes["never@x.example"].finished_at - seen.outcomes["b@x.example"].finished_at
    assert 25 < took < 40


def test_error_of_the_server_defers_and_names_parameter_table_and_key(server):
    seen = run("error@x.example", "b@x.example", smtp_destination_recipient_limit="1")
    assert seen.status("error@x.example") == "deferred 4.3.0"
    assert "smtp_generic_maps" in seen.outcomes["error@x.example"].reply
    assert f'"error@x.example" failed: {TABLE}: no' in seen.outcomes["error@x.example"].reply
    assert seen.status("b@x.example") == "sent 2.0.0"


def test_answer_counts_for_as_long_as_the_settings_say(server):
    addresses = [f"r{number}@x.example" for number in range(10)]
    slow = World(Manner(delay=MEMORY_TIME / 2))
    for time, times in (("5s", 4), ("1000s", 1)):
        server.asked.clear()
        slow.run(
            addresses,
            message=MESSAGE,
            smtp_generic_maps=TABLE,
            smtp_destination_recipient_limit="1",
            lookup_cache_time=time,
        )
        assert server.asked.count("s@x.example") >= times
        assert times > 1 or len(server.asked) == 12


def test_without_a_server_nothing_is_loaded(monkeypatch):
    def never(*_):
        raise AssertionError("loaded")

    monkeypatch.setattr("fastsmtp.remote.answers.Answers.__init__", never)
    seen = World().run(message=MESSAGE, smtp_generic_maps="inline:{r@x.example=q@y.example}")
    assert "RCPT TO:<q@y.example>" in " ".join(seen.commands)


def test_what_waits_in_the_queue_is_looked_up_meanwhile(server):
    server.delay = 0.01
    addresses = [f"r{number}@x.example" for number in range(1200)]
    seen = run(*addresses, smtp_destination_recipient_limit="1")
    assert {outcome.status for outcome in seen.outcomes.values()} == {"sent"}
    assert len(seen.outcomes) == 1200
    assert sorted(server.asked) == sorted([*addresses, "s@x.example", "head@x.example"])
    assert len(seen.conversations) <= 3


@pytest.mark.parametrize(
    "result",
    [
        "a@b.example>\r\nRCPT TO:<evil@x.example",
        "a@b.example\r\nDATA",
        "@b.example\r\nRSET",
        '"a\r\nRSET"@b.example',
        "a\0@b",
        "a@-b",
        "ü@b.example",
        "<>",
    ],
)
def test_answer_that_is_no_address_smuggles_nothing_into_a_command(server, monkeypatch, result):
    async def ask(key):
        return result

    monkeypatch.setattr(server, "ask", ask)
    seen = run("r@x.example")
    assert set(seen.verbs) <= {"EHLO", "RSET", "QUIT"}
    assert seen.contents == []
    assert seen.status("r@x.example") == "deferred 4.3.0"
    assert seen.outcomes["r@x.example"].reply.isprintable()


def test_words_of_a_server_are_one_line(server, monkeypatch):
    async def ask(key):
        raise TableError("tcp:x: no\r\nsuch\0thing")

    monkeypatch.setattr(server, "ask", ask)
    assert run("r@x.example").outcomes["r@x.example"].reply.endswith("failed: tcp:x: no such?thing")


def test_destinations_whose_sessions_are_kept_may_stand_in_a_server(server):
    """The first delivery goes by no answer, and asks; the second one finds its session."""
    again = {"minimal_backoff_time": "1", "maximal_backoff_time": "1", "maximal_queue_lifetime": "3s"}
    later = Manner(answers={"RCPT": ["450 4.2.0 later", "450 4.2.0 later", "250 ok"]}, delay=0.2)
    seen = World(later).run(
        once=False, relayhost="[192.0.2.9]", smtp_connection_cache_destinations=TABLE, **again
    )
    assert server.asked == ["192.0.2.9"]
    assert len(seen.history) == 3
    assert len(seen.conversations) < 3
