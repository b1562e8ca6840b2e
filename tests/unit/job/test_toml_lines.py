"""Lines of keys and of syntax errors."""

import tomllib

import pytest

from fastsmtp.job.toml_lines import error_line, key_lines, line_of


def test_lines_of_keys_are_found() -> None:
    text = 'a = """\nb = 1\n"""\nb = \'\'\'x\'\'\'\n# c = 1\n"c d" = 1\n[settings]\n  e.f=1\n[[ x . y ]]\n'
    assert key_lines(text) == {
        ("a",): 1,
        ("b",): 4,
        ("c d",): 6,
        ("settings",): 7,
        ("settings", "e"): 8,
        ("settings", "e", "f"): 8,
        ("x", "y"): 9,
    }


def test_key_without_a_line_has_that_of_what_it_stands_in() -> None:
    lines = key_lines("a = 1\nsettings = { b = 1 }\n")
    assert line_of(lines, ("settings", "b")) == 2
    assert line_of(lines, ("c",)) == 1


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2), ("\na = [1,", 2), ("a", 1)]
)
def test_line_of_a_syntax_error(text: str, line: int) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    found, reason = error_line(caught.value, text)
    assert found == line
    assert "at line" not in reason
