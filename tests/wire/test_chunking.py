"""BDAT in dialogues (RFC 3030): several messages in flight, and what becomes of them. See test_engine.py for the form."""

import pytest

from fastsmtp.errors import LocalProtocolError
from fastsmtp.wire import engine as wire
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.transaction import BINARY, Transaction
from tests.support.talk import at_random, bytewise, whole

CONTENT = b"Subject: x\r\n\r\n.text\r\n"
BDAT = f"BDAT {len(CONTENT)} LAST"
OFFERS = b"250-mx.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 CHUNKING\r\n"


@pytest.fixture(params=[whole, bytewise, at_random])
def cut(request):
    return request.param


class Session:
    """An engine past EHLO; events by kind."""

    def __init__(self, cut=whole, offers=OFFERS, **options):
        options.setdefault("window_limit", 10)
        self.engine = SessionEngine(b"me.example", **options)
        self.cut = cut
        self.events = []
        for reply in (b"220 mx\r\n", offers):
            self.hear(reply)
            self.engine.take()

    def hear(self, data):
        for piece in self.cut(data):
            self.engine.receive(piece)
            self.events += self.engine.events()

    def answered(self):
        return [subject for kind, subject in self.events if kind == wire.ANSWERED]

    def kinds(self):
        return [kind for kind, _ in self.events]

    def say(self):
        out = []
        while pieces := self.engine.take():
            out += pieces
        return b"".join(out).replace(CONTENT, b"(content)\r\n").decode().split("\r\n")[:-1]

    def begin(self, *transactions):
        for each in transactions:
            self.engine.begin(each)
        return self.say()


def message(number=1, *recipients, sender=b"s@x", content=CONTENT, **options):
    names = [name.encode() for name in recipients or (f"r{number}@y",)]
    return Transaction(sender, names, content, chunked=True, **options)


def said(number=1, sender="s@x"):
    return [f"MAIL FROM:<{sender}>", f"RCPT TO:<r{number}@y>", BDAT, "(content)"]


TAKEN = b"250 ok\r\n250 ok\r\n250 2.0.0 queued\r\n"
REFUSED = b"250 ok\r\n550 no\r\n503 no recipients\r\n"


def test_message_by_bdat_is_one_group(cut):
    session = Session(cut)
    first = message()
    assert session.begin(first) == said()
    session.hear(TAKEN)
    assert session.answered() == [first]
    assert first.taken
    assert first.end.text == "250 2.0.0 queued"


def test_window_begins_with_one_and_grows_with_each_success():
    session = Session()
    widths = []
    for _ in range(4):
        begun = []
        while session.engine.room:
            begun.append(message())
            session.engine.begin(begun[-1])
        session.say()
        widths.append(len(begun))
        session.hear(TAKEN * len(begun))
    assert widths == [1, 2, 4, 8]
    assert session.engine.window == 10


@pytest.mark.parametrize(("window", "limit", "reached"), [(4, 10, 4), (40, 10, 10), (1, 1, 1)])
def test_known_window_holds_from_the_start(window, limit, reached):
    session = Session(window=window, window_limit=limit)
    assert session.begin(*[message(n) for n in range(12)]) == [
        line for n in range(reached) for line in said(n)
    ]


def test_commands_go_one_by_one_without_pipelining(cut):
    session = Session(cut, b"250-mx\r\n250 CHUNKING\r\n", window=5)
    assert session.begin(message(), message(2)) == said()[:1]
    session.hear(b"250 ok\r\n")
    assert session.say() == said()[1:2]
    session.hear(b"250 ok\r\n")
    assert session.say() == said()[2:]
    session.hear(b"250 ok\r\n")
    assert session.say() == said(2)[:1]


@pytest.mark.parametrize("options", [{"window_limit": 0}, {"plain": True}, {"discard": {"CHUNKING"}}])
def test_bdat_that_is_not_to_be_used_is_refused_by_the_engine(options):
    session = Session(**options)
    assert not session.engine.chunking
    with pytest.raises(LocalProtocolError):
        session.engine.begin(message())


def test_chaining_to_be_overlooked_keeps_one_message_in_flight():
    session = Session(window=5, discard={"CHAINING"})
    assert session.begin(message(1), message(2)) == said(1)
    assert not session.engine.room


