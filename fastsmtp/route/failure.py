"""A name or next-hop that leads nowhere: the status and the text for those who wait on it.

Kinds, the worst reason for giving up last: NOTHING (an answer: no such name or record), FIRM (the server
refuses for good), GARBLED, TEMPORARY, POLICY (smtp_dns_reply_filter dropped everything), and LOOP: the mail
is already here.
Source: Postfix dns_lookup(3), smtp_addr(3); spec: routing, 2.2, 2.3, 3.
"""

from typing import Final

NOTHING, FIRM, GARBLED, TEMPORARY, POLICY, LOOP = range(6)
BROKEN_FILTER: Final = "4.3.0"  # smtp_dns_reply_filter has no answer
STATUS: Final = ("5.4.4", "5.4.3", "5.4.4", "4.4.3", "4.7.0", "5.4.6")


class LookupFailure(Exception):
    """Says where nothing was found, and why."""

    def __init__(self, dsn: str, text: str, kind: int = FIRM) -> None:
        super().__init__(text)
        self.dsn = dsn
        self.text = text
        self.kind = kind

    @property
    def soft(self) -> bool:
        return self.dsn.startswith("4")

    @property
    def found_nothing(self) -> bool:
        """The name or record does not exist: an answer, not a failure to get one."""
        return self.kind == NOTHING

    def softened(self) -> "LookupFailure":
        """The same, worth another attempt."""
        return LookupFailure("4" + self.dsn[1:], self.text, self.kind)


def unanswered(kind: int, name: str, question: str, why: str) -> LookupFailure:
    """Of a question to the DNS, in Postfix's words."""
    return LookupFailure(
        STATUS[kind],
        f"Host or domain name not found. Name service error for name={name} type={question}: {why}",
        kind,
    )


def garbled(name: str, question: str) -> LookupFailure:
    """Every record of an answer is unusable."""
    text = f"Name service error for name={name} type={question}: Malformed or unexpected name server reply"
    return LookupFailure(STATUS[GARBLED], text, GARBLED)


def no_name(name: str) -> LookupFailure:
    """What is asked for cannot be a name at all."""
    return LookupFailure(
        STATUS[NOTHING], f"Name service error for {name}: invalid host or domain name", NOTHING
    )
