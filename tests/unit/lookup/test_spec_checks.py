"""The acceptance checks of the specification of settings and tables, 11 to 20, each by its number."""

from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import TableError
from fastsmtp.lookup.keys import email_keys, find, transport_keys
from fastsmtp.lookup.maps import Maps
from fastsmtp.lookup.opening import open_strictly
from fastsmtp.lookup.pattern_list import PatternList, parent_style
from fastsmtp.lookup.table import Table
from tests.support.world import Seen, World


def patterns(*words: str, warn=pytest.fail, parents: bool = False) -> PatternList:
    return PatternList.open("debug_peer_list", words, warn, parents=parents)


def delivered(*tables: str) -> Seen:
    """A run that needs smtp_generic_maps for its recipient."""
    return World().run(["r@x.example"], smtp_generic_maps=", ".join(tables))


class Listening(Table):
    """Finds nothing, and remembers what it was asked."""

    def __init__(self, *, fixed: bool) -> None:
        super().__init__("listening:", fixed=fixed)
        self.asked: list[str] = []

    def get(self, key: str) -> str | None:
        self.asked.append(key)
        return None


def test_check_11_exclusion_needs_something_behind_it_that_applies() -> None:
    assert patterns("!a", "static:all").match_text("b")
    assert not patterns("!a", "static:all").match_text("a")
    assert not any(patterns("!a").match_text(text) for text in "ab")


def test_check_12_list_whose_file_cannot_be_read_is_an_error() -> None:
    told: list[str] = []
    broken = patterns("/no/such/file", warn=told.append)
    assert "open /no/such/file: No such file or directory" in told[0]
    for match in (broken.match_text, broken.match_host, broken.match_address):
        with pytest.raises(TableError, match="debug_peer_list: open /no/such/file"):
            match("10.0.0.1")


def test_check_13_domain_stands_for_its_hosts_where_the_parameter_is_named() -> None:
    default = Settings({}).words("parent_domain_matches_subdomains")
    others = [word for word in default if word != "debug_peer_list"]
    for words, bare, dotted in ((default, True, False), (others, False, True)):
        parents = parent_style(words, "debug_peer_list")
        assert patterns("example.com", parents=parents).match_host("mx.example.com") is bare
        assert patterns(".example.com", parents=parents).match_host("mx.example.com") is dotted


def test_check_14_networks_match_in_any_spelling_and_must_end_in_zeros() -> None:
    assert patterns("[2001:db8::]/32").match_address("2001:DB8:0::1")
    told: list[str] = []
    patterns("10.1.2.3/8", warn=told.append)
    assert 'perhaps you should use "10.0.0.0/8" instead' in told[0]


def test_check_15_duplicate_key_defers_what_needs_the_table_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("other@x.example y@z\ns@x.example t@z\nOTHER@x.example y@z\n")
    seen = delivered(f"texthash:{path}")
    assert seen.status() == "deferred 4.3.0"
    complaint = f'{path}, line 3: duplicate entry: "other@x.example"'
    assert complaint in seen.outcomes["r@x.example"].reply
    assert complaint in seen.log


def test_check_16_empty_result_defers() -> None:
    seen = delivered("inline:{ r@x.example= }")
    assert seen.status() == "deferred 4.3.0"
    assert "gives an empty text" in seen.outcomes["r@x.example"].reply


def test_check_17_first_table_decides_and_a_failing_one_before_it_defers() -> None:
    assert delivered("fail:x", "static:y@z.example").status() == "deferred 4.3.0"
    assert delivered("static:y@z.example", "fail:x").status() == "sent 2.0.0"


@pytest.mark.parametrize(
    ("is_local", "keys"),
    [(True, ["u+e@d", "u@d", "u+e", "u", "@d"]), (False, ["u+e@d", "u@d", "@d"])],
)
def test_check_18_address_table_sees_these_keys_and_a_pattern_table_one(
    is_local: bool, keys: list[str]
) -> None:
    fixed, pattern = Listening(fixed=True), Listening(fixed=False)
    assert find(Maps("p", [fixed, pattern]), email_keys("u+e@d", "+", lambda domain: is_local)) is None
    assert fixed.asked == keys
    assert pattern.asked == ["u+e@d"]


def test_check_19_transport_maps_sees_the_address_its_domain_and_those_above() -> None:
    fixed = Listening(fixed=True)
    find(Maps("transport_maps", [fixed]), transport_keys("u@a.b.c", "+", bare=False))
    assert fixed.asked == ["u@a.b.c", "a.b.c", ".b.c", ".c", "*"]


def test_check_20_case_matters_to_a_pattern_with_flag_i_alone(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("KEY found\n")
    assert open_strictly(f"texthash:{tmp_path}/table", pytest.fail).get("key") == "found"
    rules = open_strictly("regexp:{ {/^KEY$/i exact}, {/^other$/ any} }", pytest.fail)
    assert [rules.get(key) for key in ("KEY", "key", "OTHER")] == ["exact", None, "any"]
