"""Lists in one text."""

import pytest

from fastsmtp.conf.lists import comment, split_words, veil


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        (" , ,", ()),
        ("a,b c\td\r\ne", ("a", "b", "c", "d", "e")),
        ("inline:{ {a b} = c } x", ("inline:{ {a b} = c }", "x")),
        ("{a, b} c", ("{a, b}", "c")),
        ("[a,b]", ("[a", "b]")),
        ("a} b", ("a}", "b")),
        ("{a b", ("{a b",)),
        ("a\u00a0b", ("a\u00a0b",)),
    ],
)
def test_split_words_separates_outside_braces(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hash:/a, static:user:secret", "hash:/a, static:..."),
        ("inline:{ {a b = secret} } $x", "inline:{...} $x"),
        ("unionmap:{static:secret, hash:/a}", "unionmap:{...}"),
        ("${a?{x}:{y}}", "${a?{x}:{y}}"),
        ("[mx.example]:587", "[mx.example]:587"),
    ],
)
def test_veil_hides_what_stands_in_the_name_of_a_table(text: str, shown: str) -> None:
    assert veil(text) == shown


@pytest.mark.parametrize(
    ("text", "words", "rest"),
    [
        ("a b # c, d", ("a", "b"), "# c, d"),
        ("a,#b", ("a",), "#b"),
        ("# all", (), "# all"),
        ("a#b c", ("a#b", "c"), ""),
        ("inline:{ # = x } b", ("inline:{ # = x }", "b"), ""),
        ("{a #b} #c", ("{a #b}",), "#c"),
    ],
)
def test_element_that_begins_with_a_hash_ends_the_list(text: str, words: tuple[str, ...], rest: str) -> None:
    assert split_words(text) == words
    assert comment(text) == rest
