"""The text of main.cf: lines, entries, lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.conf.maincf import Entry, entry, logical_lines, override, parse
from fastsmtp.errors import SettingError


def test_continuation_skips_comments_and_empty_lines() -> None:
    text = "a = 1\n  # indented comment\n  2\n\n# comment\n\t3\nb = 4"
    assert list(logical_lines(text)) == [(1, "a = 1  2\t3"), (7, "b = 4")]


def test_line_numbers_are_those_of_the_first_physical_line() -> None:
    entries, _ = parse("# head\n\na = 1\n b\nc = 2\n", "main.cf")
    assert entries == [Entry("a", "1 b", "main.cf:3"), Entry("c", "2", "main.cf:5")]


def test_indented_first_line_is_ignored_with_its_continuations() -> None:
    entries, warnings = parse("  a = 1\n  b\nc = 2\n", "main.cf")
    assert [found.name for found in entries] == ["c"]
    assert warnings == ['main.cf:1: a logical line must not start with a blank: ignored: "a = 1  b"']


def test_later_entry_wins_and_one_warning_names_the_earlier_value() -> None:
    entries, warnings = parse("a = 1\nb = x\na = 2\nb = x\n", "f")
    assert {found.name: found.value for found in entries} == {"a": "2", "b": "x"}
    assert warnings == ["f:3: overriding earlier entry: a=1 (f:1)"]


def test_every_faulty_line_is_reported_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        parse("x\na = 1\n= y\nb c = 1\n", "f")
    assert [problem.split(":")[1] for problem in caught.value.problems] == ["1", "3", "4"]
    assert "missing '='" in caught.value.problems[0]
    assert "missing name" in caught.value.problems[1]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("b=x=y = z", "b", "x=y = z"),
        ("name =", "name", ""),
        (" a\t=  1 \t", "a", "1"),
        ("a = # not a comment", "a", "# not a comment"),
        ("a = 1\r", "a", "1"),
        ("a = \u00a0x\u00a0", "a", "\u00a0x\u00a0"),
    ],
)
def test_only_the_first_equals_sign_separates(text: str, name: str, value: str) -> None:
    assert entry(text, "f:1") == Entry(name, value, "f:1")


def test_line_ends_at_lf_alone() -> None:
    entries, _ = parse("a = 1\u2028b = 2\x0cc = 3\r\nd = 4\r\n", "f")
    assert [(found.name, found.value) for found in entries] == [("a", "1\u2028b = 2\x0cc = 3"), ("d", "4")]


def test_nul_byte_ends_the_line_with_a_warning() -> None:
    entries, warnings = parse("a = 1\0 2\n", "f")
    assert entries == [Entry("a", "1", "f:1")]
    assert "NUL" in warnings[0]


def test_empty_text_is_valid() -> None:
    assert parse("", "f") == ([], [])


def test_override_in_braces_keeps_inner_blanks() -> None:
    assert override("{ a =  b c }") == Entry("a", "b c", "-o")
    assert override("a=b c") == Entry("a", "b c", "-o")
    with pytest.raises(SettingError, match="-o: missing '='"):
        override("a")


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        entries, _ = parse(text, "f")
    except SettingError:
        return
    assert all(found.name and not set(found.name) & set(" \t\r\n\v\f=") for found in entries)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_0-9]{1,9}", fullmatch=True), st.from_regex(r"[!-~]{0,9}", fullmatch=True)
    )
)
def test_printed_entries_read_back_the_same(values: dict[str, str]) -> None:
    text = "".join(f"{name} = {value}\n" for name, value in values.items())
    entries, warnings = parse(text, "f")
    assert {found.name: found.value for found in entries} == values
    assert not warnings
