"""A sender over the engine, as plain as a carrier can be, against the plain twin of a server: who got what.

    play(plans, mode, ...)      all messages, over as many sessions as it takes: an Account
    every_plan(recipients)      all plans for one message that differ in what a server would say
    MODES                       ways to send

check(account) raises AssertionError where a fate is not the one that the server meant.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import NamedTuple

from fastsmtp.outcome import classify
from fastsmtp.wire import engine as wire
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.transaction import Transaction
from tests.reference.server import CLOSING, CODES, Fault, Plan, Server

STUFFED = b"Subject: x\r\n\r\n..y\r\n.\r\n"
CHUNK = b"Subject: x\r\n\r\n.y\r\n"
SPARED_LIMIT = 3
TURNS = 200


class Mode(NamedTuple):
    pipelining: bool = True
    chained: bool = True
    window: int = 0  # by BDAT; 0 is by DATA
    kept_open: bool = False
    one_sender: bool = True


MODES = {
    "one by one": Mode(pipelining=False),
    "in groups": Mode(chained=False),
    "chained": Mode(),
    "BDAT, one by one": Mode(pipelining=False, window=3),
    "BDAT, one in flight": Mode(window=1),
    "BDAT, three in flight": Mode(window=3),
    "BDAT, envelope kept open": Mode(window=3, kept_open=True),
    "BDAT, many senders": Mode(window=3, kept_open=True, one_sender=False),
}


def every_plan(recipients: int) -> Iterator[Plan]:
    """Nothing is planned for what is never asked."""
    for mail in "45c3":
        yield Plan(mail, "2" * recipients, "3", "2")
    for digits in product("245c3", repeat=recipients):
        if "2" not in digits:
            yield from (Plan("2", "".join(digits), data, "2") for data in "35")
            continue
        yield from (Plan("2", "".join(digits), data, "2") for data in "45c2")
        yield from (Plan("2", "".join(digits), "3", end) for end in "245c3")


@dataclass
class Account:
    plans: list[Plan]
    mode: Mode
    transactions: list[Transaction]
    delivered: Counter[tuple[int, int]] = field(default_factory=Counter)
    lost: set[int] = field(default_factory=set)  # ended without an answer to all
    doubtful: set[int] = field(default_factory=set)
    anomalies: list[str] = field(default_factory=list)
    sessions: int = 0
    plain: bool = False  # what was learned of the peer


class Sending:
    """One session: what a carrier does with it."""

    def __init__(self, account: Account, queue: list[int], server: Server, *, plain: bool) -> None:
        mode = account.mode
        self.account = account
        self.queue = queue
        self.server = server
        self.engine = SessionEngine(
            b"me.example", chained=mode.chained, plain=plain, window=mode.window, window_limit=mode.window
        )
        self.over = False
        self.uses = 0

    def begin(self) -> bool:
        if not self.queue or not self.engine.open or self.engine.suspect:
            return False
        number = self.queue.pop(0)
        self.engine.begin(self.account.transactions[number])
        return True

    def heed(self) -> None:
        for kind, subject in self.engine.events():
            if kind == wire.CONTENT_DUE:
                self.begin()
            elif kind == wire.ANSWERED:
                self.uses += 1
            elif kind == wire.UNUSABLE:
                self.over = True
            elif kind == wire.ANOMALY:
                self.account.anomalies.append(str(subject))
        while not self.over and self.engine.room and self.begin():
            pass

    def run(self, cut: Callable[[bytes], list[bytes]]) -> list[Transaction]:
        """To its end; those left without an answer."""
        self.engine.receive(b"220 mx\r\n")
        for _ in range(TURNS):
            self.heed()
            if self.over:
                break
            if not self.engine.busy and (not self.queue or self.engine.suspect) and self.engine.open:
                self.engine.quit()
            said = b"".join(self.engine.take())
            heard = b"" if self.server.closed else b"".join(map(self.server.receive, cut(said)))
            for piece in cut(heard):
                self.engine.receive(piece)
                self.heed()
            if not heard and not said:
                break
        else:
            raise AssertionError("a session without an end")
        silent = not self.server.closed and not self.over
        return self.engine.forsake(silent)


def transaction(number: int, plan: Plan, mode: Mode, *, chunked: bool) -> Transaction:
    sender = b"s@x" if mode.one_sender else b"s%d@x" % number
    recipients = [b"r%d.%d@y" % (number, place) for place in range(len(plan.recipients))]
    content = CHUNK if chunked else STUFFED
    return Transaction(sender, recipients, content, size=number, chunked=chunked, subject=number)


def play(plans: list[Plan], mode: Mode, *, seed: int = 0, fault: Fault | None = None) -> Account:
    chance = random.Random(seed)
    cut = at_random(chance) if seed else whole
    chunked = mode.window > 0
    account = Account(plans, mode, [transaction(n, p, mode, chunked=chunked) for n, p in enumerate(plans)])
    queue = list(range(len(plans)))
    spared: Counter[int] = Counter()
    replied = 0
    while queue:
        server = Server(
            plans,
            pipelining=mode.pipelining,
            chunking=chunked,
            kept_open=mode.kept_open,
            keeps_apart=not mode.one_sender,
            fault=fault,
            replied=replied,
        )
        sending = Sending(account, queue, server, plain=account.plain)
        account.sessions += 1
        assert account.sessions < 20, "no end of sessions"
        left = sending.run(cut)
        account.delivered += server.delivered
        account.plain, replied = account.plain or sending.engine.plain, server.replied
        if account.plain and chunked:
            chunked = False
            for number in queue:
                account.transactions[number] = transaction(number, plans[number], mode, chunked=False)
        again = []
        for each in left:
            number = int(each.subject)  # type: ignore[call-overload]
            behind = sending.uses > 0 or account.plain or each is not left[0]
            if each.untouched and behind and spared[number] < SPARED_LIMIT:
                spared[number] += 1
                again.append(number)
                account.transactions[number] = transaction(number, plans[number], mode, chunked=chunked)
                continue
            account.lost.add(number)
            if each.in_doubt:
                account.doubtful.add(number)
        queue[:0] = again
    return account


def whole(data: bytes) -> list[bytes]:
    return [data]


def at_random(chance: random.Random) -> Callable[[bytes], list[bytes]]:
    def cut(data: bytes) -> list[bytes]:
        places = sorted({0, len(data), *(chance.randint(0, len(data)) for _ in range(3))})
        return [data[a:b] for a, b in pairwise(places)] or [data]

    return cut


def meant(plan: Plan, number: int, place: int, *, chunked: bool) -> str:
    """What the server says to this recipient, were each command answered before the next."""
    if plan.mail != "2":
        return f"{CODES[plan.mail]} mail {number}"
    if plan.recipients[place] != "2":
        return f"{CODES[plan.recipients[place]]} rcpt {number}.{place}"
    if plan.data != "3" and not chunked:
        return f"{CODES[plan.data]} data {number}"
    return f"{CODES[plan.end]} end {number}"


def check(account: Account) -> None:
    """Each recipient got what the server meant, unless it hung up on the message."""
    for number, plan in enumerate(account.plans):
        transaction = account.transactions[number]
        for place in range(len(plan.recipients)):
            verdict = classify.of_transaction(transaction, place, "mx")
            count = account.delivered[number, place]
            assert count <= 1, f"message {number} arrived {count} times"
            if verdict is None:
                assert number in account.lost, "nobody knows what became of it"
                assert not count or number in account.doubtful, "arrived, and not in doubt"
                hung_up = str(CLOSING) in "".join(str(CODES[digit]) for digit in "".join(plan))
                assert hung_up or account.plain, "given up for no reason"
                continue
            assert verdict.sent == bool(count), f"{verdict} for what arrived {count} times"
            if count and account.mode.kept_open and account.mode.one_sender:
                continue  # into the envelope of the one before, perhaps: its own MAIL was never judged
            expected = meant(plan, number, place, chunked=transaction.chunked)
            assert expected in verdict.text, f"{verdict.text!r} where {expected!r} was meant"
