"""Dialogues as text: the steps they name, the ways they are cut."""

import pytest

from tests.support import dialogue
from tests.support.dialogue import Dialogue, Step

TEXT = r"""
    # a greeting, cut short
    S: 220 mx.example.com ESMTP
    C: EHLO *

    S= 250 half\r
    X: wait 0.5
    C: (message)
    X: close
"""


def test_each_line_is_one_step() -> None:
    assert Dialogue.parse(TEXT).steps == (
        Step(dialogue.SAY, b"220 mx.example.com ESMTP\r\n"),
        Step(dialogue.HEAR, b"EHLO *"),
        Step(dialogue.SAY, b"250 half\r"),
        Step(dialogue.WAIT, span=0.5),
        Step(dialogue.HEAR_MESSAGE),
        Step(dialogue.CLOSE),
    )


def test_line_without_a_speaker_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither"):
        Dialogue.parse("220 hello")


def test_prefixes_leave_before_each_step() -> None:
    shortened = list(Dialogue.parse("S: 220 a\nC: EHLO *\nS: 250 b").prefixes())
    assert [len(each.steps) for each in shortened] == [1, 2, 3]
    assert all(each.steps[-1] == Step(dialogue.CLOSE) for each in shortened)


@pytest.mark.parametrize(
    ("pattern", "line", "expected"),
    [
        (b"EHLO *", b"ehlo client", True),
        (b"EHLO [127.0.0.1]", b"EHLO [127.0.0.1]", True),
        (b"EHLO [127.0.0.1]", b"EHLO 1", False),
        (b"MAIL FROM:<a@b.example>", b"MAIL FROM:<a@b.example> SIZE=1", False),
    ],
)
def test_pattern_matches_the_whole_line_in_any_case(pattern: bytes, line: bytes, expected: bool) -> None:
    assert dialogue.matches(pattern, line) is expected


@pytest.mark.parametrize("how", [dialogue.WHOLE, dialogue.BYTEWISE, dialogue.RANDOM])
def test_cuts_lose_nothing(how: str) -> None:
    data = bytes(range(256)) * 4
    pieces = list(dialogue.cuts(data, how, seed=7))
    assert b"".join(pieces) == data
    assert (len(pieces) == 1) is (how == dialogue.WHOLE)
