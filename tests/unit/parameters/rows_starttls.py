"""STARTTLS as a session goes through it: its time limit, what is logged, what follows where it fails."""

from dataclasses import replace

from tests.support.certificates import authority
from tests.support.memory_peer import GARBAGE, SILENT, TLS, Manner
from tests.support.world import World
from tests.unit.parameters.proof import Proof

SECURE = Manner(leaf=authority().issue("mx.example"))
MAY = {"smtp_tls_security_level": "may"}
RETRIED = {
    **MAY,
    "minimal_backoff_time": "300s",
    "maximal_backoff_time": "300s",
    "maximal_queue_lifetime": "450s",
}


def reply_patience(**settings: str) -> float:
    """Seconds that a peer is given that does not answer STARTTLS."""
    return World(replace(SECURE, answers={"STARTTLS": SILENT})).run(**settings).conversations[0].spent


def handshake_patience(**settings: str) -> float:
    """Seconds that a peer is given that never sends its ServerHello."""
    return World(replace(SECURE, handshake=SILENT)).run(**settings).conversations[0].spent


def notes_offer(**settings: str) -> bool:
    return "Host offered STARTTLS: [192.0.2.1]" in World(SECURE).run(**settings).log


def early_word(**settings: str) -> str:
    """What a peer comes to that answers MAIL, inside TLS, before it is said."""
    early = "250-mx.example\r\n250 8BITMIME\r\n250 2.1.0 ok"
    talkative = replace(
        SECURE, answers={"EHLO": ["250-mx.example\r\n250 STARTTLS"]}, answers_inside={"EHLO": early}
    )
    return World(talkative).run(**settings).status()


def ways(**settings: str) -> list[str]:
    """How each connection to a peer went that does not get through a handshake."""
    seen = World(replace(SECURE, handshake=GARBAGE)).run(once=False, **settings)
    return ["TLS" if "STARTTLS" in c.commands else "clear" for c in seen.conversations]


def sessions(**settings: str) -> list[int]:
    """Messages of each session inside TLS."""
    seen = World(SECURE).run(("a@x.example", "b@x.example"), smtp_destination_recipient_limit="1", **settings)
    return [len(c.contents) for c in seen.conversations if TLS in c.commands]


PROOFS = [
    Proof("smtp_starttls_timeout", reply_patience, {"3": 3.0, "1m": 60.0}, also=MAY),
    Proof("smtp_starttls_timeout", handshake_patience, {"3": 3.0, "1m": 60.0}, also=MAY),
    Proof("smtp_tls_note_starttls_offer", notes_offer, {"no": False, "yes": True}),
    Proof(
        "smtp_tls_block_early_mail_reply",
        early_word,
        {"no": "deferred 4.4.2", "yes": "deferred 4.7.0"},
        also=MAY,
    ),
    Proof(
        "smtp_tls_plaintext_fallback",
        ways,
        {"yes": ["TLS", "TLS", "clear"], "no": ["TLS", "TLS", "TLS"]},
        also=RETRIED,
    ),
    Proof("smtp_tls_connection_reuse", sessions, {"yes": [2], "no": [1, 1]}, also=MAY),
]
