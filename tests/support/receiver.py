"""An aiosmtpd receiver that records whole transactions: a second, independent reader of what we send.

    with Receiver() as receiver: ... receiver.port ... receiver.transactions
    Receiver(delay=0.05)                                       thinks so long, in seconds, about each message

aiosmtpd is strict about syntax, offers SIZE, 8BITMIME, SMTPUTF8 and HELP, and never PIPELINING.
"""

import asyncio
import threading
from types import TracebackType
from typing import NamedTuple, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.process import LOOPBACK, free_port

SIZE_LIMIT = 64 * 1024 * 1024


class Transaction(NamedTuple):
    sender: str
    recipients: tuple[str, ...]
    content: bytes  # CR LF line ends, dots unstuffed
    options: tuple[str, ...]  # of MAIL


class Receiver:
    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay
        self.port = free_port()
        self.transactions: list[Transaction] = []
        self._lock = threading.Lock()
        self._controller = Controller(self, hostname=LOOPBACK, port=self.port, data_size_limit=SIZE_LIMIT)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        content = envelope.original_content or b""
        if self.delay:
            await asyncio.sleep(self.delay)
        with self._lock:
            self.transactions.append(
                Transaction(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    content,
                    tuple(envelope.mail_options),
                )
            )
        return "250 2.0.0 Ok"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()
