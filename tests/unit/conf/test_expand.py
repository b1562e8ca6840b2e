"""`$name` in values: every form, every fault, and the depth at which it stops."""

import pytest

from fastsmtp.conf.expand import ExpansionError, expand, references

NAMES = {"a": "1", "empty": "", "hollow": "$nope", "x": "$a$a", "host": "h.example", "both": "$x/$host"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("$a", "1"),
        ("${a}|$(a)|${ a }", "1|1|1"),
        ("$both.", "11/h.example."),
        ("$nope|", "|"),
        ("a$$b $$a $$$a", "a$b $a $1"),
        ("${nope?x}y", "y"),
        ("${nope:x}y", "xy"),
        ("${a?a:b}", "a:b"),
        ("${a?{a}:{b}}", "a"),
        ("${nope?{a}:{b}}", "b"),
        ("${nope?{a} : b}", " b"),
        ("${ a ? { x } : {y} }", " x "),
        ("|${a? x}|", "| x|"),
        ("${a?$both}", "11/h.example"),
        ("${a?{${a?{in{n}er}}}}", "in{n}er"),
        ("${empty?x}${empty:y}", "y"),
        ("${hollow?x}", "x"),
        ("${a?x}y}", "xy}"),
        ("${a?{}:{b}}", ""),
        ("${nope?{x}:}", ""),
        ("{$a}", "{1}"),
        ("$a-b $a.b", "1-b 1.b"),
        ("${{10} > {9}?{n}:{s}}", "n"),
        ("${{10} > {9a}?{n}:{s}}", "s"),
        ("${{01} == {1}}", "true"),
        ("${{ 1 } == {1}}", ""),
        ("${{$a} == {1}?{x}:{y}}", "x"),
        ("${{a}!={a}:b}", "b"),
        ("${{a} <= {b}} ${{a} >= {b}} ${{b} < {a}}", "true  "),
        ("${{3.6} <level {3.10}?{old}:{new}}", "old"),
        ("${{3.6} < {3.10}?{old}:{new}}", "new"),
        ("${{3} ==level {3.0.0}}", "true"),
        ("é$a", "é1"),
        ("${a?{x}:{$}}", "x"),
    ],
)
def test_form_gives_its_text(text: str, expected: str) -> None:
    assert expand(text, NAMES.get) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("$", "no name after"),
        ("a$ b", "no name after"),
        ("$é", "no name after"),
        ("${}", "no name after"),
        ("${a", "never closed"),
        ("$(a}", "never closed"),
        ("${a-b}", "a name is made of"),
        ("${a b}", "a name is made of"),
        ("${a?{x}y}", 'expected ":"'),
        ("${a:{x}:{y}}", "unexpected"),
        ("${a:{x}y}", "unexpected"),
        ("${a?{x}:{y}z}", "unexpected"),
        ("${{1} ~ {2}}", "expected =="),
        ("${{1}}", "expected =="),
        ("${{1} === {2}}", 'expected "{"'),
        ("${{1} == 2}", 'expected "{"'),
        ("${{1} == {2}x}", 'expected "?"'),
        ("${{3.6} <level {x}}", "not a compatibility level"),
        ("${a?$}", "no name after"),
    ],
)
def test_fault_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ExpansionError, match=complaint.replace("?", r"\?")):
        expand(text, NAMES.get)


def test_reference_to_itself_is_a_nesting_error() -> None:
    with pytest.raises(ExpansionError, match="nested deeper than 100 levels"):
        expand("$a", {"a": "$a"}.get)


@pytest.mark.parametrize(("length", "fits"), [(100, True), (101, False)])
def test_chain_of_100_names_is_the_longest(length: int, fits: bool) -> None:
    names = {f"a{number}": f"$a{number + 1}" for number in range(1, length)} | {f"a{length}": "end"}
    if fits:
        assert expand("$a1", names.get) == "end"
    else:
        with pytest.raises(ExpansionError):
            expand("$a1", names.get)


def test_references_finds_every_name_and_stumbles_over_nothing() -> None:
    assert references("$a ${b?{$c}:{$(d)}} $$e ${{$f} == {x}?$g} $- ${ h }") == set("abcdfgh")
