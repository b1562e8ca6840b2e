"""Settings of routing that name no place, and tables that cannot be opened."""

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError
from fastsmtp.worker.client import client_rules
from tests.support.memory_peer import Manner
from tests.support.world import World


@pytest.mark.parametrize(
    "value", ["smtp", "smtp=", "=25", "smtp=0", "smtp=65536", "a=b=c", "smtp=²", "a==25"]
)
def test_service_without_a_port_is_refused(value: str) -> None:
    with pytest.raises(SettingError, match=f"known_tcp_ports: {value}: expected SERVICE=PORT"):
        client_rules(Settings.load(None, [f"known_tcp_ports={value}"]))


@pytest.mark.parametrize(
    ("name", "status"),
    [("smtp_dns_reply_filter", "deferred 4.3.0"), ("smtp_connection_cache_destinations", "sent 2.0.0")],
)
def test_table_that_cannot_be_opened_is_warned_of(name: str, status: str) -> None:
    names = {("x.example", "A"): ["192.0.2.1"]}
    seen = World(Manner(), names=names).run(relayhost="", **{name: "pcre:/nowhere/at/all"})
    assert seen.status() == status
    warnings = [line for line in seen.lines if "open /nowhere/at/all" in line and "warning" in line]
    assert warnings
