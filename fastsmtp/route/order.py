"""In which order hosts are tried: shuffled, by preference, then by family, and neither family crowded out.

    arranged(hosts, rules, ...)     the hosts of one site in the order to try
    drawn(services)                 SRV records by priority, at random by weight among equals

Pure but for chance.
Source: RFC 5321 5.1, RFC 2782; Postfix smtp_addr(3); spec: routing, 2.6, 2.9.
"""

import random
from typing import NamedTuple

from fastsmtp.mail.destination import Host

Service = tuple[int, int, int, str]  # priority, weight, port, host


class OrderRules(NamedTuple):
    """What is configured about the order."""

    randomize: bool  # smtp_randomize_addresses
    preference: str  # smtp_address_preference: any, ipv4, ipv6
    balances: bool  # smtp_balance_inet_protocols
    addresses_limit: int  # smtp_mx_address_limit
    both_families: bool  # inet_protocols


def arranged(hosts: list[Host], rules: OrderRules, *, by_mx: bool) -> list[Host]:
    """`by_mx`: their preferences come from MX records."""
    if len(hosts) < 2:
        return hosts
    if rules.randomize:
        random.shuffle(hosts)
    if by_mx or rules.both_families:
        hosts.sort(key=lambda host: (host.preference, _is_second(host, rules.preference)))
    if rules.balances and 0 < rules.addresses_limit < len(hosts):
        return _balanced(hosts, rules.addresses_limit)
    return hosts


def drawn(services: list[Service]) -> list[Service]:
    """RFC 2782: among equal priorities, each next one is drawn with a chance that is its weight."""
    found: list[Service] = []
    left = sorted(services, key=lambda service: service[:2])
    while left:
        equal = [service for service in left if service[0] == left[0][0]]
        point = random.randint(0, sum(service[1] for service in equal))
        for service in equal:
            point -= service[1]
            if point <= 0:
                break
        found.append(service)
        left.remove(service)
    return found


def _is_second(host: Host, preference: str) -> bool:
    return preference != "any" and (":" in host.address) != (preference == "ipv6")


def _balanced(hosts: list[Host], limit: int) -> list[Host]:
    """The first of each family, so that the smaller one has its share of `limit` places."""
    counts = [0, 0]
    for host in hosts:
        counts[":" in host.address] += 1
    four, six = counts
    if not four or not six:
        return hosts
    if six <= limit // 2:
        room = [limit - six, six]
    elif four <= limit // 2:
        room = [four, limit - four]
    else:
        room = [limit // 2, limit // 2]
        room[":" in hosts[0].address] += limit % 2
    kept = []
    for host in hosts:
        if room[":" in host.address]:
            room[":" in host.address] -= 1
            kept.append(host)
    return kept
