"""The session engine in dialogues: C: is what it must say, S: what the peer answers (spec: session)."""

import pytest

from fastsmtp.errors import LocalProtocolError
from fastsmtp.wire import engine as wire
from fastsmtp.wire.engine import SessionEngine
from fastsmtp.wire.transaction import Transaction
from tests.support.talk import at_random, bytewise, whole

CONTENT = b"Subject: x\r\n\r\ntext\r\n.\r\n"
ESMTP = """
S: 220 mx.example ESMTP
C: EHLO me.example
S: 250-mx.example
S: 250-PIPELINING
S: 250 8BITMIME
"""
PLAIN = """
S: 220 mx.example
C: EHLO me.example
S: 250 mx.example
"""


@pytest.fixture(params=[whole, bytewise, at_random])
def cut(request):
    return request.param


class Talk:
    """Plays the peer's lines and checks the engine's; keeps the events."""

    def __init__(self, cut=whole, on_content=None, **options):
        self.engine = SessionEngine(b"me.example", **options)
        self.events = []
        self.cut = cut
        self.on_content = on_content

    def play(self, script):
        heard = b""
        for line in [line for line in script.strip().split("\n") if line]:
            side, text = line[:2], line[3:]
            if side == "S:":
                heard += text.encode() + b"\r\n"
                continue
            self.receive(heard)
            heard = b""
            said = b"".join(self.engine.take())
            assert said == self.expand(text)
        self.receive(heard)
        return self

    def receive(self, data):
        for piece in self.cut(data):
            self.engine.receive(piece)
            for kind, _ in self.engine.events():
                self.events.append(kind)
                if kind == wire.CONTENT_DUE and self.on_content:
                    self.on_content(self)

    @staticmethod
    def expand(text):
        lines = [CONTENT if part == "(content)" else part.encode() + b"\r\n" for part in text.split(" | ")]
        return b"".join(lines) if text else b""


def transaction(*recipients, **options):
    return Transaction(b"s@x", [r.encode() for r in recipients or ("r@y",)], CONTENT, **options)


def test_group_of_a_pipelining_peer_is_one_write(cut):
    talk = Talk(cut).play(ESMTP)
    t = transaction()
    talk.engine.begin(t)
    talk.play(
        """
C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA
S: 250 ok
S: 250 ok
S: 354 go
C: (content)
S: 250 2.0.0 queued
"""
    )
    assert talk.events == [wire.READY, wire.CONTENT_DUE, wire.ANSWERED]
    assert t.end.text == "250 2.0.0 queued"


def test_commands_go_one_by_one_where_pipelining_is_not_offered(cut):
    talk = Talk(cut).play(PLAIN)
    talk.engine.begin(transaction("a@y", "b@y"))
    talk.play(
        """
C: MAIL FROM:<s@x>
S: 250 ok
C: RCPT TO:<a@y>
S: 250 ok
C: RCPT TO:<b@y>
S: 250 ok
C: DATA
S: 354 go
C: (content)
S: 250 ok
"""
    )
    assert talk.events[-1] == wire.ANSWERED


def test_next_transaction_leaves_with_the_content_of_this_one(cut):
    second = transaction("z@y")
    talk = Talk(cut).play(ESMTP)
    talk.engine.begin(transaction())
    talk.on_content = lambda t: (t.engine.begin(second), setattr(t, "on_content", None))
    talk.play(
        """
C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA
S: 250 ok
S: 250 ok
S: 354 go
C: (content) | MAIL FROM:<s@x> | RCPT TO:<z@y> | DATA
S: 250 first
S: 250 ok
S: 250 ok
S: 354 go
C: (content)
S: 250 second
"""
    )
    assert second.end.text == "250 second"


def test_next_transaction_waits_where_chaining_is_off():
    second = transaction("z@y")
    talk = Talk(chained=False).play(ESMTP)
    talk.engine.begin(transaction())
    talk.on_content = lambda t: (t.engine.begin(second), setattr(t, "on_content", None))
    talk.play(
        """
C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA
S: 250 ok
S: 250 ok
S: 354 go
C: (content)
S: 250 first
C: MAIL FROM:<s@x> | RCPT TO:<z@y> | DATA
"""
    )


