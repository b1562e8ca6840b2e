"""Routing in detail: SRV, filters, families, loops, source addresses."""

from unittest import mock

from fastsmtp.route.nameservers import NameServers
from tests.support.memory_peer import Manner
from tests.support.world import NO_ANSWER, World, address, exchanger
from tests.unit.parameters.proof import Proof

DOMAIN = "x.example"
ABSENT = Manner(absent=True)
DIRECT = {"relayhost": "", "inet_protocols": "all"}
NAMES = {
    (DOMAIN, "MX"): [exchanger(10, "mx1.example"), exchanger(20, "mx2.example")],
    ("mx1.example", "A"): [address("192.0.2.11"), address("192.0.2.12"), address("192.0.2.13")],
    ("mx1.example", "AAAA"): [address("2001:db8::11")],
    ("mx2.example", "A"): [address("192.0.2.21")],
    ("relay.example", "A"): [address("192.0.2.31")],
    ("short.sub.example", "A"): [address("192.0.2.41")],
    ("short.example", "A"): [address("192.0.2.42")],
    ("_submission._tcp.x.example", "SRV"): [(0, 0, 2587, "relay.example")],
}
MX1, MX2 = ["192.0.2.11", "192.0.2.12", "192.0.2.13", "2001:db8::11"], ["192.0.2.21"]


def tried(names: object = None, **settings: str) -> list[str]:
    """Addresses in the order tried: nobody listens."""
    seen = World(ABSENT, names=names or NAMES, native={}).run(**(DIRECT | settings))
    return [host for host, _ in seen.refused]


def completed(**settings: str) -> list[str]:
    """A relay without a dot."""
    servers = NameServers((("192.0.2.53", 53),), search=("sub.example", "example"))
    with mock.patch("fastsmtp.route.nameservers.read", return_value=servers):
        return tried(relayhost="[short]", **settings)


def by_service(answer: object = None, **settings: str) -> list[str]:
    names = NAMES if answer is None else {**NAMES, ("_submission._tcp.x.example", "SRV"): answer}
    return tried(names, relayhost=f"{DOMAIN}:submission", **settings)


def unanswered_service(**settings: str) -> list[str]:
    return by_service(NO_ANSWER, **settings)


def absent_service(**settings: str) -> list[str]:
    return by_service((), **settings)


def to_itself(**settings: str) -> str:
    """The better MX host has one of these addresses; so has this machine one."""
    return World(names=NAMES, own=("192.0.2.11",)).run(**(DIRECT | settings)).status()


def passed_on(**settings: str) -> list[str]:
    """A domain whose best MX host is this machine."""
    seen = World(ABSENT, names=NAMES, own=("192.0.2.11",)).run(**(DIRECT | settings))
    return [seen.status(), *(host for host, _ in seen.refused)]


def source(**settings: str) -> str:
    return World().run(**settings).conversations[0].source


def source6(**settings: str) -> str:
    return World().run(relayhost="[2001:db8::9]", inet_protocols="ipv6", **settings).conversations[0].source


def without_source(**settings: str) -> str:
    world = World(unbindable={"192.0.2.50": "Cannot assign requested address"})
    return world.run(smtp_bind_address="192.0.2.50", **settings).status()


def peer_name(**settings: str) -> str:
    """The relay's name is an alias."""
    names = {("alias.example", "A"): [address("192.0.2.31")]}
    with mock.patch("fastsmtp.route.resolver.interpret", lambda *given, **_: canonical(*given)):
        seen = World(names=names).run(relayhost="[alias.example]", **settings)
    return seen.outcomes["r@x.example"].relay


def canonical(asked: str, name: str, kind: str, packet: object) -> object:
    from fastsmtp.route.records import Answer  # noqa: PLC0415

    return Answer("canonical.example", packet.records, 60.0)  # type: ignore[attr-defined]


def of_null_mx(**settings: str) -> list[str]:
    names = {(DOMAIN, "MX"): [exchanger(0, ".")]}
    seen = World(names=names).run(relayhost="", smtp_fallback_relay="[192.0.2.31]", **settings)
    return [seen.status(), *(conversation.host for conversation in seen.conversations)]


