"""Packed fields come back as they were."""

import json

import pytest

from fastsmtp.mail.fields import FieldsFormat


def test_columns_are_unpacked_by_name() -> None:
    packing = FieldsFormat("columns", ("name", "city"))
    assert packing.unpack("a@b", "Zoë\x1f") == {"name": "Zoë", "city": "", "email": "a@b"}


def test_job_without_fields_has_the_address_alone() -> None:
    assert FieldsFormat().unpack("a@b", "") == {"email": "a@b"}


def test_line_of_json_is_unpacked_without_what_is_null() -> None:
    line = json.dumps({"email": " a@b ", "items": [1, {"x": None}], "name": None})
    assert FieldsFormat("json").unpack("a@b", line) == {"email": "a@b", "items": [1, {"x": None}]}


@pytest.mark.parametrize(
    "packing", [FieldsFormat(), FieldsFormat("json"), FieldsFormat("columns", ("a", "b c"))]
)
def test_format_survives_the_spool(packing: FieldsFormat) -> None:
    assert FieldsFormat.from_text(packing.to_text()) == packing


@pytest.mark.parametrize("text", ["", "xml", "json\x1fname"])
def test_unknown_format_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no format"):
        FieldsFormat.from_text(text)


def test_values_stand_behind_the_address() -> None:
    packing = FieldsFormat("columns", ("name", "city"))
    assert packing.values("a@b", "Zoë\x1f", packing.names({"city"})) == ["a@b", "Zoë", ""]
    assert FieldsFormat().values("a@b", "", ()) == ["a@b"]


def test_values_of_json_are_those_that_are_used() -> None:
    packing = FieldsFormat("json")
    names = packing.names({"n", "email", "k"})
    assert packing.values("a@b", '{"email": "c", "n": 1, "x": 2}', names) == ["a@b", None, 1]
