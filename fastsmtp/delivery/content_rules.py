"""What shapes the content of messages: the settings, and what replaces addresses in it.

Source: Postfix disable_mime_output_conversion, smtp_line_length_limit, smtp_generic_maps; spec: content.
"""

from typing import NamedTuple, Protocol


class Rewriter(Protocol):
    """Replaces addresses in envelope and headers (fastsmtp.delivery.rewriting). ContentError, Pending."""

    def changed(self, now: float) -> bool:
        """Whether what was rewritten before may come out otherwise now."""

    def address(self, address: str) -> str: ...
    def message(self, content: bytes) -> bytes: ...


class ContentRules(NamedTuple):
    """The settings that shape content."""

    line_length_limit: int
    converts: bool  # 8bit to 7bit where the peer needs it
    repairs: bool  # and then also what has no label
    nesting_limit: int
    boundary_limit: int
    header_limit: int
    quotes: bool  # local parts in the envelope
    smtputf8: bool  # smtputf8_enable
    headers_ask: bool  # a header outside ASCII asks for SMTPUTF8, as an address does
    dsn_mail: bytes  # what MAIL says to peers that offer DSN: ENVID and RET
    dsn_rcpt: bytes  # and RCPT: NOTIFY
