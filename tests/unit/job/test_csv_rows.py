"""Rows of .csv lists: good ones, bad ones with line and reason, and headers that end a job."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastsmtp.errors import JobError
from fastsmtp.job import blocks, rows
from tests.support.lists import Rows, read, write


def read_csv(folder: Path, content: str | bytes, *needed: str) -> Rows:
    return read(write(folder, "list.csv", content), *needed)


def test_csv_rows_carry_line_address_domain_key_and_fields(tmp_path: Path) -> None:
    good, bad = read_csv(
        tmp_path, "email,name,city\nAnn@Example.org,Zoë,Köln\nbob@example.com,Bob,\n", "name", "city"
    )
    assert good == [
        (2, "Ann@Example.org", "example.org", "ann@example.org", "Zoë\x1fKöln"),
        (3, "bob@example.com", "example.com", "bob@example.com", "Bob\x1f"),
    ]
    assert bad == []


def test_csv_packs_only_what_is_needed(tmp_path: Path) -> None:
    content = "city,email,name\nKöln,a@b.c,Ann\n"
    assert read_csv(tmp_path, content)[0][0][4] == ""
    assert read_csv(tmp_path, content, "name")[0][0][4] == "Ann"
    assert read_csv(tmp_path, content, "email")[0][0][4] == ""
    assert read_csv(tmp_path, content, "name", "city")[0][0][4] == "Köln\x1fAnn"


@pytest.mark.parametrize("quote", ["", '"'])
def test_csv_header_and_fields_may_be_quoted(tmp_path: Path, quote: str) -> None:
    q = quote
    good, bad = read_csv(tmp_path, f"{q}EMail{q},{q}name{q}\n{q}a@b.c{q},{q}Ann{q}\n", "name")
    assert good == [(2, "a@b.c", "b.c", "a@b.c", "Ann")]
    assert bad == []


def test_csv_quoted_comma_and_quote_belong_to_the_field(tmp_path: Path) -> None:
    good, _ = read_csv(tmp_path, 'email,name\na@b.c,"Doe, ""J"""\n', "name")
    assert good[0][4] == 'Doe, "J"'


def test_csv_blank_lines_count_but_are_no_rows(tmp_path: Path) -> None:
    good, bad = read_csv(tmp_path, "\n \nemail\n\n  \na@b.c\n\n")
    assert [row[:2] for row in good] == [(6, "a@b.c")]
    assert bad == []


def test_csv_fields_of_several_lines_are_rejected_and_counted(tmp_path: Path) -> None:
    good, bad = read_csv(tmp_path, 'email,name\na@b.c,"one\ntwo\r\nthree"\nd@e.f,Bob\n', "name")
    assert [row[:2] for row in good] == [(5, "d@e.f")]
    assert bad == [(2, "a@b.c", "control character in `name`")]


def test_csv_header_of_several_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="control character in `column 2`"):
        read_csv(tmp_path, 'email,"na\nme"\na@b.c,Ann\n')


def test_csv_rows_of_another_width_are_rejected(tmp_path: Path) -> None:
    good, bad = read_csv(tmp_path, "email,name\na@b.c\nd@e.f,Bob\ng@h.i,Eve,x\n")
    assert [row[0] for row in good] == [3]
    assert bad == [(2, "a@b.c", "1 fields; the header has 2"), (4, "g@h.i", "3 fields; the header has 2")]


def test_csv_short_row_before_a_long_one_does_not_shift_fields(tmp_path: Path) -> None:
    good, bad = read_csv(tmp_path, "email,name\na@b.c\nBob,d@e.f,x\ng@h.i,Eve\n", "name")
    assert [(row[0], row[1], row[4]) for row in good] == [(4, "g@h.i", "Eve")]
    assert [row[0] for row in bad] == [2, 3]


@pytest.mark.parametrize("control", ["\0", "\x01", "\x08", "\r", "\x1b", "\x1f", "\x7f"])
@pytest.mark.parametrize("needed", [("name",), ()])
def test_csv_control_characters_are_rejected_in_any_field(
    tmp_path: Path, control: str, needed: tuple[str, ...]
) -> None:
    content = f"email,name,city\na@b.c,x{control}y,Rome\nd@e.f,Bob,Rome\ng{control}@h.i,Eve,Rome\n"
    good, bad = read_csv(tmp_path, content, *needed)
    assert [row[0] for row in good] == [3]
    if control == "\r":  # outside of quotes, where csv knows it as a line's end
        assert [row[0] for row in bad] == [2, 4]
    else:
        assert [(row[0], row[2]) for row in bad] == [
            (2, "control character in `name`"),
            (4, "control character in `email`"),
        ]
    assert all(text.isprintable() for row in bad for text in row[1:])


def test_csv_tab_is_no_control_character(tmp_path: Path) -> None:
    assert read_csv(tmp_path, "email,name\na@b.c,x\ty\n", "name")[0][0][4] == "x\ty"


def test_csv_octets_that_are_not_utf8_reject_their_row_alone(tmp_path: Path) -> None:
    content = "email,name\na@b.c,Ann\nd@e.f,Zo\xeb\n\xeb@h.i,Eve\nj@k.l,Zoë\n".encode("latin-1")
    content = content[: content.rindex(b"Zo")] + "Zoë\n".encode()
    good, bad = read_csv(tmp_path, content, "name")
    assert [(row[0], row[4]) for row in good] == [(2, "Ann"), (5, "Zoë")]
    assert bad == [(3, "d@e.f", "`name` is not UTF-8"), (4, "\ufffd@h.i", "`email` is not UTF-8")]


