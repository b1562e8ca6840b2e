"""Questions that wait for a server's answer.

    answers = Answers(rules)
    await answers.settle(question)                 what question() gives, once no table in it is pending
    await answers.settle_each(question, subjects)  the same for many at once, for what it leaves at hand
    answers.settle_soon(question, subject, settled)
                                                   the same for one, with a callback in place of a task
    await answers.fetch([pending, ...])            until each has an answer at hand
    await answers.close()

A question is a function of no effect that asks tables: it is run, what it lacks is fetched, it is run again.
So whatever is made of tables (lists of them, pipemap, smtp_generic_maps) works with servers unchanged.
A table's answers are kept for `kept_for` at most, errors for ERROR_TIME, and no more than `limit` of each.
The same key of a table is asked for once at a time, however many wait for it.
Source: ours; lookup_cache_time, lookup_cache_limit, lookup_time_limit, lookup_connection_limit.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.remote import Answer, Remote
from fastsmtp.remote.pool import Pool
from fastsmtp.remote.rules import AnswerRules

ERROR_TIME = 5.0  # seconds: no longer, mail may hang on it; no shorter, or each recipient waits for the same
ROUNDS = 100  # a question that is not settled after so many never will be: its answers do not stay
SWEEP_INTERVAL = 1.0  # seconds between two looks at what is too old

Result = TypeVar("Result")
Subject = TypeVar("Subject")


class Answers:
    """All tables that ask servers, for one loop."""

    def __init__(self, rules: AnswerRules) -> None:
        self.rules = rules  # may be others after a reload; tables in use keep theirs while they are asked
        self._loop = asyncio.get_running_loop()
        self._pools: dict[Remote, Pool] = {}
        self._coming: dict[tuple[Remote, str], asyncio.Future[None]] = {}
        self._kept: deque[tuple[float, Remote, str]] = deque()  # forgotten then, in this order;
        self._errors: deque[tuple[float, Remote, str]] = deque()  # and so these
        self._sweeper: asyncio.TimerHandle | None = None

    async def settle(self, question: Callable[[], Result]) -> Result:
        """What `question` gives, or raises but for Pending. TableError too when its answers do not stay."""
        for _ in range(ROUNDS):
            try:
                return question()
            except Pending as pending:
                await self.fetch((pending,))
        raise TableError(f"no answer after {ROUNDS} rounds: is lookup_cache_limit too low?")

    async def settle_each(self, question: Callable[[Subject], object], subjects: Iterable[Subject]) -> None:
        """Leaves at hand all that question(subject) needs, for each of them; their errors, too."""
        all_settled = self._loop.create_future()
        left = 1

        def settled(subject: Subject | None) -> None:
            nonlocal left
            left -= 1
            if not left and not all_settled.done():
                all_settled.set_result(None)

        for subject in subjects:
            left += 1
            self.settle_soon(question, subject, settled)
        settled(None)
        await all_settled

    def settle_soon(
        self,
        question: Callable[[Subject], object],
        subject: Subject,
        settled: Callable[[Subject], None],
        rounds: int = ROUNDS,
    ) -> None:
        """Calls `settled` with `subject` when question(subject) needs no server any more: now, if it needs
        none. Its result or error is for whoever asks it then.
        """
        try:
            question(subject)
        except Pending as pending:
            if rounds:

                def again(fetched: "asyncio.Future[None]") -> None:
                    if not fetched.cancelled():
                        self.settle_soon(question, subject, settled, rounds - 1)

                self._fetch(pending).add_done_callback(again)
                return
        except Exception:  # it will be raised again, to whoever can say what it means
            pass
        settled(subject)

    async def fetch(self, pending: Iterable[Pending]) -> None:
        """Until an answer, or an error, is at hand for each."""
        coming = [self._fetch(each) for each in pending]
        if coming:
            await asyncio.wait(coming)

    def _fetch(self, pending: Pending) -> "asyncio.Future[None]":
        table, key = pending.table, pending.key
        assert isinstance(table, Remote)
        coming = self._coming.get((table, key))
        if coming is None:
            coming = self._coming[table, key] = self._loop.create_future()
            self._pool(table).ask(key)
        return coming

    def _pool(self, table: Remote) -> Pool:
        pool = self._pools.get(table)
        if pool is None:

            def answered(key: str, answer: Answer) -> None:
                self._keep(table, key, answer)

            rules = self.rules
            pool = Pool(table, answered, time_limit=rules.time_limit, connections=rules.connections)
            self._pools[table] = pool
        return pool

    def _keep(self, table: Remote, key: str, answer: Answer) -> None:
        table.keep(key, answer, self.rules.limit)
        is_error = isinstance(answer, TableError)
        until = self._loop.time() + (ERROR_TIME if is_error else self.rules.kept_for)
        (self._errors if is_error else self._kept).append((until, table, key))
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(SWEEP_INTERVAL, self._sweep)
        coming = self._coming.pop((table, key), None)
        if coming is not None and not coming.done():
            coming.set_result(None)

    def _sweep(self) -> None:
        """Forgets what is too old; lets go of tables that nobody asks any more."""
        now = self._loop.time()
        for kept in (self._errors, self._kept):
            while kept and kept[0][0] <= now:
                _, table, key = kept.popleft()
                table.forget(key)
        for table, pool in list(self._pools.items()):
            if pool.rest(now):
                del self._pools[table]
        busy = self._kept or self._errors or self._pools
        self._sweeper = self._loop.call_later(SWEEP_INTERVAL, self._sweep) if busy else None

    async def close(self) -> None:
        """Ends every connection; what still waits hears that it was in vain."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            with suppress(asyncio.CancelledError):
                await pool.close()
        coming, self._coming = list(self._coming.values()), {}
        for each in coming:
            each.cancel()
