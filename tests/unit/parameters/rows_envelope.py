"""What MAIL and RCPT say beside the addresses."""

from tests.support.memory_peer import Manner
from tests.support.world import World
from tests.unit.parameters.proof import Proof

ALL = Manner(offers=("DSN", "SMTPUTF8", "8BITMIME"))
HEADER = "Subject: blå\r\n\r\nhello\r\n".encode()


def mail(**settings: str) -> str:
    """The last parameter of MAIL."""
    return World(ALL).run(**settings).commands[1].rpartition(" ")[2]


def mail_of_a_header(**settings: str) -> str:
    return World(ALL).run(message=HEADER, **settings).commands[1].rpartition(" ")[2]


def rcpt(**settings: str) -> str:
    return World(ALL).run(**settings).commands[2].rpartition(" ")[2]


def fate_outside_ascii(**settings: str) -> str:
    return World(ALL).run(["ö@x.example"], **settings).status("ö@x.example")


PROOFS = [
    Proof("dsn_notify", rcpt, {"": "ORCPT=rfc822;r@x.example", "Never": "NOTIFY=NEVER"}),
    Proof("dsn_return", mail, {"": "BODY=7BIT", "full": "RET=FULL", "hdrs": "RET=HDRS"}),
    Proof("dsn_envelope_id", mail, {"": "BODY=7BIT", "a b": "ENVID=a+20b"}),
    Proof("smtputf8_enable", fate_outside_ascii, {"yes": "sent 2.0.0", "no": "bounced 5.6.7"}),
    Proof(
        "smtputf8_autodetect_classes",
        mail_of_a_header,
        {"sendmail, verify": "BODY=8BITMIME", "smtpd": "SMTPUTF8", "all": "SMTPUTF8"},
    ),
]
