"""Tables that a run keeps are followed."""

import os

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.lookup.followed import LOOK_INTERVAL
from fastsmtp.worker import following

DEBUG, PIX = "debug_peer_list", "smtp_pix_workaround_maps"


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def tick():
        now[0] += LOOK_INTERVAL

    return tick


def write(path, text, at):
    path.write_text(text)
    os.utime(path, (at, at))


def test_changed_table_of_a_parameter_counts(tmp_path, clock):
    write(tmp_path / "table", "k old\n", 1)
    tables = following.maps(PIX, (f"texthash:{tmp_path}/table",), pytest.fail)
    assert tables.now.find("k") == "old"
    write(tmp_path / "table", "k new\n", 2)
    assert tables.now.find("k") == "old"
    clock()
    assert tables.now.find("k") == "new"
    assert not tables.look()
    write(tmp_path / "table", "k last\n", 3)
    clock()
    assert tables.look()
    assert tables.now.find("k") == "last"


def test_changed_pattern_list_of_a_parameter_counts(tmp_path, clock):
    write(tmp_path / "list", "a.example\n", 1)
    parents = Settings({}).words("parent_domain_matches_subdomains")
    listed = following.patterns(DEBUG, (f"{tmp_path}/list",), pytest.fail, parents=parents)
    assert listed.now.match_host("mx.a.example")
    write(tmp_path / "list", "b.example\n", 2)
    clock()
    assert listed.look()
    assert not listed.now.match_host("mx.a.example")
    assert listed.now.match_host("mx.b.example")


def test_bare_domain_stands_for_its_hosts_as_the_settings_say():
    assert not following.patterns(DEBUG, ("a.example",), pytest.fail).now.match_host("mx.a.example")


def test_table_that_cannot_be_opened_is_told_of():
    told = []
    following.maps(PIX, ("texthash:/no/such/file",), told.append)
    assert "texthash:/no/such/file is unavailable: open /no/such/file: No such file" in told[0]
