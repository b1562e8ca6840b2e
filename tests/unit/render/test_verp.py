"""A sender with fields is an address for every row, or an error for that row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.errors import JobError, RenderError
from fastsmtp.mail.address import Address, parse
from fastsmtp.render.verp import Sender


@pytest.mark.parametrize(
    ("text", "values", "sender"),
    [
        ("b+{{ email }}@n.org", {"email": "ann@example.org"}, "b+ann=example.org@n.org"),
        ("b+{{email}}@n.org", {"email": "ann@bücher.example"}, "b+ann=xn--bcher-kva.example@n.org"),
        ("{{ a }}-{{ b }}@{{ c }}.org", {"a": 1, "b": "x", "c": "N"}, "1-x@N.org"),
        ("b-{{ customer-id }}@n.org", {"customer-id": "7"}, "b-7@n.org"),
        ("b+{{ email }}@n.org", {"email": "a" * 64 + "@example.org"}, "b+" + "a" * 64 + "=example.org@n.org"),
    ],
)
def test_fields_are_filled_in(text: str, values: dict[str, object], sender: str) -> None:
    assert Sender(text).render(values) == sender


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("x y", "a blank"),
        ("x\r\nRCPT TO:<y@z>", "control character"),
        ("x\0", "control character"),
        ("> BODY=8BITMIME", "outside quotes"),
        ("zoë", "SMTPUTF8"),
        ("zoë@example.org", "SMTPUTF8"),
        ("x.", ""),
        ("x" * 300, "longer than 254"),
    ],
)
def test_value_that_makes_no_address_is_refused(value: str, reason: str) -> None:
    with pytest.raises(RenderError, match=f"sender: .*{reason}"):
        Sender("b{{ x }}@n.org").render({"x": value})


def test_missing_field_is_refused() -> None:
    with pytest.raises(RenderError, match="sender: no field `x`"):
        Sender("{{ x }}@n.org").render({})


@pytest.mark.parametrize(
    "text", ["{{ a|b }}@c", "{% if a %}@c", "{{ a }@c", "{{ a }}", "{{ a }}@b@c", "{{ a }}@[b]"]
)
def test_sender_that_can_be_no_address_is_refused_at_once(text: str) -> None:
    with pytest.raises(JobError):
        Sender(text)


@given(st.text(alphabet='ab@. <>\r\n\0"\\ü', max_size=12) | st.text(max_size=12))
def test_no_value_adds_anything_but_itself(value: str) -> None:
    try:
        sender = Sender("b+{{ x }}@n.org").render({"x": value})
    except RenderError:
        return
    assert sender.isascii()
    assert sender.count("@") == 1
    assert not any(character in sender for character in ' <>\r\n\0"\\')
    parsed = parse(sender, 254)
    assert isinstance(parsed, Address)
    assert parsed.domain == "n.org"
