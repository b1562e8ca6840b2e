"""Who hears what comes on a session: while it is opened its Steps, then a Driver (fastsmtp.delivery).

Source: ours; design page, section 3.
"""

from typing import Protocol, TypeVar

from fastsmtp.errors import SessionError
from fastsmtp.wire.reply import Reply
from fastsmtp.wire.transaction import Transaction

S_contra = TypeVar("S_contra", contravariant=True)


class Opening(Protocol):
    """While the session is opened."""

    def heard(self, kind: int, subject: object) -> None:
        """READY, REFUSED or REPLIED, and its subject."""

    def lost(self, broken: SessionError | None, stage: int, *, timed_out: bool) -> None:
        """The session is over, at `stage`. `broken`: it was TLS that ended."""

    async def ask(self, line: bytes, command: int, shown: bytes | None = None) -> Reply:
        """One command alone."""


class Driver(Protocol[S_contra]):
    """Each event comes once; within a call further transactions may be begun."""

    def content_due(self, session: S_contra, transaction: Transaction) -> None:
        """The transaction's content leaves next: what is begun now travels in the same group."""

    def warned(self, session: S_contra, reply: Reply) -> None:
        """XFORWARD was refused; the transaction goes on."""

    def answered(self, session: S_contra, transaction: Transaction) -> None:
        """Every recipient of it has an answer."""

    def lost(
        self, session: S_contra, left: list[Transaction], stage: int, *, timed_out: bool, in_content: bool
    ) -> None:
        """The session is over, at `stage`; `left` have no answer. Called once, unless close() came first and
        nothing is left.
        """
