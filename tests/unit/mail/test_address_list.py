"""Headers of addresses, taken apart and written anew; test_generic_like_postfix.py asks Postfix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.mail.address_list import FOLD_LIMIT, parse

JOE = "joe@int.test"
OUT = {JOE: "out@pub.example"}


def rewritten(value: str) -> str | None:
    listed = parse(value)
    return None if listed is None else listed.write("To", OUT)


@pytest.mark.parametrize(
    ("value", "header"),
    [
        (JOE, "To: out@pub.example"),
        (f"Joe <{JOE}>", "To: Joe <out@pub.example>"),
        (f'"Joe, A. \\" B" <{JOE}>', 'To: "Joe, A. \\" B" <out@pub.example>'),
        (f"=?utf-8?q?x=2Cy?= <{JOE}>", "To: =?utf-8?q?x=2Cy?= <out@pub.example>"),
        (f"(a) {JOE} (b)", "To: out@pub.example (a) (b)"),
        (f"a@b (x) {JOE} (y)", "To: a@b, out@pub.example (x) (y)"),
        (f"{JOE} (a\n (b) c)", "To: out@pub.example (a  (b) c)"),
        (f"friends: {JOE}, b@c;", "To: friends: out@pub.example, b@c;"),
        (f"undisclosed-recipients:;, {JOE}", "To: undisclosed-recipients: ;, out@pub.example"),
        (f"{JOE}; b@c", "To: out@pub.example;, b@c"),
        (f"<{JOE}> b@c", "To: <out@pub.example>, b@c"),
        (f"<{JOE} (c)>", "To: <out@pub.example (c)>"),
        (f"<>, {JOE}", "To: <>, out@pub.example"),
        (f"joe @ int . test,,{JOE}", "To: out@pub.example, , out@pub.example"),
        (f'{JOE}, "a b"@c, a..b@c, a\\,b@c', 'To: out@pub.example, "a b"@c, "a..b"@c, "a,b"@c'),
        (f"{JOE}, a@[1.2.3.4]", "To: out@pub.example, a@[1.2.3.4]"),
        (f"[x y] <{JOE}>, (only)", "To: [x y] <out@pub.example>, (only)"),
        (f"<@a,@b:{JOE}>, {JOE}", f"To: <@a,@b:{JOE}>, out@pub.example"),
    ],
)
def test_address_is_replaced_and_the_rest_kept(value: str, header: str) -> None:
    assert rewritten(value) == header


@pytest.mark.parametrize(
    "value", [f"{JOE} (", f'{JOE} "', f"{JOE} <", f"{JOE} >", f"a: {JOE}", f"a: b: {JOE};", "<a<b>>"]
)
def test_value_that_does_not_match_is_no_list(value: str) -> None:
    assert parse(value) is None


def test_addresses_are_without_quotes() -> None:
    listed = parse(r'"a\"b" <"c d"@e>, f (g), h: i;')
    assert listed is not None
    assert listed.addresses == ["c d@e", "f", "i"]


def test_lines_are_filled_below_the_limit_and_continue_with_a_tab() -> None:
    header = rewritten(", ".join(["user0@example.net", JOE] * 8))
    assert header is not None
    first, *others = header.split("\n")
    assert first.endswith("user0@example.net,")
    assert others
    assert all(line.startswith("\t") and len(line) - 1 < FOLD_LIMIT for line in others)
    assert first + "".join(" " + line[1:] for line in others) == "To: " + ", ".join(
        ["user0@example.net", "out@pub.example"] * 8
    )


@given(st.text(st.sampled_from('ab@.,;:<>()[]"\\ \n\t|é'), max_size=30))
def test_no_line_that_is_written_looks_like_another_header(value: str) -> None:
    listed = parse(value)
    if listed is not None:
        _, *others = listed.write("To", {}).split("\n")
        assert all(line.startswith("\t") for line in others)
