"""Whether a certificate is for the host that it shall be for.

    wanted = References.of(("nexthop", "dot-nexthop"), nexthop="example.com", host="mx.example.net")
    wanted.matched_by(names)       any of them by any name of the certificate
    domain_of(nexthop)             a next-hop without brackets and port

| element of a match list | reference |
| --- | --- |
| hostname, nexthop | the host connected to, the next-hop domain |
| dot-nexthop | names below the next-hop domain |
| example.com, .example.com | that name, names below it |

A reference that is an IP address is matched by addresses alone. In a certificate `*` stands for exactly one
label, the first, with two labels behind it. Nothing to match means no match.
Source: RFC 6125 6.4; Postfix smtp_tls_verify_cert_match and, for wildcards, 3.6 and later; spec: tls, 7.2.
"""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from fastsmtp.mail.address import parse_domain
from fastsmtp.tls.certificate import Names

WILDCARD = "*."
LEAST_LABELS = 2  # behind a wildcard


class References(NamedTuple):
    """The names that will do."""

    exact: frozenset[str] = frozenset()
    below: frozenset[str] = frozenset()  # domains, any name under which will do
    addresses: frozenset[str] = frozenset()

    @classmethod
    def of(cls, elements: Iterable[str], nexthop: str, host: str) -> "References":
        """`nexthop`: without brackets and port."""
        exact: set[str] = set()
        below: set[str] = set()
        addresses: set[str] = set()
        for element in elements:
            text = {"hostname": host, "nexthop": nexthop, "dot-nexthop": f".{nexthop}"}.get(
                element.lower(), element
            )
            name = text.removeprefix(".")
            address = as_address(name)
            if address:
                if name == text:
                    addresses.add(address)
            elif ascii_name := reference(name):
                (exact if name == text else below).add(ascii_name)
        return cls(frozenset(exact), frozenset(below), frozenset(addresses))

    def __bool__(self) -> bool:
        return bool(self.exact or self.below or self.addresses)

    def matched_by(self, names: Names) -> bool:
        if not self.addresses.isdisjoint(names.addresses):
            return True
        return any(self._matched_by(name) for name in names.hosts)

    def _matched_by(self, name: str) -> bool:
        if name in self.exact or any(name.endswith(f".{domain}") for domain in self.below):
            return True
        if not name.startswith(WILDCARD):
            return False
        rest = name.removeprefix(WILDCARD)
        labels = rest.split(".")
        if len(labels) < LEAST_LABELS or not all(labels) or "*" in rest:
            return False
        return any(wanted.partition(".")[2] == rest and not wanted.startswith(".") for wanted in self.exact)


def domain_of(nexthop: str) -> str:
    """Without brackets and port."""
    if nexthop.startswith("["):
        inner = nexthop[1:].partition("]")[0]
        return inner[5:] if inner[:5].lower() == "ipv6:" else inner
    if nexthop.count(":") > 1:
        return nexthop
    return nexthop.partition(":")[0]


def as_address(text: str) -> str:
    """An IP address as `ipaddress` writes it; "" for a name."""
    try:
        return str(ipaddress.ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        return ""


def reference(name: str) -> str:
    """A name in lower case, as A-labels; "" where it can be none."""
    name = name.removesuffix(".")
    if not name.isascii():
        name = parse_domain(name) or ""
    return name.lower()
