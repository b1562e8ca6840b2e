"""DANE's questions over sockets, to a name server that vouches for some names and fails for others."""

import asyncio

import pytest
import uvloop

from fastsmtp.route.nameservers import NameServers
from fastsmtp.route.secure import Secured, SecureNames
from tests.support.nameserver import NameServer

DIGEST = bytes(range(32))
ZONE = {
    ("a.test", "MX"): ["10 mx.a.test."],
    ("mx.a.test", "A"): ["192.0.2.1"],
    ("_25._tcp.mx.a.test", "TLSA"): [f"3 1 1 {DIGEST.hex()}"],
    ("_25._tcp.plain.test", "TLSA"): [f"3 1 1 {DIGEST.hex()}"],
    ("_25._tcp.forged.test", "TLSA"): "SERVFAIL",
    ("_25._tcp.mute.test", "TLSA"): "SILENCE",
}
VALIDATED = {"a.test", "mx.a.test", "_25._tcp.mx.a.test"}


def asked(port: int, host: str) -> Secured | None:
    async def ask() -> Secured | None:
        names = SecureNames()
        names._servers = NameServers((("127.0.0.1", port),), timeout=0.2, attempts=2)
        return await names.tlsa(host, 25)

    return uvloop.run(ask())


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("mx.a.test", Secured(True, "_25._tcp.mx.a.test", ((3, 1, 1, DIGEST),))),
        ("plain.test", Secured(False, "_25._tcp.plain.test", ((3, 1, 1, DIGEST),))),
        ("absent.test", Secured(False, "_25._tcp.absent.test", ())),
        ("forged.test", None),
        ("mute.test", None),
    ],
)
def test_records_and_what_vouches_for_them(host: str, expected: Secured | None) -> None:
    with NameServer(ZONE, VALIDATED) as server:
        assert asked(server.port, host) == expected


def test_exchangers_and_addresses_on_either_loop() -> None:
    async def ask(port: int) -> tuple[Secured | None, Secured | None]:
        names = SecureNames((("127.0.0.1", port),))
        return await names.exchangers("a.test"), await names.addresses("mx.a.test")

    expected = Secured(True, "a.test", ("mx.a.test",)), Secured(True, "mx.a.test", ("192.0.2.1",))
    with NameServer(ZONE, VALIDATED) as server:
        assert uvloop.run(ask(server.port)) == expected
        assert asyncio.run(ask(server.port)) == expected
