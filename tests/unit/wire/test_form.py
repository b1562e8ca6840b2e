"""Forms: what is filled in, and which values are refused, as the plain twin has it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fastsmtp.mail.address import to_wire
from fastsmtp.wire.form import VALUES_LIMIT, Form, plain_address
from tests.reference import form as reference

LITERALS = [b"To: ", b"\r\n\r\n", b" and ", b"\r\n"]
HOLES = [0, 2, 0]
ROOMS = [30, -1, 8]
ADDRESS = "ann@example.com"

words = st.text("aZ09-_.+@ \x00é", max_size=12)
addresses = st.one_of(
    words, st.from_regex(r"[aZ09_.+-]{1,6}@[aZ09.-]{1,8}(\.[a-z0-9-]{1,4})?", fullmatch=True)
)


def fill(*values: object) -> bytes | None:
    """The same from a list and, where they can be packed, from packed values."""
    form = Form(LITERALS, HOLES, ROOMS)
    filled = form.fill(list(values))
    if values and all(isinstance(value, str) and "\x1f" not in value for value in values):
        address, *others = map(str, values)
        assert form.fill_columns(address, "\x1f".join(others)) == filled or len(others) == 0
    return filled


def test_values_stand_in_their_holes() -> None:
    assert fill(ADDRESS, "unused", "b-1") == b"To: ann@example.com\r\n\r\nb-1 and ann@example.com\r\n"


def test_value_without_a_hole_may_be_anything() -> None:
    assert fill(ADDRESS, None, "b") == fill(ADDRESS, "é\n", "b") is not None


@given(addresses, words)
@example("a.b+c_d@x-y.example", "a")
@example("a..b@x.example", "a")
@example(".a@x.example", "a")
@example("a.@x.example", "a")
@example("a@x", "a")
@example("a@x.e", "a")
@example("a@x.1e", "a")
@example("a@x.e-e", "a")
@example("a@-x.ee", "a")
@example("a@x-.ee", "a")
@example("a@x..ee", "a")
@example("a@x.ee.", "a")
@example("a@b@x.ee", "a")
@example("", "a")
@example("@", "a")
@example("a@", "a")
@example(ADDRESS, "-a")
@example(ADDRESS, "a-")
@example(ADDRESS, "")
@example(ADDRESS, "12345678")
@example(ADDRESS, "123456789")
@example("a" * 18 + "@example.com", "a")
@example("a" * 19 + "@example.com", "a")
def test_filling_is_that_of_the_plain_twin(address: str, word: str) -> None:
    values: list[object] = [address, "", word]
    assert fill(*values) == reference.fill(LITERALS, HOLES, ROOMS, values)


@pytest.mark.parametrize("values", [[], [ADDRESS, ""], [ADDRESS, "", "a", "b"]])
def test_other_number_of_values_is_refused(values: list[object]) -> None:
    assert fill(*values) is None


@pytest.mark.parametrize("value", [7, None, b"a", True])
def test_what_is_no_text_is_refused(value: object) -> None:
    assert fill(ADDRESS, "", value) is None


def test_marks_fill_every_room() -> None:
    form = Form(LITERALS, HOLES, ROOMS)
    marks = form.marks()
    assert [len(str(mark)) for mark in marks] == [30, 0, 8]
    filled = form.fill(marks)
    assert filled is not None
    assert len(filled) == sum(map(len, LITERALS)) + 30 + 8 + 30


def test_form_without_holes_is_its_literal() -> None:
    assert Form([b"a"], [], [-1]).fill(["whoever"]) == b"a"
    assert Form([b"a"], [], [-1]).fill_columns("whoever", "") == b"a"


def test_address_may_be_the_only_value() -> None:
    assert Form([b"", b"!"], [0], [30]).fill_columns(ADDRESS, "") == b"ann@example.com!"


def test_unused_value_outside_ascii_harms_nobody() -> None:
    assert Form(LITERALS, HOLES, ROOMS).fill_columns(ADDRESS, "é\x1fb") == fill(ADDRESS, "", "b")


@pytest.mark.parametrize(
    ("literals", "holes", "rooms"),
    [
        ([], [], [1]),
        ([b"a"], [0], [9]),
        ([b"a", b"b"], [1], [9]),
        ([b"a", b"b"], [-1], [9]),
        ([b"a", b"b"], [0], [-1]),
        ([b"a"], [], []),
        ([b"a"], [], [1] * (VALUES_LIMIT + 1)),
    ],
)
def test_form_that_cannot_be_is_refused(literals: list[bytes], holes: list[int], rooms: list[int]) -> None:
    with pytest.raises(ValueError, match=r"a form has|a hole for"):
        Form(literals, holes, rooms)


def test_parts_can_be_asked_for() -> None:
    form = Form(LITERALS, HOLES, ROOMS)
    assert (form.literals, form.holes, form.rooms) == (LITERALS, HOLES, ROOMS)


@given(addresses)
@example(ADDRESS)
@example("a+b@x.example")
@example("é@x.example")
def test_plain_address_is_what_goes_into_a_command(address: str) -> None:
    harmless = reference.ADDRESS.fullmatch(address)
    assert plain_address(address) == (address.encode() if harmless else None)
    if harmless and len(address) < 64:
        assert to_wire(address) == address.encode()