def test_all_recipients_refused_after_data_ends_with_an_empty_message(cut):
    talk = Talk(cut).play(ESMTP)
    t = transaction()
    talk.engine.begin(t)
    talk.play(
        """
C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA
S: 250 ok
S: 550 no
S: 354 go
"""
    )
    talk.engine.quit()
    talk.play("C: . | QUIT\nS: 250 empty\nS: 221 bye")
    assert t.end is None
    assert t.replies[0].text == "550 no"
    assert talk.events == [wire.READY, wire.ANSWERED, wire.CLOSED]


@pytest.mark.parametrize(
    ("replies", "answers"),
    [
        ("S: 550 mail\nS: 503 rcpt\nS: 503 data", ("550 mail", None, "503 data")),
        ("S: 250 ok\nS: 550 rcpt\nS: 503 data", ("250 ok", "550 rcpt", "503 data")),
        ("S: 250 ok\nS: 250 ok\nS: 451 data", ("250 ok", "250 ok", "451 data")),
        ("S: 250 ok\nS: 250 ok\nS: 250 data", ("250 ok", "250 ok", "250 data")),
    ],
)
def test_transaction_given_up_half_way_is_followed_by_rset(cut, replies, answers):
    talk = Talk(cut).play(ESMTP)
    t, second = transaction(), transaction("z@y")
    talk.engine.begin(t)
    talk.play("C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA\n" + replies)
    told = [reply and reply.text for reply in (t.mail, t.replies[0], t.data)]
    assert tuple(told) == answers
    assert talk.events[-1] == wire.ANSWERED
    talk.engine.begin(second)
    talk.play(
        "C: RSET | MAIL FROM:<s@x> | RCPT TO:<z@y> | DATA\nS: 250 reset\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (content)"
    )


@pytest.mark.parametrize(
    "script",
    ["C: MAIL FROM:<s@x>\nS: 450 later", "C: MAIL FROM:<s@x>\nS: 250 ok\nC: RCPT TO:<r@y>\nS: 450 later"],
)
def test_refusal_without_pipelining_sends_nothing_but_rset(cut, script):
    talk = Talk(cut).play(PLAIN)
    talk.engine.begin(transaction())
    talk.play(script)
    talk.engine.quit()
    talk.play("C: RSET\nS: 250 ok\nC: QUIT")
    assert talk.events.count(wire.ANSWERED) == 1


def test_some_recipients_refused_still_get_content(cut):
    talk = Talk(cut).play(ESMTP)
    t = transaction("a@y", "b@y", "c@y")
    talk.engine.begin(t)
    talk.play(
        """
C: MAIL FROM:<s@x> | RCPT TO:<a@y> | RCPT TO:<b@y> | RCPT TO:<c@y> | DATA
S: 250 ok
S: 450 later
S: 250 ok
S: 550 never
S: 354 go
C: (content)
S: 250 ok
"""
    )
    assert [reply.digit for reply in t.replies] == [4, 2, 5]
    assert t.accepted == 1


def test_group_never_exceeds_the_limit_and_is_answered_before_the_next():
    talk = Talk().play(ESMTP)
    t = transaction(*(f"recipient{i:04}@example.com" for i in range(400)))
    talk.engine.begin(t)
    sizes, content = [], b""
    for _ in range(20):
        said = b"".join(talk.engine.take())
        if not said.startswith((b"MAIL", b"RCPT", b"DATA")):
            content = said
            break
        sizes.append(len(said))
        talk.receive(
            b"".join(
                b"354 go\r\n" if line == b"DATA" else b"250 ok\r\n" for line in said.split(b"\r\n") if line
            )
        )
    assert max(sizes) <= wire.GROUP_LIMIT
    assert sum(sizes) > 2 * wire.GROUP_LIMIT
    assert content == CONTENT
    assert t.accepted == 400


@pytest.mark.parametrize("reply", ["450 x", "502 x", "354 x", "550 x"])
def test_refused_ehlo_falls_back_to_helo(cut, reply):
    talk = Talk(cut).play(f"S: 220 mx\nC: EHLO me.example\nS: {reply}\nC: HELO me.example\nS: 250 mx")
    assert talk.events == [wire.READY]
    assert talk.engine.offers == {}


