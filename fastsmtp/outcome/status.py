"""Enhanced status codes: the words of RFC 3463 that fastsmtp uses by itself.

A peer's own code always comes from its reply (fastsmtp.wire.reply); these are for failures that we detect.
Source: RFC 3463; Postfix smtp_trouble(3); spec: session, 3 and 12; queue, 4.6 and 6.
"""

LOST = "4.4.2"  # connection lost or timed out
NO_CONNECTION = "4.4.1"
NO_SOURCE = "4.4.0"  # smtp_bind_address_enforce: not from our address
UNAVAILABLE = "4.3.0"
BAD_DESTINATION = (
    "4.3.5"  # a next-hop that cannot be used: a fault of the configuration, never the recipient's
)
LOOP = "5.4.6"
TOO_LARGE = "5.3.4"
NO_ANSWER = "5.5.0"  # a reply that means nothing where it came
NEEDS_SMTPUTF8 = "5.6.7"  # an address or header outside ASCII, and the peer does not take such
NO_STARTTLS = "4.7.4"
NO_TLS = "4.7.5"
INSECURE = "4.7.0"
CONTENT = "5.6.0"  # the message cannot be rendered or converted


def is_soft(dsn: str) -> bool:
    """Class 4 is worth another attempt; everything else is final."""
    return dsn.startswith("4")


def softened(dsn: str) -> str:
    """The same detail in class 4."""
    return "4" + dsn[1:]