def test_refused_recipient_of_some_leaves_the_message_to_the_others(cut):
    session = Session(cut)
    first = message(1, "a@y", "b@y")
    session.begin(first)
    session.hear(b"250 ok\r\n550 no\r\n250 ok\r\n250 queued\r\n")
    assert [reply.code for reply in first.replies] == [550, 250]
    assert first.end.code == 250


@pytest.mark.parametrize("end", [b"503 no recipients\r\n", b"554 no valid recipients\r\n", b"250 empty\r\n"])
def test_reply_to_content_without_recipients_means_nothing(cut, end):
    session = Session(cut)
    first = message()
    session.begin(first)
    session.hear(b"250 ok\r\n550 no\r\n" + end)
    assert session.answered() == [first]
    assert first.replies[0].code == 550
    assert session.begin(message(2)) == ["RSET", *said(2)]


def test_message_that_met_the_envelope_of_a_refused_one_is_sent_once_more(cut):
    """Exim keeps the envelope open: MAIL is answered 503, and so is all that follows it."""
    session = Session(cut, window=3)
    first, second, third = message(1), message(2), message(3)
    session.begin(first, second, third)
    session.hear(REFUSED + b"503 sender already given\r\n550 no\r\n503 no recipients\r\n" + TAKEN)
    assert session.answered() == [first, third]
    assert session.say() == said(2)  # the success of the third closed whatever was open
    session.hear(TAKEN)
    assert session.answered() == [first, third, second]
    assert second.taken
    assert wire.ANOMALY not in session.kinds()


def test_rset_stands_between_a_refused_message_and_the_one_that_met_it(cut):
    session = Session(cut, window=2)
    first, second = message(1), message(2)
    session.begin(first, second)
    session.hear(REFUSED + b"503 sender already given\r\n503 no\r\n503 no recipients\r\n")
    assert session.answered() == [first]
    assert session.say() == ["RSET", *said(2)]
    session.hear(b"250 reset\r\n" + TAKEN)
    assert session.answered() == [first, second]


def test_nothing_more_is_sent_until_a_first_group_was_answered_whole():
    """A peer that drops what comes along with a message would answer the next in the place of the lost one."""
    session = Session(window=3)
    session.begin(message(1), message(2))
    session.hear(TAKEN)
    assert session.begin(message(3)) == []
    session.hear(TAKEN)
    assert session.say() == said(3)
    assert session.begin(message(4)) == said(4)


def test_message_taken_into_the_envelope_of_a_refused_one_is_sent(cut):
    session = Session(cut, window=2)
    first, second = message(1), message(2)
    session.begin(first, second)
    session.hear(REFUSED + b"503 sender already given\r\n250 ok\r\n250 queued\r\n")
    assert session.answered() == [first, second]
    assert second.taken
    assert second.mail.digit == 2


def test_other_sender_is_kept_apart_by_rset():
    session = Session(window=3)
    assert session.begin(message(1), message(2, sender=b"t@x"), message(3, sender=b"t@x")) == [
        *said(1),
        "RSET",
        *said(2, "t@x"),
        *said(3, "t@x"),
    ]


def test_503_that_nothing_explains_is_an_anomaly(cut):
    session = Session(cut, window=3)
    first, second, third = message(1), message(2), message(3)
    session.begin(first, second, third)
    session.hear(TAKEN + b"503 what\r\n" + TAKEN)
    assert session.answered() == [first]
    assert session.kinds()[-2:] == [wire.ANOMALY, wire.UNUSABLE]
    assert session.engine.plain
    assert session.engine.window == 1
    assert session.engine.forsake() == [second, third]
    assert second.in_doubt
    assert third.in_doubt


def test_peer_that_does_not_know_bdat_is_served_plainly_from_then_on(cut):
    session = Session(cut)
    first = message()
    session.begin(first)
    session.hear(b"250 ok\r\n250 ok\r\n502 not implemented\r\n")
    assert session.answered() == []
    assert session.kinds()[-2:] == [wire.ANOMALY, wire.UNUSABLE]
    assert session.engine.take() == []
    assert session.engine.plain


def test_lost_connection_leaves_in_doubt_what_was_written_and_not_answered():
    session = Session(window=4)
    sent = [message(n) for n in range(4)]
    session.begin(*sent[:3])
    session.hear(TAKEN * 2)
    session.engine.begin(sent[3])
    session.say()
    session.engine.note_unsent(5)
    assert session.engine.forsake() == sent[2:]
    assert [each.in_doubt for each in sent] == [False, False, True, False]
    assert [each.untouched for each in sent[2:]] == [False, True]


