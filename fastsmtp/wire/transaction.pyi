"""One envelope with its content: what is sent of it and what the peer said (RFC 5321 4.1.1)."""

from fastsmtp.wire.reply import Reply

BINARY: int  # `encoding` for BODY=BINARYMIME; 7 and 8 are 7BIT and 8BITMIME, 0 says nothing

class Transaction:
    """One envelope and its content, and what the peer said to it."""

    sender: bytes
    recipients: list[bytes]
    originals: list[bytes] | None
    content: bytes
    chunked: bool
    size: int
    encoding: int
    utf8: bool
    subject: object
    mail: Reply | None
    replies: list[Reply | None]
    data: Reply | None
    end: Reply | None
    accepted: int

    def __init__(
        self,
        sender: bytes,
        recipients: list[bytes],
        content: bytes,
        *,
        size: int = -1,
        encoding: int = 0,
        subject: object = None,
        originals: list[bytes] | None = None,
        chunked: bool = False,
        utf8: bool = False,
        dsn_mail: bytes = b"",
        dsn_rcpt: bytes = b"",
    ) -> None:
        """`utf8`: for peers that offer SMTPUTF8. `dsn_mail`, `dsn_rcpt`: what those with DSN are told."""

    @property
    def taken(self) -> bool:
        """Every recipient was accepted, and so was the message."""

    @property
    def in_doubt(self) -> bool:
        """The end of data went to the peer for at least one recipient, accepted or not answered yet, and has
        no reply.
        """

    @property
    def untouched(self) -> bool:
        """No reply to it came, and its content did not reach the peer whole: it can begin anew elsewhere, and
        counts as no attempt.
        """
