"""Peers that greet, offer and answer as they should not: what is done about them."""

from tests.support.memory_peer import HANGUP, SILENT, Manner
from tests.support.world import World, address
from tests.unit.parameters.proof import Proof

STARRED = Manner(greeting="220 ****", offers=())
FROM_THE_FIRST_ATTEMPT = {"smtp_pix_workaround_threshold_time": "0"}


def pause_before_the_dot(**settings: str) -> float:
    """Seconds, at a peer that greets like a PIX firewall, for a message that is 100 s old."""
    seen = World(STARRED).run(age=100.0, **settings)
    return round(seen.conversations[0].content_at[0] - seen.began_at, 3)


def first_command(**settings: str) -> str:
    return World(STARRED).run(**settings).verbs[0]


def groups(**settings: str) -> bool:
    """Whether commands go out in groups."""
    conversation = World(Manner(delay=1.0)).run(**settings).conversations[0]
    return conversation.heard_at[1] == conversation.heard_at[2]


def mails_to_a_peer_of_one_message(**settings: str) -> int:
    """How many MAIL commands four messages take, where each session bears one."""
    peer = Manner(answers={"MAIL": ["250 ok", HANGUP]})
    return World(peer).run([f"{who}@x.example" for who in "abcd"], **settings).verbs.count("MAIL")


def logged_arrows(**settings: str) -> str:
    """What kinds of lines of the dialogue are logged."""
    seen = World(Manner(offers=())).run(**settings)
    return "".join(sorted({line[6] for line in seen.lines if line[6:8] in ("> ", "< ", "- ")}))


def notices(**settings: str) -> str:
    """Who is told that the peer greets as none should."""
    seen = World(Manner(greeting="354 go on")).run(**settings)
    return ", ".join(
        line.split("<")[1].split(">")[0] for line in seen.lines if "to=<" in line and "to=<r@" not in line
    )


def subdomain_is_debugged(**settings: str) -> bool:
    names = {("mx.x.example", "A"): [address("192.0.2.1")]}
    seen = World(names=names).run(relayhost="[mx.x.example]", debug_peer_list="x.example", **settings)
    return any(line.startswith("smtp: > ") for line in seen.lines)


FORWARDED = Manner(offers=("XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT",))


def second_command(**settings: str) -> str:
    return World(FORWARDED).run(**settings).commands[1]


def patience_with_xforward(**settings: str) -> float:
    silent = Manner(offers=FORWARDED.offers, answers={"XFORWARD": SILENT})
    return World(silent).run(**settings).conversations[0].spent


PROOFS = [
    Proof(
        "smtp_send_xforward_command",
        second_command,
        {"no": "MAIL FROM:<s@x.example>", "yes": "XFORWARD SOURCE=LOCAL"},
    ),
    Proof(
        "smtp_xforward_timeout",
        patience_with_xforward,
        {"3": 3.0, "1m": 60.0},
        also={"smtp_send_xforward_command": "yes"},
    ),
    Proof(
        "notify_classes",
        notices,
        {"resource, software": "", "protocol": "postmaster@me.example", "data": ""},
    ),
    Proof(
        "error_notice_recipient",
        notices,
        {"postmaster": "postmaster@me.example", "who@y.example": "who@y.example"},
        also={"notify_classes": "protocol"},
    ),
    Proof(
        "parent_domain_matches_subdomains",
        subdomain_is_debugged,
        {"debug_peer_list": True, "relay_domains": False, "": False},
    ),
    Proof("debug_peer_list", logged_arrows, {"": "", "192.0.2.0/28": "-<>", "192.0.2.9": ""}),
    Proof("debug_peer_level", logged_arrows, {"1": "<>", "2": "-<>"}, also={"debug_peer_list": "192.0.2.1"}),
    Proof(
        "host_memory_lifetime",
        mails_to_a_peer_of_one_message,
        {"30d": 6, "0": 7},
        also={"smtp_destination_recipient_limit": "1"},
    ),
    Proof(
        "smtp_pix_workaround_delay_time",
        pause_before_the_dot,
        {"10s": 10.0, "1m": 60.0},
        also=FROM_THE_FIRST_ATTEMPT,
    ),
    Proof("smtp_pix_workaround_threshold_time", pause_before_the_dot, {"100s": 10.0, "101s": 0.0}),
    Proof("smtp_pix_workarounds", first_command, {"disable_esmtp, delay_dotcrlf": "HELO", "": "EHLO"}),
    Proof(
        "smtp_pix_workaround_maps",
        first_command,
        {"inline:{192.0.2.1=delay_dotcrlf}": "EHLO", "inline:{192.0.2.9=delay_dotcrlf}": "HELO"},
    ),
    Proof(
        "smtp_discard_ehlo_keyword_address_maps",
        groups,
        {"inline:{192.0.2.1=pipelining}": False, "inline:{192.0.2.9=pipelining}": True},
    ),
]
