"""Pattern lists: what applies, in which order, and what cannot be read."""

from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import TableError
from fastsmtp.lookup.pattern_list import FILE_DEPTH_LIMIT, PatternList, parent_domains, parent_style


def patterns(*words: str, parents: bool = False) -> PatternList:
    return PatternList.open("debug_peer_list", words, pytest.fail, parents=parents)


def test_exclusions_alone_match_nothing() -> None:
    assert not patterns("!a").match_text("b")
    rest = patterns("!a", "static:all")
    assert rest.match_text("b")
    assert not rest.match_text("a")


def test_first_element_that_applies_decides() -> None:
    assert patterns("a", "!a").match_text("a")
    assert not patterns("!a", "a").match_text("a")
    assert patterns("!!a").match_text("A")
    assert not patterns("!!!a", "a").match_text("a")


def test_text_is_compared_whole_and_without_case() -> None:
    destinations = patterns("Example.COM", "inline:{other.example=x}")
    assert destinations.match_text("example.com")
    assert destinations.match_text("OTHER.example")
    assert not destinations.match_text("mx.example.com")
    assert not destinations.match_text("mx.other.example")


@pytest.mark.parametrize(
    ("pattern", "parents", "name", "applies"),
    [
        ("example.com", True, "example.com", True),
        ("example.com", True, "mx.Example.com", True),
        ("example.com", True, "badexample.com", False),
        (".example.com", True, "mx.example.com", False),
        ("example.com", False, "mx.example.com", False),
        (".example.com", False, "mx.example.com", True),
        (".example.com", False, "example.com", False),
        ("inline:{b.c=1}", True, "a.b.c", True),
        ("inline:{b.c=1}", False, "a.b.c", False),
        ("inline:{.b.c=1}", False, "a.b.c", True),
        ("inline:{.c=1}", False, "a.b.c", True),
        ("inline:{c=1}", True, "a.b.c", True),
        ("regexp:{ {/^b/ x} }", True, "a.b.c", False),
        ("regexp:{ {/^A/ x} }", True, "a.b.c", True),
    ],
)
def test_host_matches_by_the_style_of_the_list(pattern: str, parents: bool, name: str, applies: bool) -> None:
    assert patterns(pattern, parents=parents).match_host(name) is applies


def test_style_follows_parent_domain_matches_subdomains() -> None:
    words = Settings({}).words("parent_domain_matches_subdomains")
    assert parent_style(words, "debug_peer_list")
    assert not parent_style([word for word in words if word != "debug_peer_list"], "debug_peer_list")


@pytest.mark.parametrize(
    ("pattern", "address", "applies"),
    [
        ("[2001:db8::]/32", "2001:DB8:0::1", True),
        ("[2001:db8::/32]", "2001:db9::1", False),
        ("[::1]", "0:0::1", True),
        ("10.0.0.0/8", "10.9.8.7", True),
        ("10.0.0.0/8", "11.9.8.7", False),
        ("10.0.0.0/8", "::ffff:10.1.1.1", False),
        ("[127.0.0.1]", "127.0.0.1", True),
        ("0.0.0.0/0", "::1", False),
        ("cafe", "10.0.0.1", False),
        ("static:all", "mx.example", False),
        ("cidr:{ {10.0.0.0/8 x} }", "10.1.1.1", True),
        ("inline:{127.0.0.1=x}", "127.0.0.1", True),
    ],
)
def test_address_matches_networks_of_its_family(pattern: str, address: str, applies: bool) -> None:
    assert patterns(pattern).match_address(address) is applies


def test_peer_is_tried_by_name_then_address_for_each_element() -> None:
    peers = patterns("!192.0.2.1", "example.com", "192.0.2.0/24", parents=True)
    assert not peers.match_peer("mx.example.com", "192.0.2.1")
    assert peers.match_peer("mx.example.com", "198.51.100.1")
    assert peers.match_peer("other.example", "192.0.2.2")
    assert not peers.match_peer("other.example", "198.51.100.1")


def test_network_with_host_bits_is_reported_and_breaks_the_match() -> None:
    warnings: list[str] = []
    peers = PatternList.open("debug_peer_list", ["a", "10.1.2.3/8"], warnings.append)
    assert 'perhaps you should use "10.0.0.0/8" instead' in warnings[0]
    assert peers.match_text("a")
    with pytest.raises(TableError, match=r"10\.0\.0\.0/8"):
        peers.match_address("10.1.2.3")


def test_file_stands_for_its_elements(tmp_path: Path) -> None:
    (tmp_path / "inner").write_text("c\n")
    (tmp_path / "list").write_text(f"# hosts\na, !b\n {tmp_path}/inner\nstatic:all\n")
    plain = patterns(f"{tmp_path}/list")
    assert [plain.match_text(text) for text in "abcd"] == [True, False, True, True]
    assert len(plain.files) == 2
    negated = patterns(f"!{tmp_path}/list")
    assert [negated.match_text(text) for text in "abcd"] == [False, True, False, False]


def test_file_that_cannot_be_read_is_an_error_even_negated() -> None:
    for word in ("/no/such/file", "!/no/such/file"):
        warnings: list[str] = []
        broken = PatternList.open("relay_domains", ["a", word, "b"], warnings.append)
        assert warnings == ["relay_domains: open /no/such/file: No such file or directory"]
        assert broken.match_text("a")
        with pytest.raises(TableError, match="relay_domains: open /no/such/file"):
            broken.match_host("b")


def test_nothing_after_the_mark_of_exclusion_is_an_error() -> None:
    told: list[str] = []
    broken = PatternList.open("relay_domains", ["a", "!", "b"], told.append)
    assert told == ['relay_domains: expected a pattern after "!"']
    assert broken.match_text("a")
    with pytest.raises(TableError, match='expected a pattern after "!"'):
        broken.match_text("b")


def test_table_is_not_asked_for_what_is_no_address() -> None:
    assert not patterns("static:all").match_address("mx.example")
    assert not patterns("fail:x").match_address("mx.example")
    with pytest.raises(TableError, match="always fails"):
        patterns("fail:x").match_address("10.0.0.1")


def test_file_that_names_itself_comes_to_an_end(tmp_path: Path) -> None:
    (tmp_path / "list").write_text(f"a {tmp_path}/list\n")
    warnings: list[str] = []
    endless = PatternList.open("relay_domains", [f"{tmp_path}/list"], warnings.append)
    assert endless.match_text("a")
    assert str(FILE_DEPTH_LIMIT) in warnings[0]
    with pytest.raises(TableError):
        endless.match_text("b")


def test_failing_table_stops_the_search() -> None:
    failing = patterns("a", "fail:x", "b")
    assert failing.match_text("a")
    with pytest.raises(TableError):
        failing.match_text("b")


def test_parent_domains_come_with_and_without_dots() -> None:
    assert list(parent_domains("a.b.c", bare=False)) == [".b.c", ".c"]
    assert list(parent_domains("a.b.c", bare=True)) == ["b.c", "c"]
    assert list(parent_domains("c", bare=True)) == []


def test_empty_list_is_false() -> None:
    assert not patterns()
    assert not patterns().match_text("a")
    assert patterns("a")
