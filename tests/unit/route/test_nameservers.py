"""resolv.conf (spec: routing, 2.3; resolv.conf(5))."""

import pytest

from fastsmtp.route.nameservers import NameServers, read


@pytest.fixture
def conf(tmp_path):
    def write(text):
        path = tmp_path / "resolv.conf"
        path.write_text(text)
        return read(path)

    return write


def test_servers_search_list_and_options_are_read(conf):
    found = conf(
        "# ours\nnameserver 192.0.2.1\n"
        "nameserver 2001:db8::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.4\n"
        "domain old.example\nsearch Example.COM. b.example\noptions timeout:2 attempts:3 ndots:2 rotate\n"
    )
    assert found == NameServers(
        (("192.0.2.1", 53), ("2001:db8::1", 53), ("fe80::1%eth0", 53)),
        2.0,
        3,
        ("example.com", "b.example"),
        2,
    )


def test_nonsense_leaves_the_defaults(conf):
    found = conf("nameserver\nnameserver ns.example\nsearch x.example\noptions timeout:0 attempts:x\n\n")
    assert found == NameServers((("127.0.0.1", 53),), search=("x.example",))


def test_file_that_is_missing_means_this_machine(tmp_path):
    assert read(tmp_path / "nothing").servers == (("127.0.0.1", 53),)


@pytest.mark.parametrize(("host", "search"), [("mx.example.com", ("example.com",)), ("mx", ())])
def test_own_domain_stands_for_a_search_list(conf, monkeypatch, host, search):
    monkeypatch.setattr("socket.gethostname", lambda: host)
    assert conf("nameserver 192.0.2.1\n").search == search