def connections(**settings: str) -> int:
    """A message that is deferred, and tried again a second later."""
    again = {"minimal_backoff_time": "1", "maximal_backoff_time": "1", "maximal_queue_lifetime": "2s"}
    manner = Manner(answers={"RCPT": ["450 4.2.0 later", "250 ok"]})
    seen = World(manner).run(once=False, relayhost="[192.0.2.9]:2525", **again, **settings)
    return len(seen.conversations)


def most_open(**settings: str) -> int:
    """Of five domains with the same host, sessions at once."""
    domains = [f"d{number}.example" for number in range(5)]
    names = {(domain, "MX"): [exchanger(10, "relay.example")] for domain in domains} | NAMES
    seen = World(Manner(delay=1.0), names=names).run(
        [f"r{number}@{domain}" for domain in domains for number in range(3)],
        **DIRECT,
        smtp_destination_recipient_limit="1",
        smtp_destination_concurrency_limit="2",
        initial_destination_concurrency="2",
        **settings,
    )
    assert {outcome.status for outcome in seen.outcomes.values()} == {"sent"}
    return seen.most_open


SERVICES = {"use_srv_lookup": "submission"}
LIMITED = {"smtp_mx_address_limit": "2"}

PROOFS = [
    Proof("destination_concurrency_by_hosts", most_open, {"no": 10, "yes": 2}),
    Proof(
        "smtp_connection_cache_destinations",
        connections,
        {"": 3, "192.0.2.9": 1, "!192.0.2.9, static:all": 3},
    ),
    Proof("smtp_dns_support_level", tried, {"": [*MX1, *MX2], "enabled": [*MX1, *MX2], "disabled": []}),
    Proof("smtp_dns_resolver_options", completed, {"": [], "res_defnames": ["192.0.2.41"]}),
    Proof(
        "smtp_dns_reply_filter",
        tried,
        {"": [*MX1, *MX2], "pcre:{{/ IN AAAA / IGNORE}}": [*MX1[:3], *MX2]},
    ),
    Proof(
        "smtp_address_preference",
        tried,
        {"any": [*MX1, *MX2], "ipv6": [MX1[3], *MX1[:3], *MX2], "ipv4": [*MX1, *MX2]},
    ),
    Proof("smtp_balance_inet_protocols", tried, {"yes": [MX1[0], MX1[3]], "no": MX1[:2]}, also=LIMITED),
    Proof(
        "smtp_cname_overrides_servername",
        peer_name,
        {"no": "alias.example[192.0.2.31]:25", "yes": "canonical.example[192.0.2.31]:25"},
    ),
    Proof("use_srv_lookup", by_service, {"": [*MX1, *MX2], "submission": ["192.0.2.31"]}),
    Proof("ignore_srv_lookup_error", unanswered_service, {"no": [], "yes": [*MX1, *MX2]}, also=SERVICES),
    Proof("allow_srv_lookup_fallback", absent_service, {"no": [], "yes": [*MX1, *MX2]}, also=SERVICES),
    Proof("inet_interfaces", to_itself, {"all": "bounced 5.4.6", "192.0.2.99": "sent 2.0.0"}),
    Proof(
        "proxy_interfaces",
        to_itself,
        {"": "sent 2.0.0", "192.0.2.12": "bounced 5.4.6"},
        also={"inet_interfaces": "192.0.2.99"},
    ),
    Proof(
        "best_mx_transport",
        passed_on,
        {"": ["bounced 5.4.6"], "relay:[192.0.2.31]": ["deferred 4.4.1", "192.0.2.31"]},
    ),
    Proof(
        "smtp_fallback_relay_null_mx",
        of_null_mx,
        {"yes": ["sent 2.0.0", "192.0.2.31"], "no": ["bounced 5.1.0"]},
    ),
    Proof("smtp_bind_address", source, {"": "", "192.0.2.51": "192.0.2.51", "[192.0.2.52]": "192.0.2.52"}),
    Proof("smtp_bind_address6", source6, {"": "", "2001:db8::51": "2001:db8::51"}),
    Proof("smtp_bind_address_enforce", without_source, {"no": "sent 2.0.0", "yes": "deferred 4.4.0"}),
    Proof("inet_interfaces", source, {"all": "", "192.0.2.51, 127.0.0.1": "", "192.0.2.51": "192.0.2.51"}),
]