def test_nothing_behind_a_421_is_in_doubt(cut):
    session = Session(cut, window=4)
    sent = [message(n) for n in range(3)]
    session.begin(*sent)
    session.hear(TAKEN + b"421 shutting down\r\n")
    assert session.engine.forsake() == sent[1:]
    assert [each.in_doubt for each in sent] == [False] * 3
    assert sent[2].untouched
    assert sent[1].mail.code == 421


def test_nothing_behind_a_refused_rset_is_in_doubt(cut):
    session = Session(cut)
    first, second = message(1), message(2)
    session.begin(first)
    session.hear(REFUSED)
    assert session.begin(second) == ["RSET", *said(2)]
    session.hear(b"554 too many of these\r\n")
    assert session.engine.forsake() == [second]
    assert second.untouched


@pytest.mark.parametrize("reply", [b"250 ok\r\n", b"354 go\r\n"])
def test_success_before_the_content_has_left_is_none(cut, reply):
    session = Session(cut)
    first = message()
    session.begin(first)
    session.engine.note_unsent(1)
    session.hear(b"250 ok\r\n250 ok\r\n" + reply)
    assert session.answered() == []
    assert session.kinds()[-1] == wire.UNUSABLE
    assert session.engine.stage == wire.END
    assert session.engine.forsake() == [first]
    assert not first.in_doubt


def test_refusal_before_the_content_has_left_is_the_answer(cut):
    session = Session(cut)
    first = message()
    session.begin(first)
    session.engine.note_unsent(1)
    session.hear(b"250 ok\r\n250 ok\r\n552 too big\r\n")
    assert session.answered() == [first]
    assert first.end.code == 552
    assert session.kinds()[-1] == wire.UNUSABLE


def test_large_content_waits_for_a_recipient():
    session = Session()
    content = b"x" * (300 * 1024)
    session.engine.begin(message(content=content))
    assert session.say() == said()[:2]
    session.hear(b"250 ok\r\n250 ok\r\n")
    assert session.engine.take() == [b"BDAT %d LAST\r\n" % len(content), content]


def test_large_content_without_a_recipient_is_never_sent(cut):
    session = Session(cut)
    first = message(content=b"x" * (300 * 1024))
    session.engine.begin(first)
    session.say()
    session.hear(b"250 ok\r\n550 no\r\n")
    assert session.answered() == [first]
    assert session.say() == ["RSET"]


def test_bytes_in_hand_stay_bounded_however_wide_the_window():
    session = Session(window=10)
    content = b"x" * (200 * 1024)
    while session.engine.room:
        session.engine.begin(message(content=content))
    begun = session.engine.take()
    assert sum(map(len, begun)) < 201 * 1024  # one content; the next when the transport holds none of it
    taken = 1
    while pieces := session.engine.take():
        assert sum(map(len, pieces)) < 201 * 1024
        taken += 1
    assert taken == 6  # 1 MiB begun at most


def test_commands_of_ended_transactions_do_not_fill_the_group():
    session = Session(window=8)
    for number in range(200):
        while session.engine.room:
            session.engine.begin(message(number))
        session.say()
        session.hear(TAKEN)
    assert len(session.answered()) == 200
    assert session.engine.window == 10


def test_binary_body_is_announced():
    session = Session(offers=b"250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 BINARYMIME\r\n")
    assert session.begin(message(encoding=BINARY))[0] == "MAIL FROM:<s@x> BODY=BINARYMIME"


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("LIMITS MAILMAX=5 RCPTMAX=20", (5, 20, 0)),
        ("limits rcptdomainmax=1", (0, 0, 1)),
        ("LIMITS", (0, 0, 0)),
        ("LIMITS MAILMAX=x RCPTMAX= FOO=3 RCPTMAX=12345678", (0, 0, 0)),
    ],
)
def test_limits_are_read_from_the_offers(text, limits):
    engine = Session(offers=f"250-mx\r\n250 {text}\r\n".encode()).engine
    assert (engine.mail_limit, engine.recipient_limit, engine.domain_limit) == limits


def test_session_is_spent_after_mailmax_transactions():
    session = Session(offers=b"250-mx\r\n250-PIPELINING\r\n250 LIMITS MAILMAX=2\r\n")
    for _ in range(2):
        assert not session.engine.spent
        session.engine.begin(Transaction(b"", [b"r@y"], b".\r\n"))
    assert session.engine.spent
