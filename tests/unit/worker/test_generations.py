"""Transports with settings of their own: who goes by which, what they share, and a reload of one."""

from tests.support.memory_peer import Manner
from tests.support.world import ADDRESS, World

WAYS = {
    "smtp_transports": "smtp slow",
    "transport_maps": f"inline:{{ {{ slow.example = slow:[{ADDRESS}] }} }}",
    "smtp_destination_recipient_limit": "1",
    "slow_destination_recipient_limit": "1",
    "slow_destination_concurrency_limit": "1",
    "recipient_delimiter": "+",
}
SLOWLY = Manner(offers=(), delay=1.0)
USUAL = ["r1@x.example", "r2@x.example", "r3@x.example"]
SLOW = ["r1@slow.example", "r2@slow.example", "r3@slow.example"]


def hellos(seen) -> list[str]:
    return sorted(conversation.commands[0] for conversation in seen.conversations)


def test_each_transport_binds_to_its_own_address() -> None:
    own = {"smtp_bind_address": "127.0.0.4", "slow_bind_address": "127.0.0.5"}
    seen = World().run(USUAL + SLOW, **WAYS, **own)
    assert sorted(conversation.source for conversation in seen.conversations) == ["127.0.0.4", "127.0.0.5"]
    assert {len(conversation.contents) for conversation in seen.conversations} == {3}


def test_content_is_made_by_the_rules_of_the_transport() -> None:
    seen = World().run([USUAL[0], SLOW[0]], **WAYS, slow_line_length_limit="3")
    assert sorted(b"hel\r\n lo" in content for content in seen.contents) == [False, True]


def test_tables_of_one_transport_rewrite_for_it_alone() -> None:
    seen = World().run([USUAL[0], SLOW[0]], **WAYS, slow_generic_maps="inline:{s@x.example=new@x.example}")
    senders = sorted(line for line in seen.commands if line.startswith("MAIL"))
    assert [sender.partition(" ")[2].partition(">")[0] for sender in senders] == [
        "FROM:<new@x.example",
        "FROM:<s@x.example",
    ]


def test_reload_for_one_transport_leaves_the_sessions_of_the_others() -> None:
    seen = World(SLOWLY).run(USUAL + SLOW, **WAYS, changes=[(2.5, {"slow_helo_name": "new.example"})])
    assert hellos(seen) == ["EHLO me.example", "EHLO me.example", "EHLO new.example"]
    assert sorted(len(conversation.contents) for conversation in seen.conversations) == [1, 2, 3]


def test_relay_that_a_table_names_stays_one_after_a_reload() -> None:
    """It was sorted before the reload, and is looked up after it."""
    tables = {
        "relayhost": "",
        "sender_dependent_relayhost_maps": "inline:{s@x.example=nowhere.example}",
        "transport_maps": f"inline:{{ {{ x.example = smtp:[{ADDRESS}] }} }}",
        "default_process_limit": "1",
    }
    seen = World(SLOWLY).run(
        ["r@x.example", "r@y.example"], **tables, changes=[(1, {"smtp_line_length_limit": "3"})]
    )
    assert seen.status("r@y.example") == "deferred 4.3.5"
