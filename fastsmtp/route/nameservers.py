"""Which name servers are asked, and how patiently: resolv.conf.

    read(path)        NameServers; what the file does not say is the system's default
Source: resolv.conf(5).
"""

import socket
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

RESOLV_CONF = Path("/etc/resolv.conf")
DNS_PORT = 53
SERVERS_LIMIT = 3  # MAXNS of resolv.h, and its other defaults
TIMEOUT = 5.0
TIMEOUT_LIMIT = 30.0
ATTEMPTS = 2
ATTEMPTS_LIMIT = 5
DOTS_LIMIT = 15


class NameServers(NamedTuple):
    """Where questions go."""

    servers: tuple[tuple[str, int], ...]  # address and port, in the order to ask
    timeout: float = TIMEOUT  # seconds to wait for one answer
    attempts: int = ATTEMPTS  # rounds over all servers
    search: tuple[str, ...] = ()  # domains that complete a short name
    dots: int = 1  # a name with so many is tried as it is first


def read(path: Path = RESOLV_CONF) -> NameServers:
    """What the file says; 127.0.0.1 where it names no server, or cannot be read."""
    servers: list[tuple[str, int]] = []
    search: tuple[str, ...] = ()
    options: dict[str, str] = {}
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        word, *values = line.split() or [""]
        if word == "nameserver" and values and len(servers) < SERVERS_LIMIT and _is_address(values[0]):
            servers.append((values[0], DNS_PORT))
        elif word in ("domain", "search"):
            search = tuple(value.rstrip(".").lower() for value in values)
        elif word == "options":
            options |= {name: value for name, _, value in (text.partition(":") for text in values)}
    return NameServers(
        tuple(servers) or (("127.0.0.1", DNS_PORT),),
        float(_bounded(options.get("timeout"), TIMEOUT, TIMEOUT_LIMIT)) or TIMEOUT,
        int(_bounded(options.get("attempts"), ATTEMPTS, ATTEMPTS_LIMIT)) or ATTEMPTS,
        search or _own_domain(),
        int(_bounded(options.get("ndots"), 1, DOTS_LIMIT)),
    )


def _own_domain() -> tuple[str, ...]:
    _, dot, domain = socket.gethostname().partition(".")
    return (domain.lower(),) if dot and domain else ()


def _bounded(text: str | None, default: float, limit: float) -> float:
    return min(float(text), limit) if text is not None and text.isascii() and text.isdigit() else default


def _is_address(text: str) -> bool:
    try:
        ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
