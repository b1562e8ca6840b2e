"""texthash: what a line may be, faults, and the quick way against the careful one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.errors import TableError
from fastsmtp.lookup.opening import open_strictly, open_table
from fastsmtp.lookup.table import Opening
from fastsmtp.lookup.texthash import carefully, quickly


def opened(tmp_path: Path, data: bytes, kind: str = "texthash") -> tuple[list[str | None], list[str]]:
    """The answers for a, b and c, and the warnings."""
    (tmp_path / "t").write_bytes(data)
    warnings: list[str] = []
    table = open_strictly(f"{kind}:{tmp_path}/t", warnings.append)
    return [table.get(key) for key in "abc"], [text.replace(f"{tmp_path}/", "") for text in warnings]


def test_key_ends_at_the_first_blank_and_is_folded(tmp_path: Path) -> None:
    assert opened(tmp_path, b"A 1 2 \nb\t3\n# c\nc  4\r\n") == (["1 2", "3", "4"], [])


def test_faulty_lines_are_passed_over_with_file_and_line(tmp_path: Path) -> None:
    answers, warnings = opened(tmp_path, b'  x\na 1\n\nb\n"c 2\nc \xff\n')
    assert answers == ["1", None, None]
    assert warnings == [
        "t, line 1: a logical line must not start with a blank: ignoring this line",
        "t, line 4: expected key, blank, value: ignoring this line",
        "t, line 5: a double quote is never closed: ignoring this line",
        "t, line 6: the line is not UTF-8: ignoring this line",
    ]


def test_key_with_a_colon_looks_like_an_alias_file(tmp_path: Path) -> None:
    assert 'the key "a:" ends in ":"' in opened(tmp_path, b"a: 1\n")[1][0]


def test_duplicate_makes_the_table_unusable_and_names_file_line_and_key(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("a 1\nb 2\n\nA 3\n")
    warnings: list[str] = []
    table = open_table(f"texthash:{tmp_path}/t", warnings.append)
    assert warnings[0].endswith('t, line 4: duplicate entry: "a"')
    with pytest.raises(TableError, match='line 4: duplicate entry: "a"'):
        table.get("b")


def test_first_of_equal_keys_counts_in_an_index(tmp_path: Path) -> None:
    answers, warnings = opened(tmp_path, b"a 1\nb 2\na 3\n", "hash")
    assert answers == ["1", "2", None]
    assert warnings == ['t, line 3: duplicate entry: "a": the first one counts']


LINES = st.lists(
    st.text(st.sampled_from('ab# \t\\"\r\x1c:\xfc\xa0\u2028\u212a')).map(lambda line: line.encode()),
    max_size=6,
)


@given(LINES, st.booleans())
def test_quick_way_gives_what_the_careful_one_gives_or_gives_up(lines: list[bytes], fold: bool) -> None:
    data = b"\n".join(lines)
    quick = quickly(data, fold_keys=fold)
    if quick is None:
        return
    opening = Opening(fold, pytest.fail, lambda text: open_strictly(text, print))
    assert quick == carefully(data, Path("t"), opening, first_counts=False)