def test_csv_bad_addresses_are_rejected_with_their_reason(tmp_path: Path) -> None:
    good, bad = read_csv(
        tmp_path, "email,name\n a@b.c ,Ann\n,Bob\nzoë@b.c,Zoë\nx,Eve\na@bücher.example,Max\n"
    )
    assert [row[:4] for row in good] == [
        (2, "a@b.c", "b.c", "a@b.c"),
        (6, "a@bücher.example", "xn--bcher-kva.example", "a@xn--bcher-kva.example"),
    ]
    assert [row[:2] for row in bad] == [(3, ""), (4, "zoë@b.c"), (5, "x")]
    assert [row[2].split()[0] for row in bad] == ["no", "local", "address"]


def test_csv_one_column_with_an_empty_address_is_a_blank_line(tmp_path: Path) -> None:
    good, bad = read_csv(tmp_path, 'email\na@b.c\n\n""\nd@e.f\n')
    assert [row[0] for row in good] == [2, 5]
    assert bad == []


@pytest.mark.parametrize(
    ("lines", "kept", "broken"),
    [
        (["a@b.c,Ann", 'd@e.f,"Bob', "g@h.i,Eve", "j@k.l,Max"], [2, 4, 5], [3]),
        (["a@b.c,Ann", 'd@e.f,"Bob', 'g@h.i,"Eve"', "j@k.l,Max"], [2, 4, 5], [3]),
        (['a@b.c,"Ann"x', "d@e.f,Bob"], [3], [2]),
        (['a@b.c,"Ann', 'd@e.f,"Bob'], [], [2, 3]),
    ],
)
def test_csv_broken_quotes_cost_one_row(
    tmp_path: Path, lines: list[str], kept: list[int], broken: list[int]
) -> None:
    good, bad = read_csv(tmp_path, "\n".join(["email,name", *lines, ""]))
    assert [row[0] for row in good] == kept
    assert [row[0] for row in bad] == broken
    assert all(row[2].startswith("not CSV: ") for row in bad)


def test_csv_quotes_left_open_cost_one_row_of_a_long_list(tmp_path: Path) -> None:
    lines = ["email,name", *(f"a{number}@b.c,Ann" for number in range(30_000))]
    lines[100] = 'x@y.z,"Ann'
    good, bad = read_csv(tmp_path, "\n".join(lines))
    assert len(good) == 29_999
    assert [row[0] for row in bad] == [101]


def test_csv_record_across_two_blocks_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = (
        "email,name\n"
        + "".join(f'a{n}@b.c,"Ann, {n}"\n' for n in range(50))
        + 'x@y.z,"a\n'
        + "b\n" * 40
        + 'c"\nd@e.f,Bob\n'
    )
    whole = read_csv(tmp_path, content, "name")
    assert len(whole[0]) == 51
    assert whole[1] == [(52, "x@y.z", "control character in `name`")]
    for size in (17, 64, 100):
        monkeypatch.setattr(blocks, "BLOCK_SIZE", size)
        assert read_csv(tmp_path, content, "name") == whole


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", ":1: the list is empty"),
        ("\n\n", ":1: the list is empty"),
        ("name,city\nAnn,Rome\n", ":1: no column `email`; the columns are `name`, `city`"),
        ("\nmail,name\n", ":2: no column `email`; the columns are `mail`, `name` (is `mail` meant?)"),
        ("email;name\n", "separated by commas"),
        ("a@b.c,Ann\n", "is the header row missing?"),
        ("email,name,name\n", ":1: more than one column `name`"),
        ("Email,EMAIL\n", ":1: more than one column `email`"),
        ('email,"name\n', ":1: header row: unexpected end of data"),
        (b"\xff\xfee\0m\0", ":1: text in UTF-16; expected UTF-8"),
    ],
)
def test_csv_without_a_usable_header_ends_the_job(tmp_path: Path, content: str | bytes, fault: str) -> None:
    path = write(tmp_path, "list.csv", content)
    with pytest.raises(JobError) as caught:
        rows.columns(path)
    assert fault in str(caught.value)
    assert str(caught.value).startswith(f"{path}:")


def test_csv_column_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, "list.csv", "email,name,,\na@b.c,Ann,x,\n")
    assert rows.columns(path) == ("email", "name")
    assert read(path, "name")[0] == [(2, "a@b.c", "b.c", "a@b.c", "Ann")]


FIELD = st.text(alphabet=st.sampled_from('aZ09 ,"ë\t'), max_size=8)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 9), FIELD, FIELD), max_size=20), st.integers(5, 80))
def test_csv_written_by_the_standard_library_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[int, str, str]], size: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", "email", "city"])
    writer.writerows([name, f"a{number}@example.org", city] for number, name, city in records)
    path = write(tmp_path_factory.mktemp("list"), "list.csv", out.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_SIZE", size)
        good, bad = read(path, "name", "city")
    assert [(row[0], row[1], row[4]) for row in good] == [
        (line, f"a{number}@example.org", f"{name}\x1f{city}")
        for line, (number, name, city) in enumerate(records, 2)
    ]
    assert bad == []


def test_reason_is_about_the_row_and_not_about_the_csv_module(tmp_path: Path) -> None:
    _, bad = read_csv(tmp_path, b'email,name\na@b.example,x\ry\nc@d.example,"open\n')
    assert [reason for *_, reason in bad] == [
        "not CSV: a line break in a field without quotes",
        "not CSV: quotes that do not end",
    ]
