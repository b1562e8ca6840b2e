"""Time limits and session limits: seconds until a silent peer is left, messages until a session is."""

from collections.abc import Callable
from dataclasses import replace

from tests.support.memory_peer import SILENT, Manner
from tests.support.world import ADDRESS, World
from tests.unit.parameters.proof import Proof

LONG = b"Subject: long\r\n\r\n" + b"0123456789\r\n" * 10_000
FEW = ("a@x.example", "b@x.example", "c@x.example", "d@x.example")
SINGLY = {"smtp_destination_recipient_limit": "1"}
OTHER = "192.0.2.2"
STRICT = Manner(offers=())  # no PIPELINING: each command waits for its answer


def patience(verb: str, manner: Manner = STRICT) -> Callable[..., float]:
    """Seconds that a session lives whose peer never answers `verb`."""

    def observe(**settings: str) -> float:
        silent = replace(manner, answers={**manner.answers, verb: SILENT})
        return World(silent).run(**settings).conversations[0].spent

    return observe


def greeting_patience(**settings: str) -> float:
    return World(Manner(greeting=SILENT)).run(**settings).conversations[0].spent


def connect_patience(**settings: str) -> float:
    seen = World(Manner(mute=True)).run(**settings)
    return round(sum(seen.outcomes["r@x.example"].delays), 3)


def transfer_patience(**settings: str) -> float:
    return World(replace(STRICT, stalls=True)).run(message=LONG, **settings).conversations[0].spent


def farewell_patience(**settings: str) -> float:
    """The peer's answer to QUIT takes nine seconds."""
    world = World(Manner(answers={"QUIT": SILENT}))
    return world.run(smtp_quit_timeout="9", **settings).conversations[0].spent


DEFERS_ONE = Manner(answers={"RCPT": ["450 4.2.0 later", "250 ok"], "RSET": SILENT})
TWO_SITES = {"relayhost": f"[{ADDRESS}], [{OTHER}]", "smtp_destination_recipient_limit": "1"}


def idle_patience(**settings: str) -> float:
    """How long a session waits for work while its destination's next host lets us hang."""
    world = World(peers={ADDRESS: DEFERS_ONE, OTHER: Manner(mute=True)})
    return world.run(FEW[:2], **TWO_SITES, **settings).conversations[0].spent


def probe_patience(**settings: str) -> float:
    """A session that waited is asked with RSET whether it lives, and does not say."""
    world = World(peers={ADDRESS: DEFERS_ONE, OTHER: Manner(absent=True)})
    return world.run(FEW[:2], **TWO_SITES, **settings).conversations[0].spent


def uses(**settings: str) -> list[int]:
    """How many messages each session carried."""
    return [len(conversation.contents) for conversation in World().run(FEW, **settings).conversations]


def slow_uses(**settings: str) -> list[int]:
    """The same, and each answer takes three seconds."""
    seen = World(Manner(offers=(), delay=3.0)).run(FEW, **settings)
    return [len(conversation.contents) for conversation in seen.conversations]


PROOFS = [
    Proof("smtp_helo_timeout", greeting_patience, {"3": 3.0, "1m": 60.0}),
    Proof("smtp_helo_timeout", patience("EHLO"), {"3": 3.0, "1m": 60.0}),
    Proof("smtp_mail_timeout", patience("MAIL"), {"3": 3.0, "1m": 60.0}),
    Proof("smtp_rcpt_timeout", patience("RCPT"), {"3": 3.0, "1m": 60.0}),
    Proof("smtp_data_init_timeout", patience("DATA"), {"3": 3.0, "1m": 60.0}),
    Proof("smtp_data_done_timeout", patience("."), {"3": 3.0, "1m": 60.0}),
    Proof("smtp_data_xfer_timeout", transfer_patience, {"3": 3.0, "1m": 60.0}),
    Proof("smtp_connect_timeout", connect_patience, {"3": 3.0, "1m": 60.0}),
    Proof(
        "smtp_quit_timeout",
        patience("QUIT"),
        {"3": 3.0, "1m": 60.0},
        also={"smtp_skip_quit_response": "no"},
    ),
    Proof("smtp_skip_quit_response", farewell_patience, {"yes": 0.0, "no": 9.0}),
    Proof("smtp_rset_timeout", probe_patience, {"3": 3.0, "1m": 60.0}),
    Proof(
        "smtp_connection_cache_time_limit",
        idle_patience,
        {"2s": 2.0, "10s": 10.0},
        also={"connection_cache_ttl_limit": "1m"},
    ),
    Proof(
        "connection_cache_ttl_limit",
        idle_patience,
        {"2s": 2.0, "10s": 10.0, "1m": 30.0},
        also={"smtp_connection_cache_time_limit": "30s"},
    ),
    Proof("smtp_connection_cache_on_demand", idle_patience, {"yes": 2.0, "no": 0.0}),
    Proof("smtp_connection_reuse_count_limit", uses, {"0": [4], "1": [2, 2]}, also=SINGLY),
    Proof("smtp_connection_cache_reuse_limit", uses, {"1": [2, 2], "2": [3, 1]}, also=SINGLY),
    Proof("smtp_connection_reuse_time_limit", slow_uses, {"300s": [4], "9s": [1, 1, 1, 1]}, also=SINGLY),
    Proof("smtp_destination_recipient_limit", uses, {"50": [1], "2": [2], "0": [1], "1": [4]}),
    Proof("default_destination_recipient_limit", uses, {"50": [1], "2": [2]}),
]
