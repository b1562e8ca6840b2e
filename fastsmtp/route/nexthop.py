"""Next-hop syntax: `domain`, `domain:service`, `[host]`, `[host]:service`, `[address]`,
`[ipv6:address]:service`.

Brackets mean: no MX lookup. Several sites, separated by comma or blanks, are tried in order. Names outside
ASCII become A-labels.
Source: Postfix smtp_connect(3), host_port(3); spec: routing, 1; config, 9.4.
"""

import ipaddress
import re
import socket
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from fastsmtp.mail.address import parse_domain

Ports = Mapping[str, int]  # by service: known_tcp_ports; what it does not name the system may know
NAME_LIMIT = 255
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_HOST = re.compile(rf"(?![0-9.]+\Z){_LABEL}(?:\.{_LABEL})*\.?")


class Site(NamedTuple):
    """One place to deliver to."""

    host: str  # domain, host name or address, lower case, no brackets
    port: int
    literal: bool  # written in brackets: no MX lookup
    text: str  # as configured
    service: str = "smtp"  # its name, where the text has one
    fallback: bool = False  # of smtp_fallback_relay


class NexthopError(ValueError):
    """The text names no place; the message says what is wrong."""


def split_sites(nexthop: str) -> list[str]:
    """The sites of a next-hop, in order."""
    return nexthop.replace(",", " ").split()


def parse_site(text: str, default_port: int, ports: Ports = MappingProxyType({})) -> Site:
    """One site; NexthopError tells what is wrong with it."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket:
            raise NexthopError(f'missing "]" in next-hop "{text}"')
        if rest and not rest.startswith(":"):
            raise NexthopError(f'unexpected text after "]" in next-hop "{text}"')
        service = rest[1:]
    else:
        host, colon, service = text.rpartition(":")
        if not colon:
            host, service = service, ""
    if host[:5].lower() == "ipv6:":
        host = host[5:]
    host = _checked(host, text)
    return Site(
        host.lower().removesuffix("."),
        _port(service, text, ports) if service else default_port,
        text.startswith("["),
        text,
        service or "smtp",
    )


def is_address(host: str) -> bool:
    """Whether the host is an IPv4 or IPv6 address."""
    return family(host) is not None


def family(host: str) -> str | None:
    """`ipv4` or `ipv6` of an address; None for a name."""
    if ":" not in host and not host[-1:].isdigit():
        return None
    try:
        return "ipv4" if ipaddress.ip_address(host).version == 4 else "ipv6"
    except ValueError:
        return None


def is_host_name(name: str) -> bool:
    """Whether a host or domain may be called so."""
    return len(name) <= NAME_LIMIT and _HOST.fullmatch(name) is not None


def _checked(host: str, text: str) -> str:
    """In A-labels."""
    if not host.isascii():
        host = parse_domain(host) or host
    if not is_address(host) and not is_host_name(host):
        raise NexthopError(f'bad host or domain "{host}" in next-hop "{text}"')
    return host


def parse_port(service: str, ports: Ports = MappingProxyType({})) -> int:
    """A port by number or service name, as smtp_tcp_port has it; NexthopError where it is neither."""
    return _port(service, service, ports)


def _port(service: str, text: str, ports: Ports) -> int:
    if service.isascii() and service[:1].isdigit():
        if not service.isdigit():
            raise NexthopError(f'bad port "{service}" in next-hop "{text}": expected a number or a name')
        if 1 <= int(service) <= 65535:
            return int(service)
        raise NexthopError(f'bad port "{service}" in next-hop "{text}": expected 1 to 65535')
    if service in ports:
        return ports[service]
    try:
        return socket.getservbyname(service, "tcp")
    except OSError:
        raise NexthopError(f'unknown service "{service}" in next-hop "{text}"') from None
