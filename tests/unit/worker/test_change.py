"""A reload in a run: what is under way ends as it began, what follows goes by the new settings."""

from itertools import pairwise

from tests.support.memory_peer import SILENT, Manner
from tests.support.world import ADDRESS, World

SINGLY = {"smtp_destination_recipient_limit": "1"}
SLOW = Manner(offers=(), delay=1.0)  # EHLO, MAIL, RCPT, DATA and the dot: five seconds and a greeting
OTHER = "192.0.2.2"


def many(count: int) -> list[str]:
    return [f"r{number}@x.example" for number in range(count)]


def hellos(seen) -> list[str]:
    return [conversation.commands[0] for conversation in seen.conversations]


def test_session_under_way_ends_as_it_began() -> None:
    seen = World(SLOW).run(changes=[(2.5, {"smtp_helo_name": "new.example"})])
    assert hellos(seen) == ["EHLO me.example"]
    assert seen.status() == "sent 2.0.0"


def test_delivery_after_the_reload_goes_by_the_new_settings() -> None:
    seen = World(SLOW).run(many(3), **SINGLY, changes=[(2.5, {"smtp_helo_name": "new.example"})])
    assert hellos(seen) == ["EHLO me.example", "EHLO new.example"]
    assert [len(conversation.contents) for conversation in seen.conversations] == [1, 2]


def test_session_that_would_be_opened_alike_serves_on() -> None:
    seen = World(SLOW).run(many(3), **SINGLY, changes=[(2.5, {"smtp_line_length_limit": "3"})])
    (conversation,) = seen.conversations
    assert [b"hel\r\n lo" in content for content in conversation.contents] == [False, True, True]


def test_timeout_of_a_session_under_way_is_the_one_it_began_with() -> None:
    mute = Manner(offers=(), answers={"MAIL": SILENT})
    seen = World(mute).run(smtp_mail_timeout="50", changes=[(1, {"smtp_mail_timeout": "5"})])
    assert seen.conversations[0].spent == 50


def test_idle_session_is_closed_when_it_would_be_opened_otherwise() -> None:
    defers = Manner(answers={"RCPT": ["450 4.2.0 later", "250 ok"]})
    relay = {"relayhost": f"[{ADDRESS}], [{OTHER}]", "smtp_connection_cache_time_limit": "20"}
    relay["connection_cache_ttl_limit"] = "20"
    world = World(peers={ADDRESS: defers, OTHER: Manner(mute=True)})
    stays = world.run(many(2), **SINGLY, **relay, changes=[(7, {"smtp_mx_session_limit": "1"})])
    assert stays.conversations[0].spent == 20
    closed = world.run(many(2), **SINGLY, **relay, changes=[(7, {"smtp_helo_name": "new.example"})])
    assert closed.conversations[0].spent == 7


def test_narrower_window_starts_nothing_more_and_ends_nothing() -> None:
    wide = {"smtp_destination_concurrency_limit": "4", "initial_destination_concurrency": "4"}
    narrow = {"smtp_destination_concurrency_limit": "1"}
    seen = World(SLOW).run(many(12), **SINGLY, **wide, changes=[(2.5, narrow)])
    assert seen.most_open == 4
    assert all(outcome.status == "sent" for outcome in seen.outcomes.values())
    assert sorted(len(conversation.contents) for conversation in seen.conversations) == [1, 1, 1, 9]


def test_wider_window_lets_more_start() -> None:
    wide = {"smtp_destination_concurrency_limit": "9"}
    seen = World(SLOW).run(many(30), **SINGLY, changes=[(2.5, wide)])
    assert seen.most_open > 3


def test_narrower_session_limit_holds_for_what_starts() -> None:
    names = {f"x{number}.example": [f"192.0.2.{number}"] for number in range(6)}
    seen = World(SLOW, native=names).run(
        [f"r@{name}" for name in names],
        relayhost="",
        disable_dns_lookups="yes",
        default_process_limit="3",
        changes=[(2.5, {"default_process_limit": "1"})],
    )
    moments = sorted((c.opened_at, c.closed_at) for c in seen.conversations)
    assert len({opened for opened, _ in moments[:3]}) == 1
    assert all(opened >= closed for (_, closed), (opened, _) in pairwise(moments[2:]))
    assert len(moments) == 6


def test_retry_goes_by_the_new_back_off() -> None:
    later = Manner(answers={"RCPT": ["450 4.2.0 later"]})
    times = {"minimal_backoff_time": "100", "maximal_backoff_time": "100", "maximal_queue_lifetime": "250s"}
    quick = {"minimal_backoff_time": "10", "maximal_backoff_time": "10"}
    seen = World(later).run(once=False, **times, changes=[(50, quick)])
    moments = [round(outcome.finished_at - seen.history[0].finished_at) for outcome in seen.history]
    assert moments[:4] == [0, 100, 110, 120]


def test_several_reloads_in_a_row_lose_nothing() -> None:
    changes = [(at / 2, {"smtp_helo_name": f"n{at}.example"}) for at in range(1, 60)]
    seen = World(SLOW).run(many(20), **SINGLY, changes=changes)
    assert len(seen.outcomes) == 20
    assert {outcome.status for outcome in seen.outcomes.values()} == {"sent"}
    assert len(seen.contents) == 20


def test_reload_while_hosts_are_looked_up_opens_the_session_as_it_began() -> None:
    seen = World(Manner(mute=True)).run(
        smtp_connect_timeout="40", changes=[(5, {"smtp_connect_timeout": "1"})]
    )
    assert round(sum(seen.outcomes["r@x.example"].delays)) == 40


def test_window_wider_than_a_page_is_filled_before_anybody_answers() -> None:
    wide = {"smtp_destination_concurrency_limit": "700", "initial_destination_concurrency": "700"}
    seen = World(SLOW).run(many(800), **SINGLY, **wide, default_process_limit="700")
    assert seen.most_open == 700