@pytest.mark.parametrize(
    "script",
    [
        "S: 421 4.3.2 busy",
        "S: 554 5.7.1 x",
        "S: 354 x",
        "S: 220 mx\nC: EHLO me.example\nS: 421 x",
        "S: 220 mx\nC: EHLO me.example\nS: 550 x\nC: HELO me.example\nS: 550 x",
    ],
)
def test_refused_handshake_is_told_with_its_stage(cut, script):
    talk = Talk(cut)
    talk.play(script)
    assert talk.events == [wire.REFUSED]
    talk.engine.quit()
    assert talk.engine.take() == [b"QUIT\r\n"]


@pytest.mark.parametrize(
    ("banner", "options", "said"),
    [
        ("220 mx Sendmail", {"always_ehlo": False}, "HELO"),
        ("220 mx esmtp x", {"always_ehlo": False}, "EHLO"),
        ("220-mx x\nS: 220 ESMTP", {"always_ehlo": False}, "EHLO"),
        ("220 mx ESMTP, yes", {"always_ehlo": False}, "HELO"),
        ("220 mx ESMTP", {"never_ehlo": True}, "HELO"),
        ("220 mx", {}, "EHLO"),
    ],
)
def test_choice_of_ehlo_and_helo(banner, options, said):
    Talk(**options).play(f"S: {banner}\nC: {said} me.example")


def test_garbage_before_the_greeting_is_passed_over():
    Talk().play("S: hello\nS: 220 mx ESMTP\nC: EHLO me.example")


@pytest.mark.parametrize(
    ("lines", "offers"),
    [
        ("S: 250-mx\nS: 250-PIPELINING\nS: 250 SIZE 99", {"PIPELINING": "", "SIZE": "99"}),
        ("S: 250-\nS: 250-PIPELINING\nS: 250 SIZE 99", {"SIZE": "99"}),
        ("S: 250-mx\nS: 250-size=5\nS: 250 Auth=LOGIN PLAIN", {"SIZE": "5", "AUTH": "LOGIN PLAIN"}),
        ("S: 250-mx\nS: 250 SMTPUTF8", {"SMTPUTF8": "", "8BITMIME": ""}),
        ("S: 250 mx", {}),
    ],
)
def test_offers_are_what_ehlo_listed_behind_the_name(cut, lines, offers):
    assert Talk(cut).play(f"S: 220 mx\nC: EHLO me.example\n{lines}").engine.offers == offers


def test_discarded_keywords_count_as_not_offered():
    talk = Talk(discard={"PIPELINING"}).play(ESMTP)
    talk.engine.begin(transaction())
    talk.play("C: MAIL FROM:<s@x>")


@pytest.mark.parametrize(
    ("text", "limit"), [("SIZE 1000", 1000), ("SIZE", 0), ("SIZE 0", 0), ("SIZE 10k", 0)]
)
def test_size_limit_is_a_number_or_unknown(text, limit):
    talk = Talk().play(f"S: 220 mx\nC: EHLO me.example\nS: 250-mx\nS: 250 {text}")
    assert talk.engine.size_limit == limit


def test_mail_and_rcpt_carry_what_the_peer_offers():
    talk = Talk().play(
        "S: 220 mx\nC: EHLO me.example\nS: 250-mx\nS: 250-PIPELINING\nS: 250-SIZE 0\nS: 250-DSN\nS: 250 8BITMIME"
    )
    talk.engine.begin(transaction('"a b"+x=@y', size=321, encoding=8))
    talk.play(
        'C: MAIL FROM:<s@x> SIZE=321 BODY=8BITMIME | RCPT TO:<"a b"+x=@y> ORCPT=rfc822;"a+20b"+2Bx+3D@y | DATA'
    )


def test_probe_of_a_kept_session_goes_with_the_first_commands(cut):
    talk = Talk(cut).play(ESMTP)
    talk.engine.probe()
    talk.engine.begin(transaction())
    talk.play(
        "C: RSET | MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA\nS: 250 ok\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (content)"
    )


@pytest.mark.parametrize(("reply", "usable"), [("250 ok", True), ("421 gone", False)])
def test_unanswered_rset_serves_as_the_probe(cut, reply, usable):
    talk = Talk(cut).play(PLAIN)
    talk.engine.begin(transaction())
    talk.play("C: MAIL FROM:<s@x>\nS: 550 no\nC: RSET")
    talk.engine.probe()
    talk.engine.begin(transaction("z@y"))
    talk.play(f"C: \nS: {reply}")
    assert (wire.UNUSABLE in talk.events) is not usable
    talk.play("C: MAIL FROM:<s@x>")


