"""What the session engine costs: CPU a transaction, no socket; the peer's replies are ready-made bytes.

    python -m benchmarks.micro.engine [--messages 100000]

`chained`: the peer offers PIPELINING, and the next MAIL, RCPT and DATA leave with the end of the message
before. `in groups`: the same peer, each message waits for the reply to the one before. `stop and go`: no
PIPELINING, a reply for each command. The content is one object; moving it is not the engine's.
"""

import argparse
import time
from collections.abc import Callable

from benchmarks.measure import Spread
from fastsmtp.wire import engine
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.transaction import Transaction

ROUNDS = 5
SENDER = b"bounces@news.example.com"
RECIPIENTS = [b"reader1@list01.example.com"]
CONTENT = b"x" * 4096 + b"\r\n.\r\n"
GREETING = b"220 mx.example.com ESMTP\r\n"
OFFERS = b"250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n"
NO_OFFERS = b"250-mx.example.com\r\n250 8BITMIME\r\n"
ENVELOPE_TAKEN = (b"250 2.1.0 Ok\r\n", b"250 2.1.5 Ok\r\n", b"354 End data with <CR><LF>.<CR><LF>\r\n")
QUEUED = b"250 2.0.0 Ok: queued as 4D2PqL3Wzz\r\n"


def ready(offers: bytes, chained: bool = True) -> SessionEngine:
    session = SessionEngine(b"mx1.example.com", chained=chained)
    for reply in (GREETING, offers):
        session.receive(reply)
        session.take()
    assert [kind for kind, _ in session.events()] == [engine.READY]
    return session


def transaction() -> Transaction:
    return Transaction(SENDER, RECIPIENTS, CONTENT)


def chained(count: int) -> int:
    session = ready(OFFERS)
    group = QUEUED + b"".join(ENVELOPE_TAKEN)
    answered = 0
    session.begin(transaction())
    session.take()
    session.receive(b"".join(ENVELOPE_TAKEN))
    for _ in range(count):
        session.events()
        session.begin(transaction())
        session.take()
        session.receive(group)
        answered += sum(kind == engine.ANSWERED for kind, _ in session.events())
    return answered


def one_by_one(count: int, offers: bytes, replies: tuple[bytes, ...]) -> int:
    session = ready(offers, chained=False)
    answered = 0
    for _ in range(count):
        session.begin(transaction())
        for reply in replies:
            session.take()
            session.receive(reply)
        answered += sum(kind == engine.ANSWERED for kind, _ in session.events())
    return answered


def in_groups(count: int) -> int:
    return one_by_one(count, OFFERS, (b"".join(ENVELOPE_TAKEN), QUEUED))


def stop_and_go(count: int) -> int:
    return one_by_one(count, NO_OFFERS, (*ENVELOPE_TAKEN, QUEUED))


def microseconds(dialogue: Callable[[int], int], count: int) -> float:
    started_at = time.process_time()
    answered = dialogue(count)
    seconds = time.process_time() - started_at
    if answered != count:
        raise RuntimeError(f"{answered} of {count} were answered")
    return seconds / count * 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=100_000)
    count = parser.parse_args().messages
    for dialogue in (chained, in_groups, stop_and_go):
        spread = Spread.of([microseconds(dialogue, count) for _ in range(ROUNDS)])
        name = dialogue.__name__.replace("_", " ")
        print(
            f"engine, {name:12} {spread.median:6.2f} us a message ({spread.least:.2f} to {spread.most:.2f})"
        )


if __name__ == "__main__":
    main()
