"""The look-ahead of a run whose tables send mail several ways: pages of the list, sorted by destination.

    sorter.step()       sorts one page, or one domain; False: nothing is at hand now
    sorter.add(page)    retries that are due: sorted before what was never tried
    sorter.exhausted    nothing is left to sort

Runs ahead of the queue, no further than its caller lets it. Where the domain alone decides, it is sorted
without reading its recipients. Where a table's server must be asked, a whole page is asked for at once, in a
task, and the loop goes on; `ready` is called when the answers are there, `failed` when that breaks.
A recipient whose table has no answer goes to NOWHERE: it is deferred with the table's words.
Source: ours; Postfix qmgr_message(3) resolves as it reads; spec: config, 8.4.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import NamedTuple, Protocol

from fastsmtp.errors import Pending, TableError
from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.spool import records
from fastsmtp.spool.records import Spool

PAGE = 500  # recipients read and sorted at once
NOWHERE = ""  # the transport of what cannot be sorted; its next-hop is the reason

Question = Callable[[Recipient], Destination]


class Settles(Protocol):
    """Asks servers (fastsmtp.remote.answers)."""

    async def settle_each(self, question: Question, subjects: Sequence[Recipient]) -> None: ...


class Sorted(NamedTuple):
    """What one step came to."""

    recipients: dict[Destination, list[Recipient]]
    untried: bool  # they can be read from the spool again, by their ids
    whole: tuple[Destination, int, int] | None = None  # a domain: its destination, first and last id


class Sorter:
    """Reads the spool ahead for one worker."""

    def __init__(
        self,
        spool: Spool,
        question: Question,
        domain_question: Callable[[str], Destination] | None,
        answers: Callable[[], Settles],
        look: Callable[[], None],
    ) -> None:
        """`domain_question` instead of `question` where the domain alone decides; `look` reads tables anew
        that have changed.
        """
        self._spool = spool
        self._question = question
        self._domain_question = domain_question
        self._answers = answers
        self._look = look
        self.ready: Callable[[], None] = _nobody
        self.failed: Callable[[BaseException], None] = _unheard
        self._coming: deque[records.Destination] = deque()
        self._rank = 0
        self._read_out = False
        self._after = 0  # in the first of `_coming`
        self._retries: deque[list[Recipient]] = deque()
        self._asked: tuple[list[Recipient], bool] | None = None  # a page whose answers are fetched
        self._task: asyncio.Task[None] | None = None

    @property
    def exhausted(self) -> bool:
        return self._read_out and not (self._coming or self._retries or self._asked)

    @property
    def has_retries(self) -> bool:
        return bool(self._retries) or (self._asked is not None and not self._asked[1])

    def add(self, page: list[Recipient]) -> None:
        self._retries.append(page)

    def step(self) -> Sorted | None:
        """The next page, sorted; None where there is none, or its answers are on their way."""
        if self._task is not None:
            return None
        self._look()
        if self._asked is not None:
            page, untried = self._asked
        elif self._retries:
            page, untried = self._retries.popleft(), False
        elif self._domain_question is not None:
            return self._whole_domain(self._domain_question)
        else:
            page, untried = self._next_page(), True
        if not page:
            return None
        self._asked = None
        try:
            return Sorted(self._sort(page), untried)
        except Pending:
            self._asked = page, untried
            self._ask(self._answers().settle_each(self._question, page))
            return None

    def _sort(self, page: list[Recipient]) -> dict[Destination, list[Recipient]]:
        found: dict[Destination, list[Recipient]] = {}
        for recipient in page:
            try:
                destination = self._question(recipient)
            except TableError as error:
                destination = Destination(NOWHERE, str(error))
            found.setdefault(destination, []).append(recipient)
        return found

    def _whole_domain(self, question: Callable[[str], Destination]) -> Sorted | None:
        found = self._next_domain()
        if found is None:
            return None
        try:
            destination = question(found.domain)
        except Pending:
            self._ask(self._answers().settle_each(lambda _: question(found.domain), [_ANYBODY]))
            return None
        except TableError as error:
            destination = Destination(NOWHERE, str(error))
        self._coming.popleft()
        return Sorted({}, True, (destination, found.first_id, found.last_id))

    def _next_page(self) -> list[Recipient]:
        """The next recipients of the domain that is read, or of the one behind it."""
        while (domain := self._next_domain()) is not None:
            page = self._spool.window(max(self._after, domain.first_id - 1), domain.last_id, PAGE)
            if len(page) < PAGE:
                self._coming.popleft()
                self._after = 0
            else:
                self._after = page[-1].id
            if page:
                return page
        return []

    def _next_domain(self) -> records.Destination | None:
        if not self._coming and not self._read_out:
            page = self._spool.destinations(self._rank, PAGE)
            self._read_out = not page
            if page:
                self._rank = page[-1].rank
                self._coming.extend(page)
        return self._coming[0] if self._coming else None

    def _ask(self, work: Coroutine[None, None, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._answered)

    def _answered(self, task: "asyncio.Task[None]") -> None:
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.failed(error)
        else:
            self.ready()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()


_ANYBODY = Recipient(0, "", "", 0, "", 0, 0.0)


def _nobody() -> None:
    """Nobody waits."""


def _unheard(error: BaseException) -> None:
    """Nobody hears of a fault."""
    raise error
