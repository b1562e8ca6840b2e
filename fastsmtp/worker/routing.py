"""The settings of routing as plain values: next-hops, name servers, own addresses, what binds a session.

    route_rules(settings), lookup_rules(settings)     for Router and Resolver
    bind_addresses(settings)                          source addresses, IPv4 and IPv6; "": the system chooses
    switch_rules(settings), default_way(settings)     where tables choose the way, and where they do not
    best_mx(settings)                                 best_mx_transport
    reply_filter(settings, warn)                      smtp_dns_reply_filter; None where it is not set
    permanent(settings, warn)                         smtp_connection_cache_destinations; likewise
All raise SettingError for what names no place.
Source: Postfix smtp_params.c, smtp_connect(3), own_inet_addr(3); spec: routing, 1, 3, 4.1; parameters, 2.3.
"""

import socket
from collections.abc import Callable
from typing import Final

from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import find
from fastsmtp.errors import SettingError, TableError
from fastsmtp.mail.destination import Destination
from fastsmtp.route.hosts import RouteRules
from fastsmtp.route.nameservers import DNS_PORT
from fastsmtp.route.nexthop import (
    NexthopError,
    Ports,
    family,
    is_address,
    parse_port,
    parse_site,
    split_sites,
)
from fastsmtp.route.order import OrderRules
from fastsmtp.route.own import ALL, LOOPBACK, canonical
from fastsmtp.route.records import Drops, text_of
from fastsmtp.route.resolver import LookupRules
from fastsmtp.worker import following
from fastsmtp.worker.switch_rules import SwitchRules

NEXTHOPS_LIMIT: Final = 10_000  # remembered
PORT_LIMIT: Final = 65535
SPECIAL: Final = ("error", "retry", "discard")  # transports that deliver nothing

Warn = Callable[[str], None]


def transports(settings: Settings) -> tuple[str, ...]:
    """Those that are SMTP clients."""
    name = "smtp_transports"
    words = settings.words(name)
    for word in words:
        if word in SPECIAL or find(f"{word}_destination_concurrency_limit") is None:
            raise SettingError(
                f"{settings.origin(name)}: {name}: {word}: this one of Postfix's is no SMTP client"
            )
    if not words:
        raise SettingError(f"{settings.origin(name)}: {name}: expected one transport or more")
    return words


def switch_rules(settings: Settings) -> SwitchRules | None:
    """None where all mail goes over default_transport, to relayhost or each recipient's own domain."""
    parents = settings.words("parent_domain_matches_subdomains")
    found = SwitchRules(
        transport_maps=settings.words("transport_maps"),
        relay_domains=settings.words("relay_domains"),
        sender_relayhost_maps=settings.words("sender_dependent_relayhost_maps"),
        sender_transport_maps=settings.words("sender_dependent_default_transport_maps"),
        default_transport=_named(settings, "default_transport"),
        relay_transport=_named(settings, "relay_transport"),
        relayhost=relay(settings),
        null_relayhost_key=settings.text("empty_address_relayhost_maps_lookup_key"),
        null_transport_key=settings.text("empty_address_default_transport_maps_lookup_key"),
        delimiter=settings.text("recipient_delimiter"),
        origin=settings.text("myorigin"),
        local_domains=settings.words("mydestination"),
        bare_transport_parents="transport_maps" in parents,
        bare_relay_parents="relay_domains" in parents,
    )
    tables = (*found[:4],)
    simple = found.default_transport[0] in transports(settings)
    return None if simple and not any(tables) else found


def default_way(settings: Settings) -> tuple[str, str]:
    """Transport and next-hop of all mail where nothing else is set; "": each recipient's own domain."""
    transport, nexthop = _named(settings, "default_transport")
    return transport, nexthop or relay(settings)


def _named(settings: Settings, name: str) -> tuple[str, str]:
    transport, nexthop = split(settings.text(name))
    if not transport:
        raise SettingError(f"{settings.origin(name)}: {name}: expected TRANSPORT or TRANSPORT:NEXTHOP")
    return transport, nexthop


def split(text: str) -> tuple[str, str]:
    """`transport:nexthop`; either may be empty. A next-hop's sites are separated by one blank, in lower
    case; what follows error:, retry: or discard: is a text.
    """
    transport, _, nexthop = text.partition(":")
    transport = transport.strip()
    if transport in SPECIAL:
        return transport, nexthop.strip()
    return transport, " ".join(nexthop.replace(",", " ").split()).lower()


def route_rules(settings: Settings) -> RouteRules:
    protocols = settings.words("inet_protocols")
    return RouteRules(
        port=_port(settings),
        order=OrderRules(
            randomize=settings.flag("smtp_randomize_addresses"),
            preference=settings.text("smtp_address_preference"),
            balances=settings.flag("smtp_balance_inet_protocols"),
            addresses_limit=settings.number("smtp_mx_address_limit"),
            both_families="all" in protocols or len(protocols) > 1,
        ),
        ignores_mx_failure=settings.flag("ignore_mx_lookup_error"),
        waits_for_mx_address=settings.flag("smtp_defer_if_no_mx_address_found"),
        relay=relay(settings),
        fallback=_fallback(settings),
        cname_names=settings.flag("smtp_cname_overrides_servername"),
        services=frozenset(settings.words("use_srv_lookup")),
        ignores_srv_failure=settings.flag("ignore_srv_lookup_error"),
        leaves_srv=settings.flag("allow_srv_lookup_fallback"),
        interfaces=_interfaces(settings),
        proxies=_addresses(settings, "proxy_interfaces"),
        ports=_ports(settings),
    )


