"""A crew: the worker processes of one job, as the program that started them sees them.

    crew = Crew(order, shares, say)
    crew.enlist(show)       starts a process for each shard; returns when all have their rows
    crew.send(at_once, show)    lets them send, `at_once` of them at a time, to their ends
    crew.reload(done)       they read the settings anew; `done` hears why not, of each once
    crew.stop(), crew.abort()   from a signal handler: taken up within LOOK_EVERY
    crew.books, crew.lost       the sum of the books; what became of workers that did not come to their ends

Nobody sends before everybody has imported: a list that cannot be read whole is not sent in part. Nothing is
started again here; a worker that dies leaves its shard to the next run of the job.

A process is started by this interpreter with this program's module path, so that it imports what its parent
imports. SIGINT and SIGHUP are blocked while it starts, and ignored by it then. No loop: a `select` is enough.
Source: ours (design page, section 4).
"""

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Final

from fastsmtp.daemon.orders import (
    ABORT,
    ENDED,
    READY,
    REFUSED,
    RELOAD,
    RELOADED,
    STOP,
    Lines,
    Order,
    Report,
    books_of,
    line,
    report_of,
)
from fastsmtp.spool.records import Books
from fastsmtp.worker.share import Share

LOOK_EVERY: Final = 0.15  # seconds
FOR_US: Final = frozenset({signal.SIGINT, signal.SIGHUP})  # also where a whole process group is told
BOOT: Final = (
    "import sys; index, count, *sys.path = sys.argv[1:]; "
    "from fastsmtp.daemon.worker_process import main; main(int(index), int(count))"
)


class Member:
    """One worker process."""

    def __init__(self, index: int, order: Order, count: int, lock: int) -> None:
        self.index = index
        self.state = ""  # the last report's; "" before the first
        self.books: Books | None = None
        self.sessions = 0
        self.told_to_go = False
        self.reloads = 0  # that it was asked for and has not answered
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", BOOT, str(index), str(count), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=(lock,),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders = self._process.stdin.fileno()
        self.reports = self._process.stdout.fileno()
        self._lines = Lines(self.reports)
        self.tell(order)

    def tell(self, message: Order | Share | str) -> None:
        """A process that has ended hears nothing: its end is found where its reports end."""
        try:
            os.write(self._orders, line(message))
        except BrokenPipeError:
            return

    def heed(self) -> list[Report]:
        """What it has reported; its books and state are up to date then."""
        found = [report_of(text) for text in self._lines.read()]
        for report in found:
            if report.state == RELOADED:
                self.reloads -= 1
                continue
            self.state = report.state
            self.sessions = report.sessions
            if report.books:
                self.books = books_of(report)
        return found

    @property
    def gone(self) -> bool:
        """The stream of its reports has ended."""
        return self._lines.ended

    def reap(self) -> int:
        """Its exit status, below 0 a signal's number."""
        self.sessions = 0
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()
        return self._process.wait()

    def kill(self) -> None:
        self._process.kill()


class Crew:
    """The workers of one job."""

    def __init__(self, order: Order, count: int, lock: int, say: Callable[[str], None]) -> None:
        """`lock`: the descriptor of the job's lock, for them to hold too. `say` hears their warnings."""
        self._order = order
        self._count = count
        self._lock = lock
        self._say = say
        self._members: list[Member] = []
        self._living: set[Member] = set()
        self._selector = selectors.DefaultSelector()
        self._said: set[str] = set()
        self._orders: list[str] = []  # from a signal handler, not passed on yet
        self._reloaded: Callable[[list[str]], None] | None = None  # waits for all
        self._faults: list[str] = []  # of the reload under way
        self.refusals: list[str] = []  # why workers ended that said why
        self.lost: dict[int, int] = {}  # exit statuses of those that ended without a word, by index

    @property
    def books(self) -> Books:
        return Books.total(books for books in self.books_of_shares if books is not None)

    @property
    def books_of_shares(self) -> list[Books | None]:
        """As each was last heard of; None: never."""
        return [member.books for member in self._members]

    @property
    def sessions(self) -> int:
        return sum(member.sessions for member in self._members)

    @property
    def complete(self) -> bool:
        """Nobody was lost, nobody refused."""
        return not (self.lost or self.refusals)

    def enlist(self, show: Callable[[], None]) -> None:
        """Starts them; returns when every shard is open, or at the first that is not. `show` is called now
        and then.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, FOR_US)
        try:
            for index in range(self._count):
                member = Member(index, self._order, self._count, self._lock)
                self._members.append(member)
                self._living.add(member)
                self._selector.register(member.reports, selectors.EVENT_READ, member)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, FOR_US)
        while self.complete and any(member.state != READY for member in self._members):
            self._look()
            show()

    def send(self, at_once: int, show: Callable[[], None]) -> None:
        """Lets them send to their ends, `at_once` of them at a time; `show` is called now and then."""
        waiting = list(reversed(self._members))
        parts = [Share(index, at_once) for index in reversed(range(at_once))]
        busy: dict[Member, Share] = {}
        while self._living:
            parts.extend(busy.pop(member) for member in list(busy) if member not in self._living)
            while waiting and parts:
                member = waiting.pop()
                if member in self._living:
                    busy[member] = parts.pop()
                    member.tell(busy[member])
            self._look()
            show()

    def reload(self, done: Callable[[list[str]], None]) -> None:
        """`done` is called when each has answered or ended. One at a time."""
        assert self._reloaded is None
        self._reloaded, self._faults = done, []
        for member in self._living:
            member.reloads += 1
            member.tell(RELOAD)
        self._conclude_reload()

    def _conclude_reload(self) -> None:
        done = self._reloaded
        if done is not None and not any(member.reloads for member in self._living):
            self._reloaded = None
            done(self._faults)

    @property
    def reloading(self) -> bool:
        return self._reloaded is not None

    def stop(self) -> None:
        self._orders.append(STOP)

    def abort(self) -> None:
        self._orders.append(ABORT)

    def dismiss(self) -> None:
        """Ends whoever is left, at once: a shard loses nothing by it."""
        for member in self._living:
            member.kill()
            member.reap()
        self._living.clear()
        self._selector.close()

    def _look(self) -> None:
        """Takes in what was reported within LOOK_EVERY, and passes on what was asked for."""
        while self._orders:
            told = self._orders.pop(0)
            for member in self._living:
                member.tell(told)
        for key, _ in self._selector.select(LOOK_EVERY):
            member = key.data
            for report in member.heed():
                self._take(report)
            if member.gone:
                self._selector.unregister(member.reports)
                self._living.discard(member)
                status = member.reap()
                if member.state not in (ENDED, REFUSED):
                    self.lost[member.index] = status
        self._conclude_reload()

    def _take(self, report: Report) -> None:
        if report.state == REFUSED:
            self.refusals += report.said
        elif report.state == READY:
            self._warn(report.said)
        elif report.state == RELOADED:
            self._faults += [text for text in report.said if text not in self._faults]

    def _warn(self, texts: Sequence[str]) -> None:
        for text in texts:
            if text not in self._said:
                self._said.add(text)
                self._say(text)
