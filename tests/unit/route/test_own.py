"""The addresses of this machine (spec: routing, 3.1)."""

import pytest

from fastsmtp.route import own
from fastsmtp.route.own import OwnAddresses, canonical, interface_addresses


def test_system_tells_its_addresses():
    assert "127.0.0.1" in interface_addresses()


def test_system_without_an_answer_has_none(monkeypatch):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr(own.socket, "socket", refuse)
    assert interface_addresses() == set()


@pytest.mark.parametrize(
    ("interfaces", "inside", "outside"),
    [
        (("all",), ["127.0.0.1", "192.0.2.1", "2001:db8::1"], ["192.0.2.2"]),
        (("loopback-only",), ["127.0.0.1"], ["192.0.2.1"]),
        (("192.0.2.7", "[ipv6:2001:DB8:0::7]"), ["192.0.2.7", "2001:db8::7"], ["127.0.0.1"]),
        ((), [], ["127.0.0.1"]),
    ],
)
def test_interfaces_choose_among_them(monkeypatch, interfaces, inside, outside):
    monkeypatch.setattr(own, "interface_addresses", lambda: {"127.0.0.1", "192.0.2.1", "2001:db8::1"})
    found = OwnAddresses(interfaces, ("198.51.100.1",))
    assert [address for address in [*inside, "198.51.100.1", *outside] if address in found] == [
        *inside,
        "198.51.100.1",
    ]


def test_addresses_have_one_spelling():
    assert canonical("[2001:DB8:0:0::1]") == "2001:db8::1"
