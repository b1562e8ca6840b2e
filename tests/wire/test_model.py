"""Every mixture of replies to messages in a row: each recipient gets the fate that the server meant.

The server is the plain twin in tests/reference/server.py, the sender the plainest carrier over the engine
(tests/support/model.py). Here are all replies to two messages, and samples of more; `python -m tests.fuzz.model` plays
all mixtures of three messages, and of two with two recipients each.
"""

import random
from itertools import product

import pytest

from tests.reference.server import Fault, Plan
from tests.support.model import MODES, Mode, check, every_plan, play

SAMPLE = 300
GOOD = Plan("2", "2", "3", "2")
# Replies of a session with messages that are taken: EHLO, then four each. What a chained message hears begins here.
GROUPED = {"MAIL": 5, "RCPT": 6, "DATA": 7}


@pytest.fixture(params=MODES.values(), ids=MODES)
def mode(request: pytest.FixtureRequest) -> Mode:
    chosen: Mode = request.param
    return chosen


def test_two_messages_with_every_mixture_of_replies(mode: Mode) -> None:
    for plans in product(every_plan(1), repeat=2):
        check(play(list(plans), mode))


@pytest.mark.parametrize(("messages", "recipients"), [(2, 2), (3, 1), (4, 3)])
def test_more_messages_with_replies_at_random_cut_at_random(
    mode: Mode, messages: int, recipients: int
) -> None:
    chance = random.Random(messages)
    plans = list(every_plan(recipients))
    for seed in range(1, SAMPLE):
        check(play(chance.choices(plans, k=messages), mode, seed=seed))


@pytest.mark.parametrize("kind", ["extra", "503"])
@pytest.mark.parametrize("at", GROUPED.values(), ids=GROUPED)
def test_peer_out_of_step_in_a_chain_is_served_plainly_and_nobody_bounces(kind: str, at: int) -> None:
    account = play([GOOD] * 3, MODES["chained"], fault=Fault(kind, at))
    check(account)
    assert account.plain
    assert len(account.anomalies) == 1
    assert sum(account.delivered.values()) + len(account.lost) == 3


@pytest.mark.parametrize("at", GROUPED.values(), ids=GROUPED)
def test_command_lost_in_a_chain_makes_the_peer_plain(at: int) -> None:
    account = play([GOOD] * 3, MODES["chained"], fault=Fault("lost", at))
    check(account)
    assert account.plain


@pytest.mark.parametrize("name", ["chained", "BDAT, three in flight"])
def test_peer_that_drops_what_follows_a_message_is_served_plainly(name: str) -> None:
    account = play([GOOD] * 4, MODES[name], fault=Fault("flush"))
    check(account)
    assert account.plain
    assert account.sessions == 2


def test_session_is_not_left_for_a_refusal() -> None:
    for plan in every_plan(2):
        if "c" not in "".join(plan) and "3" not in plan.mail + plan.recipients and plan.data != "2":
            assert play([plan, GOOD], MODES["in groups"]).sessions == 1
