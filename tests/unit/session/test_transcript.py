"""A transcript: bounded at both ends, and no place for credentials or content."""

from fastsmtp.session import transcript
from fastsmtp.session.transcript import Transcript
from fastsmtp.wire.reply import Reply

PEER = "mx.example[192.0.2.1]:25"


def made(level=2, *, keeps=True):
    logged = []
    told = frozenset({"protocol"}) if keeps else frozenset()
    return Transcript(PEER, logged.append, level, told=told), logged


def test_dialogue_is_logged_in_postfix_form_and_kept_in_that_of_its_notices():
    t, logged = made()
    t.heard(Reply(b"220-mx.example\n220 ESMTP"))
    t.said(b"EHLO me.example\r\n")
    t.content(1234)
    t.ended("connection ended")
    assert logged == [
        f"< {PEER}: 220-mx.example",
        f"< {PEER}: 220 ESMTP",
        f"> {PEER}: EHLO me.example",
        f"> {PEER}: (message of 1234 bytes)",
        f"- {PEER}: connection ended",
    ]
    assert t.lines == [
        "In:  220-mx.example",
        "In:  220 ESMTP",
        "Out: EHLO me.example",
        "Out: (message of 1234 bytes)",
        "connection ended",
    ]


def test_first_level_has_the_dialogue_alone():
    t, logged = made(level=1, keeps=False)
    t.said(b"DATA\r\n")
    t.content(1234)
    t.ended("connection ended")
    assert logged == [f"> {PEER}: DATA"]
    assert t.lines == []


def test_credentials_are_masked():
    t, logged = made()
    t.said(b"AUTH PLAIN AGFubgBzZWNyZXQ=\r\n")
    t.said(b"auth LOGIN\r\n")
    assert logged == [f"> {PEER}: AUTH PLAIN ****", f"> {PEER}: AUTH LOGIN"]
    assert "AGFubgBzZWNyZXQ" not in "".join(t.lines)


def test_challenges_are_not_shown_and_what_follows_is_covered():
    t, logged = made()
    t.confide(lambda text: text.replace("secret", "****"))
    t.heard(Reply(b"334-c2VjcmV0\n334 c2VjcmV0"))
    t.heard(Reply(b"535 no secret here"))
    t.confided()
    t.heard(Reply(b"354 secret"))
    assert [line.partition("< ")[2] for line in logged] == [
        f"{PEER}: 334-****",
        f"{PEER}: 334 ****",
        f"{PEER}: 535 no **** here",
        f"{PEER}: 354 ****",
    ]
    assert "secret" not in "".join(t.lines)


def test_long_session_keeps_its_beginning_and_its_end(monkeypatch):
    monkeypatch.setattr(transcript, "KEPT_LIMIT", 2)
    t, _ = made()
    for number in range(9):
        t.said(b"MAIL FROM:<%d@x>\r\n" % number)
    assert t.lines == [
        "Out: MAIL FROM:<0@x>",
        "Out: MAIL FROM:<1@x>",
        "(5 lines)",
        "Out: MAIL FROM:<7@x>",
        "Out: MAIL FROM:<8@x>",
    ]


def test_line_of_a_transcript_is_bounded():
    t, logged = made()
    t.said(b"RCPT TO:<" + b"x" * 5000 + b">\r\n")
    assert len(t.lines[0]) == transcript.SHOWN_LIMIT + len("Out: ")
    assert len(logged[0]) < transcript.SHOWN_LIMIT + 100
