"""Where mail goes: next-hops, DNS, hosts and addresses."""

import random

from tests.support.memory_peer import Manner
from tests.support.world import NO_ANSWER, World, address, exchanger
from tests.unit.parameters.proof import Proof

DOMAIN = "x.example"
ABSENT = Manner(absent=True)
DIRECT = {"relayhost": "", "inet_protocols": "all"}
NAMES = {
    (DOMAIN, "MX"): [exchanger(10, "mx1.example"), exchanger(20, "mx2.example")],
    ("mx1.example", "A"): [address("192.0.2.11"), address("192.0.2.12")],
    ("mx1.example", "AAAA"): [address("2001:db8::11")],
    ("mx2.example", "A"): [address("192.0.2.21")],
    ("relay.example", "A"): [address("192.0.2.31")],
}
NATIVE = {DOMAIN: ["192.0.2.41"], "mx1.example": ["192.0.2.42"]}


def tried(**settings: str) -> list[str]:
    """Addresses in the order tried: nobody listens."""
    seen = World(ABSENT, names=NAMES, native=NATIVE).run(**(DIRECT | settings))
    return [host for host, _ in seen.refused]


def port(**settings: str) -> int:
    return World(names=NAMES).run(**(DIRECT | settings)).conversations[0].port


def sessions(**settings: str) -> int:
    """How many sessions a delivery opens to hosts that defer."""
    defers = Manner(answers={"RCPT": "451 4.3.0 later"})
    return len(World(defers, names=NAMES).run(**(DIRECT | settings)).conversations)


def without_answer(**settings: str) -> str:
    """The MX query times out."""
    names = {(DOMAIN, "MX"): NO_ANSWER, (DOMAIN, "A"): [address("192.0.2.1")]}
    return World(names=names).run(**(DIRECT | settings)).status()


def without_address(**settings: str) -> str:
    """There is an MX record; its host has no address."""
    names = {(DOMAIN, "MX"): [exchanger(10, "mx9.example")]}
    return World(names=names).run(**(DIRECT | settings)).status()


def orders(**settings: str) -> int:
    """In how many orders the addresses of one host are tried."""
    random.seed(1)
    seen = {tuple(tried(**settings)) for _ in range(30)}
    return len(seen)


def nameservers(**settings: str) -> bool:
    """Whether it is 192.0.2.53 that is asked."""
    return World(ABSENT, names=NAMES).run(**(DIRECT | settings)).nameservers == (("192.0.2.53", 53),)


FIRST = ["192.0.2.11", "192.0.2.12", "2001:db8::11"]
NO_LIMITS = {"smtp_mx_session_limit": "0"}

PROOFS = [
    Proof("relayhost", tried, {"": [*FIRST, "192.0.2.21"], "[192.0.2.9]": ["192.0.2.9"]}),
    Proof(
        "fallback_relay",
        tried,
        {"": [*FIRST, "192.0.2.21"], "[relay.example]": [*FIRST, "192.0.2.21", "192.0.2.31"]},
    ),
    Proof(
        "smtp_fallback_relay",
        tried,
        {"": [*FIRST, "192.0.2.21"], "[relay.example]": [*FIRST, "192.0.2.21", "192.0.2.31"]},
        also={"fallback_relay": "[192.0.2.9]"},
    ),
    Proof("smtp_tcp_port", port, {"smtp": 25, "2525": 2525}),
    Proof(
        "known_tcp_ports",
        port,
        {"smtp=25, ours=2525": 2525, "ours=other=26": 26},
        also={"smtp_tcp_port": "ours"},
    ),
    Proof("smtp_mx_address_limit", tried, {"0": [*FIRST, "192.0.2.21"], "2": [FIRST[0], FIRST[2]]}),
    Proof("smtp_mx_session_limit", sessions, {"2": 2, "1": 1, "0": 4}),
    Proof("ignore_mx_lookup_error", without_answer, {"no": "deferred 4.4.3", "yes": "sent 2.0.0"}),
    Proof(
        "smtp_defer_if_no_mx_address_found", without_address, {"no": "bounced 5.4.4", "yes": "deferred 4.4.4"}
    ),
    Proof("disable_dns_lookups", tried, {"no": [*FIRST, "192.0.2.21"], "yes": ["192.0.2.41"]}),
    Proof("smtp_host_lookup", tried, {"dns": [*FIRST, "192.0.2.21"], "native": ["192.0.2.42"]}),
    Proof(
        "inet_protocols",
        tried,
        {"ipv4": [*FIRST[:2], "192.0.2.21"], "ipv6": FIRST[2:], "all": [*FIRST, "192.0.2.21"]},
    ),
    Proof("smtp_dns_nameservers", nameservers, {"": False, "192.0.2.53": True}),
    Proof("smtp_randomize_addresses", orders, {"no": 1, "yes": 6}),
]