def lookup_rules(settings: Settings) -> LookupRules:
    level = settings.text("smtp_dns_support_level")
    return LookupRules(
        protocols=frozenset(settings.words("inet_protocols")),
        dns=level != "disabled" if level else not settings.flag("disable_dns_lookups"),
        methods=frozenset(settings.words("smtp_host_lookup")),
        nameservers=tuple(_nameserver(settings, text) for text in settings.words("smtp_dns_nameservers")),
        options=frozenset(settings.words("smtp_dns_resolver_options")),
    )


def relay(settings: Settings) -> str:
    """The next-hop of all mail that nothing else routes; "": each recipient's own domain."""
    return " ".join(settings.words("relayhost")).lower()


def bind_addresses(settings: Settings) -> tuple[str, str]:
    """As configured, or the only address of its family in inet_interfaces, if that is not the loopback's."""
    own = _interfaces(settings)
    found = []
    for name, kind in (("smtp_bind_address", "ipv4"), ("smtp_bind_address6", "ipv6")):
        chosen = settings.text(name).strip("[]")
        if not chosen and own not in ((ALL,), (LOOPBACK,)):
            alike = [address for address in own if family(address) == kind]
            if len(alike) == 1 and not alike[0].startswith("127.") and alike[0] != "::1":
                chosen = alike[0]
        found.append(chosen)
    return found[0], found[1]


def best_mx(settings: Settings) -> Destination | None:
    text = settings.text("best_mx_transport").strip()
    if not text:
        return None
    transport, nexthop = split(text)
    if transport not in (*transports(settings), *SPECIAL):
        raise SettingError(
            f"{settings.origin('best_mx_transport')}: best_mx_transport = {text}: expected a transport of "
            "smtp_transports, error, retry or discard"
        )
    return Destination(transport, nexthop)


def reply_filter(settings: Settings, warn: Warn) -> Drops | None:
    """A record that one of the tables answers with IGNORE is dropped; another answer drops it too."""
    if not settings.words("smtp_dns_reply_filter"):
        return None
    maps = following.maps("smtp_dns_reply_filter", settings.words("smtp_dns_reply_filter"), warn)
    return lambda record: maps.now.find(text_of(record)) is not None


def permanent(settings: Settings, warn: Warn) -> Callable[[str], bool] | None:
    """Whether a next-hop's first site, without brackets and port, is in smtp_connection_cache_destinations;
    None where nothing is. A table that has no answer keeps no session open; Pending where its server must be
    asked first.
    """
    name = "smtp_connection_cache_destinations"
    if not settings.words(name):
        return None
    listed = following.patterns(name, settings.words(name), warn)
    known: dict[str, bool] = {}

    def is_listed(nexthop: str) -> bool:
        if listed.look():
            known.clear()
        if nexthop in known:
            return known[nexthop]
        try:
            found: bool = listed.now.match_text(parse_site(split_sites(nexthop)[0], DNS_PORT).host)
        except (NexthopError, IndexError, TableError):
            return False
        if not listed.now.volatile:
            if len(known) >= NEXTHOPS_LIMIT:
                known.clear()
            known[nexthop] = found
        return found

    return is_listed


def _fallback(settings: Settings) -> str:
    """Next-hops, every one of which can be read: a bad relayhost defers, a bad one here would do so for
    nothing.
    """
    name = "smtp_fallback_relay"
    text = " ".join(settings.words(name)).lower()
    for site in split_sites(text):
        try:
            parse_site(site, 0, _ports(settings))
        except NexthopError as error:
            raise SettingError(f"{settings.origin(name)}: {name}: {error}") from None
    return text


def _port(settings: Settings) -> int:
    try:
        return parse_port(settings.text("smtp_tcp_port"), _ports(settings))
    except NexthopError as error:
        raise SettingError(f"{settings.origin('smtp_tcp_port')}: smtp_tcp_port: {error}") from None


def _ports(settings: Settings) -> Ports:
    """`a=b=25`: services by name, and the port that they have."""
    name = "known_tcp_ports"
    found: dict[str, int] = {}
    for word in settings.words(name):
        *services, number = word.split("=")
        port = int(number) if number.isascii() and number.isdigit() else 0
        if not services or not all(services) or not 0 < port <= PORT_LIMIT:
            raise SettingError(
                f"{settings.origin(name)}: {name}: {word}: expected SERVICE=PORT, or SERVICE=SERVICE=PORT"
            )
        found.update(dict.fromkeys(services, port))
    return found


def _nameserver(settings: Settings, text: str) -> tuple[str, int]:
    try:
        site = parse_site(text, DNS_PORT)
        if is_address(site.host):
            return site.host, site.port
        problem = "expected an address"
    except NexthopError as error:
        problem = str(error)
    raise SettingError(f"{settings.origin('smtp_dns_nameservers')}: smtp_dns_nameservers: {text}: {problem}")


def _interfaces(settings: Settings) -> tuple[str, ...]:
    words = settings.words("inet_interfaces")
    if words in ((ALL,), (LOOPBACK,)):
        return words
    return _addresses(settings, "inet_interfaces")


def _addresses(settings: Settings, name: str) -> tuple[str, ...]:
    """Addresses as they are, hosts by name; SettingError for one that the system does not know."""
    found: list[str] = []
    for word in settings.words(name):
        host = word.strip("[]").removeprefix("ipv6:")
        if is_address(host):
            found.append(canonical(host))
            continue
        try:
            infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            problem = error.strerror or str(error)
            raise SettingError(
                f"{settings.origin(name)}: {name} = {word}: {problem}; expected an address or a known host"
            ) from None
        found += [str(info[4][0]) for info in infos]
    return tuple(dict.fromkeys(found))