@pytest.mark.parametrize("reply", ["500 what", "421 gone"])
def test_refused_probe_makes_the_session_unusable_and_leaves_the_transaction_untouched(cut, reply):
    talk = Talk(cut).play(PLAIN)
    talk.engine.probe()
    t = transaction()
    talk.engine.begin(t)
    talk.play(f"C: RSET\nS: {reply}")
    assert talk.events[-1] == wire.UNUSABLE
    assert talk.engine.forsake() == [t]
    assert t.untouched
    assert not t.in_doubt


def test_word_out_of_turn_makes_the_session_unusable(cut):
    talk = Talk(cut).play(ESMTP).play("S: 421 idle too long")
    assert talk.events[-1] == wire.UNUSABLE


def test_answer_to_quit_is_no_answer_to_the_message(cut):
    talk = Talk(cut).play(ESMTP)
    t = transaction()
    talk.engine.begin(t)
    talk.on_content = lambda t: t.engine.quit()
    talk.play(
        "C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: (content) | QUIT\nS: 221 bye"
    )
    assert talk.events[-1] == wire.UNUSABLE
    assert talk.engine.forsake() == [t]
    assert t.in_doubt
    assert t.end is None


@pytest.mark.parametrize("together", [True, False])
def test_refusal_before_the_content_is_the_answer_to_its_end(cut, together):
    talk = Talk(cut).play(ESMTP)
    t = transaction()
    talk.engine.begin(t)
    talk.play(
        "C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA\nS: 250 ok\nS: 250 ok\nS: 354 go"
        + "\nS: 552 no" * together
    )
    if not together:
        talk.engine.take()
        talk.engine.note_unsent(1)
        talk.receive(b"552 no\r\n")
    assert t.end.text == "552 no"
    assert talk.events[-2:] == [wire.ANSWERED, wire.UNUSABLE]
    assert talk.engine.take() == []


@pytest.mark.parametrize("reply", ["250 done", "354 go on"])
def test_success_before_the_content_has_left_is_no_delivery(cut, reply):
    talk = Talk(cut).play(ESMTP)
    t = transaction()
    talk.engine.begin(t)
    talk.play(f"C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nS: {reply}")
    assert talk.events[-1] == wire.UNUSABLE
    assert talk.engine.stage == wire.END
    assert talk.engine.forsake() == [t]
    assert not t.in_doubt


def test_transaction_behind_a_lost_one_is_untouched(cut):
    first, second = transaction(), transaction("z@y")
    talk = Talk(cut).play(ESMTP)
    talk.engine.begin(first)
    talk.on_content = lambda t: t.engine.begin(second)
    talk.play(
        "C: MAIL FROM:<s@x> | RCPT TO:<r@y> | DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\n"
        "C: (content) | MAIL FROM:<s@x> | RCPT TO:<z@y> | DATA"
    )
    assert talk.engine.stage == wire.END
    assert talk.engine.forsake() == [first, second]
    assert first.in_doubt
    assert second.untouched


@pytest.mark.parametrize(
    ("reply", "suspect"),
    [("503 what", True), ("550 no", False), ("450 later", False), ("600 x", True), ("555 x", True)],
)
def test_refusal_that_means_confusion_makes_the_peer_suspect(reply, suspect):
    talk = Talk().play(PLAIN)
    talk.engine.begin(transaction())
    talk.play(f"C: MAIL FROM:<s@x>\nS: {reply}")
    assert talk.engine.suspect is suspect


def test_engine_refuses_calls_out_of_order():
    fresh = SessionEngine(b"me.example")
    with pytest.raises(LocalProtocolError):
        fresh.begin(transaction())
    with pytest.raises(LocalProtocolError):
        fresh.probe()
    with pytest.raises(ValueError, match="without recipients"):
        Transaction(b"", [], b"")
    talk = Talk().play(ESMTP)
    talk.engine.quit()
    with pytest.raises(LocalProtocolError):
        talk.engine.begin(transaction())


def test_stage_names_the_oldest_command_without_a_reply():
    talk = Talk().play(ESMTP)
    talk.engine.begin(transaction())
    assert talk.engine.stage == wire.IDLE
    talk.engine.take()
    seen = []
    for reply in (b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
        seen.append(talk.engine.stage)
        talk.engine.receive(reply)
    talk.engine.take()
    assert [*seen, talk.engine.stage] == [wire.MAIL, wire.RCPT, wire.DATA, wire.END]
