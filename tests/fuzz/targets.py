"""What holds for any bytes: one function for each compiled part that reads what others wrote.

content(data), reply(data), engine(data)    raise AssertionError, or whatever broke
TARGETS                                     by name, for tests/fuzz/guided.py
"""

from collections.abc import Callable, Iterator
from contextlib import suppress

from fastsmtp.errors import LocalProtocolError
from fastsmtp.wire import engine as wire_engine
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.reply import Reply, ReplyReader
from fastsmtp.wire.transaction import Transaction
from tests.fuzz.encoder import Attempt

CODES = [b"220", b"250", b"354", b"421", b"450", b"500", b"550", b"554", b"221", b"999", b"2", b""]
WORDS = [
    b" ok",
    b"-PIPELINING",
    b"-8BITMIME",
    b"-SIZE 10",
    b"-DSN",
    b"",
    b"-",
    b" 2.1.0 fine",
    b"\x00\xff",
    b"-SMTPUTF8",
    b"-CHUNKING",
    b"-LIMITS RCPTMAX=1 MAILMAX=2",
]
REPLY_LIMIT = (
    3 * 2048
)  # text that is kept of a reply: LINE_LIMIT, a line that overshoots it, and the last one
TRANSACTIONS = 3


def content(data: bytes) -> None:
    Attempt.of(data).check()


def reply(data: bytes) -> None:
    """The first byte says how the stream is cut."""
    size = data[0] + 1 if data else 1
    stream = data[1:]
    whole = [each.raw for each in ReplyReader().receive(stream)]
    reader = ReplyReader()
    cut = [each for at in range(0, len(stream), size) for each in reader.receive(stream[at : at + size])]
    assert [each.raw for each in cut] == whole
    for each in cut:
        check_reply(each)


def check_reply(each: Reply) -> None:
    assert 0 <= each.code <= 999
    assert each.digit == each.code // 100
    assert len(each.raw) <= REPLY_LIMIT
    assert all(line.isprintable() for line in each.lines)
    assert each.dsn[0] in "0123456789"
    assert "\n" not in each.text


def peer(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Moves of a peer and of those who use the engine: (what the user does, what the peer says)."""
    for at in range(0, len(data) - 1, 2):
        first, second = data[at], data[at + 1]
        if first & 64:
            said = data[at : at + 1 + second % 40]
        else:
            said = CODES[first % len(CODES)] + WORDS[second % len(WORDS)] + b"\r\n"
        yield first >> 4, said[: second % 7] if first & 128 and second & 1 else said


def engine(data: bytes) -> None:
    """Whatever the peer says: no exception, whole commands, one answer for each transaction."""
    manner = data[0] if data else 0
    session = SessionEngine(
        b"me.example", chained=bool(manner & 1), plain=bool(manner & 2), window=manner >> 4, window_limit=4
    )
    # One session in two is past EHLO at once: few inputs find the way to BDAT by themselves.
    if manner & 4:
        for line in (b"220 mx\r\n", b"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"):
            session.receive(line)
            session.events()
            session.take()
    begun: list[Transaction] = []
    answered: list[object] = []
    for move, said in peer(data[1:]):
        session.note_unsent(len(said) if move & 8 else 0)
        session.receive(said)
        for kind, subject in session.events():
            if kind == wire_engine.ANSWERED:
                assert any(subject is each for each in begun)
                answered.append(subject)
        if move & 1 and len(begun) < TRANSACTIONS and session.open:
            begun.append(transaction(len(begun), chunked=session.chunking))
            session.begin(begun[-1])
        elif move & 2:
            try:
                session.probe()
            except LocalProtocolError:
                assert session.busy or not session.open or len(answered) < len(begun)
        elif move & 4 and len(begun) == TRANSACTIONS:
            session.quit()
        elif move & 7 == 0:
            open_further(session, said)
        check_output(session.take())
    left = session.forsake()
    assert len(answered) == len({id(each) for each in answered})
    assert not any(any(each is other for other in answered) for each in left)
    for each in begun:
        assert not each.taken or any(each is other for other in answered)
        assert not (each.in_doubt and each.untouched)


def open_further(session: SessionEngine, said: bytes) -> None:
    """STARTTLS, EHLO once more, AUTH: where the state allows it, and an error of ours where not."""
    with suppress(LocalProtocolError):
        unread = session.unread
        assert session.greet_again() == unread
        assert not session.open
        assert (session.offers, session.size_limit, session.unread) == ({}, 0, 0)
        return
    command = wire_engine.STARTTLS if len(said) % 2 else wire_engine.AUTH
    line = b"STARTTLS" if command == wire_engine.STARTTLS else b"AUTH " + said.rstrip(b"\r\n")
    with suppress(LocalProtocolError):
        session.ask(line, command)
        assert not {0, 10, 13} & set(line)
        assert session.stage == command


def transaction(number: int, *, chunked: bool) -> Transaction:
    recipients = [b"r%d@x.example" % place for place in range(1 + number)]
    content = b"A: b\r\n\r\n..x\r\n" + (b"" if chunked else b".\r\n")
    return Transaction(
        b"s%d@x.example" % (number & 1), recipients, content, size=13, encoding=8, chunked=chunked
    )


def check_output(pieces: list[bytes]) -> None:
    """Whole lines, and each of them one of ours."""
    for line in b"".join(pieces).split(b"\r\n")[:-1]:
        assert b"\n" not in line
        assert line[:4] in (
            b"EHLO",
            b"STAR",
            b"AUTH",
            b"HELO",
            b"MAIL",
            b"RCPT",
            b"DATA",
            b"BDAT",
            b"RSET",
            b"QUIT",
            b"A: b",
            b"",
            b"..x",
            b".",
        ), line
    assert b"".join(pieces)[-2:] in (b"", b"\r\n")


TARGETS: dict[str, Callable[[bytes], None]] = {"content": content, "reply": reply, "engine": engine}
