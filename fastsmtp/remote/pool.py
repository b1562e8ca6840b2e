"""The servers of one table: connections that are used again, tries, and a time limit for each question.

    pool.ask(key)      answered(key, answer) is called once for it
    pool.rest(now)     closes what has been idle too long; True: nothing is left of it
    await pool.close()

Questions wait in line; at most `connections` of them are on their way, each on a connection of its own, and
for no longer than the time limit. Hosts
are tried in random order; one that failed is left alone for its retry interval. When a question runs out of
time or of servers, those that wait behind it fail with it: a dead server costs one time limit, not one each.
Source: Postfix dict_pgsql(3), dict_mysql(3), dict_ldap(3): hosts, retry_interval, idle_interval.
"""

import asyncio
import importlib
import os
import random
import re
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from fastsmtp.errors import TableError
from fastsmtp.lookup.remote import Answer, Remote
from fastsmtp.remote.connection import Connection, Lost

Answered = Callable[[str, Answer], None]


class _Idle(NamedTuple):
    connection: Connection
    host: str
    opened_at: float
    since: float


class Pool:
    """One table's servers."""

    def __init__(self, table: Remote, answered: Answered, *, time_limit: float, connections: int) -> None:
        self._table = table
        self._answered = answered
        own = table.manners.time_limit
        self._time_limit = min(time_limit, own) if own else time_limit
        self._connections = connections
        self._connect = importlib.import_module(f"fastsmtp.remote.{table.client}").connect
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[str] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._idle: list[_Idle] = []  # used last stands last
        self._down: dict[str, float] = {}  # host: not tried until then

    def ask(self, key: str) -> None:
        self._waiting.append(key)
        if len(self._workers) < self._connections:
            self._workers.add(self._loop.create_task(self._work()))

    def rest(self, now: float) -> bool:
        """Whether it has no connection, no question, and nothing to remember of its hosts."""
        manners = self._table.manners
        kept = []
        for idle in self._idle:
            if now - idle.since < manners.idle_interval and not self._too_old(idle, now):
                kept.append(idle)
            else:
                idle.connection.close()
        self._idle = kept
        return not (kept or self._workers or any(until > now for until in self._down.values()))

    async def close(self) -> None:
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        for idle in self._idle:
            idle.connection.close()
        self._idle.clear()

    async def _work(self) -> None:
        """One question after another, while there are any."""
        try:
            while self._waiting:
                key = self._waiting.popleft()
                self._answered(key, await self._answer(key))
        finally:  # no callback does it: a question that came before would find it at work, and wait
            own = asyncio.current_task()
            assert own is not None
            self._workers.discard(own)

    async def _answer(self, key: str) -> Answer:
        limit = asyncio.timeout(self._time_limit)
        try:
            async with limit:
                return await self._try(key)
        except TableError as error:
            return TableError(printable(str(error)))
        except (OSError, Lost) as error:
            reason = f"no answer within {self._time_limit:g} seconds" if limit.expired() else said(error)
        except Exception as error:  # what a library did not foresee: whoever waits must not wait for ever
            reason = f"{type(error).__name__}: {error}"
        reason = printable(f"{self._table.name}: {reason}")
        behind, self._waiting = self._waiting, deque()
        for waiting in behind:
            self._answered(waiting, TableError(reason))
        return TableError(reason)

    async def _try(self, key: str) -> str | None:
        """Idle connections first: one that is broken by now says nothing of its host."""
        tries = 0
        while True:
            place = self._checkout()
            fresh = place is None
            try:
                if place is None:
                    place = await self._open()
                answer = await self._ask(place, key)
            except (OSError, Lost):
                if fresh:
                    tries += 1
                    if tries >= max(self._table.manners.tries, len(self._table.hosts)):
                        raise
                    await asyncio.sleep(self._table.manners.pause)
            else:
                return answer

    def _checkout(self) -> _Idle | None:
        now = self._loop.time()
        while self._idle:
            idle = self._idle.pop()
            if not self._too_old(idle, now):
                return idle
            idle.connection.close()
        return None

    def _too_old(self, idle: _Idle, now: float) -> bool:
        return 0 < self._table.manners.lifetime <= now - idle.opened_at

    async def _open(self) -> _Idle:
        """Lost: there is no host to try."""
        now = self._loop.time()
        hosts = [host for host in self._table.hosts if self._down.get(host, 0.0) <= now]
        if not hosts:
            raise Lost("no server answers; they are tried again later")
        host = random.choice(hosts)
        try:
            return _Idle(await self._connect(self._table, host), host, now, now)
        except (OSError, Lost) as error:
            self._down[host] = now + self._table.manners.retry_interval
            raise Lost(f"connect to {named(host)}: {said(error)}") from None

    async def _ask(self, place: _Idle, key: str) -> str | None:
        """On a connection that is kept unless it broke; a TableError is an answer."""
        usable = False
        try:
            answer = await place.connection.ask(key)
            usable = True
            return answer
        except TableError:
            usable = True
            raise
        except (OSError, Lost) as error:
            raise Lost(f"{named(place.host)}: {said(error)}") from None
        finally:
            if usable:
                self._idle.append(place._replace(since=self._loop.time()))
            else:
                place.connection.close()


def said(error: Exception) -> str:
    """What a broken connection has to say for itself."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__


def printable(text: str) -> str:
    """What a server says, fit for a line of the log."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))


def named(host: str) -> str:
    """A host as it may be shown: a URL can hold a password."""
    return re.sub(r"//[^/@]*@", "//", re.sub(r"\bpassword=[^&\s]*", "password=...", host))
