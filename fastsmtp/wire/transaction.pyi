"""One envelope with its content: what is sent of it and what the peer said (RFC 5321 4.1.1)."""

from fastsmtp.wire.reply import Reply

class Transaction:
    """One envelope and its content, and what the peer said to it."""

    sender: bytes
    recipients: list[bytes]
    originals: list[bytes] | None
    content: bytes
    size: int
    encoding: int
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
    ) -> None: ...
    @property
    def taken(self) -> bool:
        """Every recipient was accepted, and so was the message."""

    @property
    def in_doubt(self) -> bool:
        """The end of data was sent to at least one accepted recipient, and not answered."""

    @property
    def untouched(self) -> bool:
        """No content of it was sent and no reply to it came: it can begin anew elsewhere, and counts as no
        attempt.
        """
