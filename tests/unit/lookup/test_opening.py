"""Opening tables: what a reference may be, what a faulty one becomes, when a file is read again."""

import os
from pathlib import Path

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup.opening import TYPES, open_strictly, open_table
from fastsmtp.lookup.table import Surrogate, changed


def opened(reference: str, *, fold: bool = True) -> tuple[object, list[str]]:
    warnings: list[str] = []
    return open_table(reference, warnings.append, fold=fold), warnings


@pytest.mark.parametrize(
    "reference", ["x", "static:", ":x", "nope:x", "texthash:/no/such/file", "inline:{ a = b }"]
)
def test_table_that_cannot_be_opened_fails_every_question(reference: str) -> None:
    table, warnings = opened(reference)
    assert isinstance(table, Surrogate)
    assert len(warnings) == 1
    assert warnings[0].startswith(f"{reference} is unavailable: ")
    with pytest.raises(TableError, match=r".+: .+"):
        table.get("key")


def test_proxy_names_the_table_behind_it() -> None:
    assert open_strictly("proxy:proxy:static:a", print).get("x") == "a"


def test_every_type_opens_or_says_why() -> None:
    for kind in TYPES:
        table, _ = opened(f"{kind}:{{}}")
        assert table


def test_keys_are_folded_on_request_alone() -> None:
    reference = "inline:{ Ab=1, M\u00dcLLER=2 }"
    folded = open_strictly(reference, print)
    exact = open_strictly(reference, print, fold=False)
    assert [folded.get(key) for key in ("ab", "AB", "m\u00fcller")] == ["1", "1", "2"]
    assert [exact.get(key) for key in ("ab", "Ab")] == [None, "1"]


def test_change_of_any_file_behind_a_table_is_seen(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a 1\n")
    two.write_text("/a/ 2\n")
    table = open_strictly(f"unionmap:{{texthash:{one}, pipemap:{{regexp:{two}}}}}", print)
    assert table.get("a") == "1,2"
    assert not changed(table)
    os.utime(two, ns=(1, 1))
    assert changed(table)
    two.unlink()
    assert changed(table)


def test_combined_tables_take_parts_of_an_address_only_if_all_within_do() -> None:
    assert open_strictly("unionmap:{static:a, inline:{b=c}}", print).fixed
    assert not open_strictly("pipemap:{static:a, randmap:{b}}", print).fixed
    assert not open_strictly("regexp:{ {/a/ b} }", print).fixed


def test_random_texts_all_come() -> None:
    table = open_strictly("randmap:{a, b}", print)
    assert {table.get("x") for _ in range(100)} == {"a", "b"}


def test_every_type_is_in_the_manual() -> None:
    page = (Path(__file__).parents[3] / "docs" / "tables.md").read_text()
    assert all(f"`{kind}`" in page for kind in TYPES)
