"""Tables that ask a server, as a run uses them; what asks is loaded when the first one is met.

    answer_rules(settings)              what the settings say
    answered(rules, question)           for a command without a loop
    asking = Asking(rules, contents, again)
    asking.postpone(request)            its tables' answers are fetched; then again(request) is called for it
    destination in asking, asking.full  whether requests of it wait here; whether no more should be begun
    asking.look_ahead(transport, recipients)    asks for what their requests will need, so that few have to
                                        wait
    asking.ask_ahead(question, subject)    nothing waits for this one
    asking.answers                      see fastsmtp.remote.answers
    asking.change(rules, contents)      a reload
    await asking.close()

A request that meets a table without an answer costs no attempt and no place in a window while it waits, and
others go on. A time-out is an answer too: asked again, the table has an error, and the request's recipients
are deferred.
Source: ours; lookup_time_limit, lookup_cache_time, lookup_cache_limit, lookup_connection_limit.
"""

import asyncio
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from fastsmtp.conf.settings import Settings
from fastsmtp.delivery.content import Content
from fastsmtp.errors import Pending
from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.mail.request import Request
from fastsmtp.remote.rules import AnswerRules

if TYPE_CHECKING:
    from fastsmtp.remote.answers import Answers

AHEAD_LIMIT = 1000  # recipients looked up ahead at once; beyond, they are looked up when it is their turn
LIMIT = 200  # requests that wait here; while there are more, nothing is begun that might join them


Result = TypeVar("Result")


def answer_rules(settings: Settings) -> AnswerRules:
    return AnswerRules(
        kept_for=settings.seconds("lookup_cache_time"),
        limit=settings.number("lookup_cache_limit"),
        time_limit=settings.seconds("lookup_time_limit"),
        connections=settings.number("lookup_connection_limit"),
    )


def answered(rules: AnswerRules, question: Callable[[], Result]) -> Result:
    """What `question` gives to a command that runs no loop; servers are asked if it needs any."""
    try:
        return question()
    except Pending:
        return asyncio.run(_settled(rules, question))


async def _settled(rules: AnswerRules, question: Callable[[], Result]) -> Result:
    answers = importlib.import_module("fastsmtp.remote.answers").Answers(rules)
    try:
        settled: Result = await answers.settle(question)
        return settled
    finally:
        await answers.close()


class Asking:
    """One worker's questions to servers."""

    def __init__(
        self, rules: AnswerRules, contents: Mapping[str, Content], again: Callable[[Request], None]
    ) -> None:
        """`contents` by transport."""
        self._rules = rules
        self._contents = contents
        self._again = again
        self._answers: Answers | None = None
        self._waiting: dict[Request, None] = {}
        self._ahead = 0
        self._asked: set[str] = set()

    def change(self, rules: AnswerRules, contents: Mapping[str, Content]) -> None:
        """Requests that wait here are carried by `contents` later, whatever they met first."""
        self._rules = rules
        self._contents = contents
        if self._answers is not None:
            self._answers.rules = rules

    @property
    def answers(self) -> "Answers":
        if self._answers is None:
            self._answers = importlib.import_module("fastsmtp.remote.answers").Answers(self._rules)
        return self._answers

    def postpone(self, request: Request) -> None:
        self._waiting[request] = None
        self.answers.settle_soon(self._look_up, request, self._settled)

    def look_ahead(self, transport: str, recipients: Sequence[Recipient]) -> None:
        """They wait in the queue now: what their requests will need is asked for meanwhile.

        Once a request had to wait, not before: most runs ask no server.
        """
        if self._answers is None or self._ahead >= AHEAD_LIMIT:
            return
        self._ahead += len(recipients)
        look_up = self._contents[transport].look_up
        for recipient in recipients:
            self._answers.settle_soon(look_up, recipient, self._looked_up)

    def ask_ahead(self, question: Callable[[str], object], subject: str) -> None:
        """The answer shall be at hand when it is asked for again; nobody waits for it."""
        if subject not in self._asked:
            self._asked.add(subject)
            self.answers.settle_soon(question, subject, self._asked.discard)

    def _looked_up(self, recipient: Recipient) -> None:
        self._ahead -= 1

    def __contains__(self, destination: Destination) -> bool:
        return any(request.destination == destination for request in self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        return len(self._waiting) >= LIMIT

    def _look_up(self, request: Request) -> None:
        content = self._contents[request.destination.transport]
        for recipient in request.recipients:
            content.look_up(recipient)

    def _settled(self, request: Request) -> None:
        del self._waiting[request]
        self._again(request)

    async def close(self) -> None:
        """What waits here stays undecided."""
        if self._answers is not None:
            await self._answers.close()
