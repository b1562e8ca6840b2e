"""An aiosmtpd receiver that records whole transactions: a second, independent reader of what we send.

    with Receiver() as receiver: ... receiver.port ... receiver.transactions
    Receiver(delay=0.05)                                       thinks so long, in seconds, about each message

aiosmtpd is strict about syntax, offers SIZE, 8BITMIME, SMTPUTF8 and HELP, and never PIPELINING.
"""

import asyncio
import threading
from types import TracebackType
from typing import NamedTuple, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.process import LOOPBACK, free_port

SIZE_LIMIT = 64 * 1024 * 1024


class Transaction(NamedTuple):
    sender: str
    recipients: tuple[str, ...]
    content: bytes  # CR LF line ends, dots unstuffed
    options: tuple[str, ...]  # of MAIL


class _Controller(Controller):
    """Ends what is open when it stops: aiosmtpd leaves that to the garbage collector, which complains."""

    def __init__(self, handler: object) -> None:
        super().__init__(handler, hostname=LOOPBACK, port=free_port(), data_size_limit=SIZE_LIMIT)
        self._sessions: list[SMTP] = []

    def factory(self) -> SMTP:
        session = SMTP(self.handler, **self.SMTP_kwargs)
        self._sessions.append(session)
        return session

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(10)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        if self.server is not None:
            self.server.close()
        await settled()  # of those just accepted
        for session in self._sessions:
            if session.transport is not None:
                cast(asyncio.Transport, session.transport).abort()
        await settled()


async def settled() -> None:
    """The loop has done what was due, and what that set off."""
    for _ in range(5):
        await asyncio.sleep(0)


class Receiver:
    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay
        self.transactions: list[Transaction] = []
        self._lock = threading.Lock()
        self._controller = _Controller(self)

    @property
    def port(self) -> int:
        return int(self._controller.port)

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
