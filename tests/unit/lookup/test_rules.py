"""regexp, pcre and cidr: rules that cannot be read, and what only we refuse (matches: postmap's test)."""

from pathlib import Path

import pytest

from fastsmtp.errors import TableError
from fastsmtp.lookup.opening import open_strictly


def faults(tmp_path: Path, kind: str, text: str) -> list[str]:
    (tmp_path / "t").write_text(text)
    warnings: list[str] = []
    open_strictly(f"{kind}:{tmp_path}/t", warnings.append)
    return [text.split(", ", 1)[1].removesuffix(": skipping this rule") for text in warnings]


@pytest.mark.parametrize("kind", ["regexp", "pcre"])
def test_rule_that_cannot_be_read_is_named_by_line(tmp_path: Path, kind: str) -> None:
    text = "/a/\n\nabc x\n/a x\n/a/q x\n/a/ $1\n/(a)/ $b\n/a/ x$\n!/(a)/ $1\nendif\nif /a/\n"
    assert faults(tmp_path, kind, text) == [
        "line 1: no result after the pattern",
        'line 3: expected a pattern between "/" and "/" instead of "abc x"',
        'line 4: no closing "/"',
        'line 5: unknown option "q"',
        "line 6: $1 in the result, but the pattern has 0 groups",
        'line 7: "$b..." in the result is no group number (write "$$" for a dollar sign)',
        'line 8: "$..." in the result is no group number (write "$$" for a dollar sign)',
        "line 9: $number in the result of a negated pattern",
        "line 10: endif without if",
        "line 11: if without endif",
    ]


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "a\\", "[a", "[[:x:]]", "[[.ab.]]", "*a", "a|+b", "a{", "a{x}", "a{2,1}", "\\3"],
)
def test_pattern_that_is_none_is_refused_by_regexp(tmp_path: Path, pattern: str) -> None:
    found = faults(tmp_path, "regexp", f"|{pattern}| x\n" if "|" not in pattern else f"/{pattern}/ x\n")
    assert len(found) == 1


@pytest.mark.parametrize("pattern", ["a\\Kb", "(?R)", "(*FAIL)", "\\p{L}", "(?|a)", "[[:^alpha:]]"])
def test_what_only_perl_has_makes_the_table_unusable(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "t").write_text(f"/{pattern}/ x\n")
    with pytest.raises(TableError, match="is not supported"):
        open_strictly(f"pcre:{tmp_path}/t", print)


def test_ungreedy_option_makes_the_table_unusable(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("/a/U x\n")
    with pytest.raises(TableError, match='"U" in "/a/" is not supported'):
        open_strictly(f"pcre:{tmp_path}/t", print)


def test_cidr_rule_with_host_bits_comes_with_advice(tmp_path: Path) -> None:
    assert faults(tmp_path, "cidr", "10.1.2.3/8 x\ndb8::1/16 y\n1.2.3.4/x z\n1.2.3.4\n") == [
        'line 1: non-null host address bits in "10.1.2.3/8", perhaps you should use "10.0.0.0/8" instead',
        'line 2: non-null host address bits in "db8::1/16", perhaps you should use "db8::/16" instead',
        'line 3: bad mask length in "1.2.3.4/x"',
        "line 4: no result after the pattern",
    ]


@pytest.mark.parametrize("name", ["{ {a b}", "{ a }"])
def test_inline_rules_stand_in_braces(name: str) -> None:
    with pytest.raises(TableError):
        open_strictly(f"regexp:{name}", print)
