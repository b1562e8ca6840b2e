"""Rows of .jsonl and .txt lists: good ones, bad ones with line and reason."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsmtp.job import rows
from fastsmtp.mail.fields import FieldsFormat
from tests.support.lists import read, write


def test_jsonl_packs_the_line_only_for_jobs_with_fields(tmp_path: Path) -> None:
    line = '{"email": " a@B.c", "name": "Zoë", "items": [1]}'
    path = write(tmp_path, "list.jsonl", f"\n {line} \r\n")
    assert read(path, "name")[0] == [(2, "a@B.c", "b.c", "a@b.c", line)]
    assert read(path)[0] == [(2, "a@B.c", "b.c", "a@b.c", "")]
    assert rows.fields_format(path, {"name"}) == FieldsFormat("json")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON: "),
        (
            '{"email": "a@b.c"} {"email": "d@e.f"}',
            "a JSON object and more text, from column 19",
        ),
        ('["a@b.c"]', "not a JSON object"),
        ('"a@b.c"', "not a JSON object"),
        ("{}", "no address"),
        ('{"email": null}', "no address"),
        ('{"email": 3}', "`email` is not a string"),
        ('{"email": "a@b.c", "n": NaN}', "not JSON: NaN"),
        ('{"email": "x"}', "address without @"),
        ('{"email": "a@b.c", "name": "x\\ny"}', "control character in `name`"),
        ('{"email": "a@b.c\\r\\n", "name": "x"}', "control character in `email`"),
        ('{"email": "a@b.c", "items": [{"name": ["\\u0000"]}]}', "control character in `items`"),
        ('{"email": "a@b.c", "items": {"\\u000a": 1}}', "control character in `items`"),
        ('{"email": "a@b.c", "x\\ny": 1}', "control character in `a key`"),
        ('{"email": "a@b.c", "name": "\\ud800"}', "`name` is not UTF-8"),
        ('{"email": "a@b.c", "name": "x\x7f"}', "control character in `name`"),
        ('{"email": "a@b.c", "name": "x\x01"}', "not JSON: "),
        ('{"email": "a@b.c", "name": ' + "[" * 5000, "not JSON: "),
        ('{"email": "a@b.c", "name": ' + "1" * 5000 + "}", "not JSON: "),
    ],
)
def test_jsonl_bad_line_is_rejected(tmp_path: Path, line: str, reason: str) -> None:
    path = write(
        tmp_path, "list.jsonl", '{"email": "d@e.f"}\n' + line + '\n{"email": "g@h.i", "name": "\\u00e4\\t"}\n'
    )
    good, bad = read(path, "name")
    assert [row[0] for row in good] == [1, 3]
    assert len(bad) == 1
    assert bad[0][0] == 2
    assert reason in bad[0][2]
    assert bad[0][2].isprintable()


def test_jsonl_octets_that_are_not_utf8_reject_their_row(tmp_path: Path) -> None:
    path = write(tmp_path, "list.jsonl", b'{"email": "a@b.c", "name": "Zo\xeb"}\n{"email": "d@e.f"}\n')
    good, bad = read(path)
    assert [row[0] for row in good] == [2]
    assert bad == [(1, "a@b.c", "`name` is not UTF-8")]


def test_txt_is_an_address_a_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "list.txt",
        "# Friends\na@b.c\n\n  # more\n d@E.f\t\nx\ng\x01@h.i\n\xe4@b.c".encode("latin-1"),
    )
    good, bad = read(path, "email")
    assert good == [(2, "a@b.c", "b.c", "a@b.c", ""), (5, "d@E.f", "e.f", "d@e.f", "")]
    assert bad == [
        (6, "x", "address without @"),
        (7, "g\ufffd@h.i", "control character in `the line`"),
        (8, "\ufffd@b.c", "`the line` is not UTF-8"),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.integers(), lambda inner: st.lists(inner, max_size=3)
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_jsonl_field_that_is_let_through_holds_no_control_character(
    tmp_path_factory: pytest.TempPathFactory, fields: dict[str, object]
) -> None:
    path = write(
        tmp_path_factory.mktemp("list"), "list.jsonl", json.dumps(fields | {"email": "a@b.c"}) + "\n"
    )
    good, bad = read(path, "name")
    assert len(good) + len(bad) == 1
    for row in good:
        text = json.dumps(FieldsFormat("json").unpack(row[1], row[4]), ensure_ascii=False).encode().decode()
        assert not any(ord(character) < 32 or character == "\x7f" for character in text)
        assert "\\n" not in text.replace("\\\\", "")
