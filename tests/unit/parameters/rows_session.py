"""What we say of ourselves, and what of a peer's words counts."""

from tests.support.memory_peer import HANGUP, Manner
from tests.support.world import ADDRESS, World
from tests.unit.parameters.proof import Proof

IPV6 = "2001:db8::1"


def hello(**settings: str) -> str:
    """The first command to a peer whose greeting does not say ESMTP."""
    return World(Manner(greeting="220 mx.example")).run(**settings).commands[0]


def esmtp_hello(**settings: str) -> str:
    return World().run(**settings).commands[0]


def mail(**settings: str) -> str:
    """The MAIL command."""
    return next(line for line in World().run(**settings).commands if line.startswith("MAIL"))


def recipient(**settings: str) -> str:
    """The RCPT command for a local part that ends in a dot."""
    return next(line for line in World().run(["a.@x.example"], **settings).commands if "RCPT" in line)


def unwelcome(**settings: str) -> str:
    return World(Manner(greeting="554 5.7.1 go away")).run(**settings).status()


def refused(**settings: str) -> str:
    return World(Manner(answers={"RCPT": "550 5.1.1 unknown"})).run(**settings).status()


def unanswered(**settings: str) -> str:
    """The peer leaves in place of an answer to the end of the message."""
    return World(Manner(answers={".": HANGUP})).run(**settings).outcomes["r@x.example"].status


def source(**settings: str) -> str:
    return World().run(**settings).conversations[0].source


def looping(**settings: str) -> str:
    """The peer calls itself me.example."""
    return World(Manner(name="me.example")).run(**settings).status()


PROOFS = [
    Proof("smtp_always_send_ehlo", hello, {"yes": "EHLO me.example", "no": "HELO me.example"}),
    Proof("smtp_never_send_ehlo", esmtp_hello, {"yes": "HELO me.example", "no": "EHLO me.example"}),
    Proof(
        "smtp_helo_name",
        esmtp_hello,
        {"$myhostname": "EHLO me.example", "[192.0.2.9]": "EHLO [192.0.2.9]"},
    ),
    Proof(
        "myhostname", esmtp_hello, {"me.example": "EHLO me.example", "other.example": "EHLO other.example"}
    ),
    Proof("myhostname", looping, {"me.example": "bounced 5.4.6", "other.example": "sent 2.0.0"}),
    Proof(
        "mydomain",
        esmtp_hello,
        {"a.example": "EHLO mail.a.example", "b.example": "EHLO mail.b.example"},
        also={"myhostname": "mail.$mydomain"},
    ),
    Proof(
        "smtp_discard_ehlo_keywords",
        mail,
        {"": "MAIL FROM:<s@x.example> BODY=7BIT", "8BitMime, unheard-of": "MAIL FROM:<s@x.example>"},
    ),
    Proof(
        "smtp_quote_rfc821_envelope",
        recipient,
        {"yes": 'RCPT TO:<"a."@x.example>', "no": "RCPT TO:<a.@x.example>"},
    ),
    Proof("smtp_skip_5xx_greeting", unwelcome, {"yes": "deferred 4.7.1", "no": "bounced 5.7.1"}),
    Proof("soft_bounce", refused, {"no": "bounced 5.1.1", "yes": "deferred 4.1.1"}),
    Proof("delivery_guarantee", unanswered, {"at_least_once": "deferred", "at_most_once": "unknown"}),
    Proof("smtp_bind_address", source, {"": "", "192.0.2.7": "192.0.2.7", "[192.0.2.7]": "192.0.2.7"}),
    Proof(
        "smtp_bind_address6",
        source,
        {"": "", "2001:db8::7": "2001:db8::7"},
        also={"inet_protocols": "all", "relayhost": f"[{IPV6}]", "smtp_bind_address": ADDRESS},
    ),
]
