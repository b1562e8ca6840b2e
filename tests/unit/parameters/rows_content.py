"""What is sent after DATA, and addresses that are replaced on the way."""

from tests.support.memory_peer import Manner
from tests.support.world import World
from tests.unit.parameters.proof import Proof

SEVEN = Manner(offers=("PIPELINING",))  # not 8BITMIME
LABELLED = b"""\
Subject: hello
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

cr\xc3\xaapes
""".replace(b"\n", b"\r\n")
UNLABELLED = b"Subject: hello\r\n\r\ncr\xc3\xaapes\r\n"
EIGHT = "Content-Transfer-Encoding: 8bit"


def message(*text: str) -> bytes:
    return "".join(f"{line}\r\n" for line in ("MIME-Version: 1.0", *text)).encode()


def lines(**settings: str) -> bytes:
    """A line of ten characters in two pieces or one."""
    (content,) = World().run(message=b"Subject: a\r\n\r\n0123456789\r\n", **settings).contents
    return content.partition(b"\r\n\r\n")[2]


def converted(**settings: str) -> bytes:
    """The text line as a peer gets it that does not offer 8BITMIME."""
    (content,) = World(SEVEN).run(message=LABELLED, **settings).contents
    return content.splitlines()[-2]


def repaired(**settings: str) -> bytes:
    """The same without a label."""
    (content,) = World(SEVEN).run(message=UNLABELLED, **settings).contents
    return content.splitlines()[-2]


def nested(**settings: str) -> str:
    """Text inside four multiparts."""
    heads = [
        line
        for level in range(4)
        for line in (f"Content-Type: multipart/mixed; boundary=b{level}x", "", f"--b{level}x")
    ]
    return World(SEVEN).run(message=message(*heads, EIGHT, "", "ê"), **settings).status()


def told_apart(**settings: str) -> int:
    """How many parts are converted: those behind a line that agrees with the boundary in three letters."""
    head = ("Content-Type: multipart/mixed; boundary=abcdef", "", "--abcxyz", EIGHT, "", "ê")
    (content,) = World(SEVEN).run(message=message(*head), **settings).contents
    return content.count(b"quoted-printable")


def long_header(**settings: str) -> bytes:
    """What is left of a header of three lines, the first with six characters."""
    (content,) = World(SEVEN).run(message=message("A: bcd", " e", " f", EIGHT, "", "ê"), **settings).contents
    return content.splitlines()[2]


def sender(**settings: str) -> str:
    return World().run(sender="u+e@x.example", **settings).commands[1].partition(":")[2].split(" ")[0]


ONE_TO_NEW = {"smtp_generic_maps": "inline:{u@x.example=new@y.example}"}
BARE = {"smtp_generic_maps": "inline:{u=new@y.example}", "recipient_delimiter": "+"}

PROOFS = [
    Proof("smtp_line_length_limit", lines, {"0": b"0123456789\r\n.\r\n", "9": b"012345678\r\n 9\r\n.\r\n"}),
    Proof("disable_mime_output_conversion", converted, {"no": b"cr=C3=AApes", "yes": b"cr\xc3\xaapes"}),
    Proof("force_mime_output_conversion", repaired, {"no": b"cr\xc3\xaapes", "yes": b"cr=C3=AApes"}),
    Proof("mime_nesting_limit", nested, {"100": "sent 2.0.0", "1": "bounced 5.6.0"}),
    Proof("mime_boundary_length_limit", told_apart, {"2048": 0, "3": 1}),
    Proof(
        "header_size_limit",
        long_header,
        {"102400": b" e", "5": b"Content-Transfer-Encoding: quoted-printable"},
    ),
    Proof(
        "smtp_generic_maps",
        sender,
        {"": "<u+e@x.example>", "inline:{u+e@x.example=n@y.example}": "<n@y.example>"},
    ),
    Proof("recipient_delimiter", sender, {"": "<u+e@x.example>", "+": "<new@y.example>"}, also=ONE_TO_NEW),
    Proof(
        "propagate_unmatched_extensions",
        sender,
        {"canonical": "<new@y.example>", "generic": "<new+e@y.example>"},
        also={**ONE_TO_NEW, "recipient_delimiter": "+"},
    ),
    Proof("mydestination", sender, {"": "<u+e@x.example>", "x.example": "<new@y.example>"}, also=BARE),
    Proof("myorigin", sender, {"$myhostname": "<u+e@x.example>", "x.example": "<new@y.example>"}, also=BARE),
]
