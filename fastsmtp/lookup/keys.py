"""Which keys are tried in a table, and in which order, for an address or a destination.

    email_keys(address, delimiter, is_local)      tables of addresses: generic, sender_dependent_..._maps
    transport_keys(address, delimiter, bare)      transport_maps
    destination_keys(nexthop)                     smtp_tls_policy_maps
    find(maps, keys)                              the first key that is known decides: (key, text)
A Key is (text, partial): partial ones go to tables of plain keys alone. Each key goes through all tables
before the next. An address in quotes is tried as it is, then without them.
Source: mail_addr_find(3), split_addr(3), transport(5), generic(5); smtp_tls_policy_maps in postconf(5).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from fastsmtp.lookup.maps import Maps
from fastsmtp.lookup.pattern_list import parent_domains
from fastsmtp.mail.address import quote

NEVER_SPLIT = frozenset({"mailer-daemon", "postmaster", "double-bounce"})  # split_addr(3)


class Key(NamedTuple):
    text: str
    partial: bool


def find(maps: Maps, keys: Iterable[Key]) -> tuple[Key, str] | None:
    """The first of `keys` that the tables know, and what they say; TableError as soon as one has no
    answer.
    """
    for key in keys:
        found = maps.find(key.text, partial=key.partial)
        if found is not None:
            return key, found
    return None


def email_keys(address: str, delimiter: str, is_local: Callable[[str], bool]) -> Iterator[Key]:
    """`user+ext@domain`, `user@domain`, where the domain is local `user+ext` and `user`, then `@domain`."""
    local, at, domain = address.rpartition("@")
    if not at:
        local, domain = address, ""
    for name in spellings(local):
        yield Key(f"{name}{at}{domain}", False)
    user, extension = split_extension(spellings(local)[-1], delimiter)
    users = spellings(quote(user, "")[:-1])
    if extension and at:
        for name in users:
            yield Key(f"{name}@{domain}", True)
    if at and is_local(domain):
        for name in spellings(local):
            yield Key(name, True)
    if extension and (not at or is_local(domain)):
        for name in users:
            yield Key(name, True)
    if at:
        yield Key(f"@{domain}", True)


def transport_keys(address: str, delimiter: str, *, bare: bool) -> Iterator[Key]:
    """`user+ext@domain`, `user@domain`, `domain`, the domains above it, `*`.

    `bare`: transport_maps is in parent_domain_matches_subdomains, so these come without a leading dot.
    """
    local, _, domain = address.rpartition("@")
    yield Key(address, False)
    user, extension = split_extension(local, delimiter)
    if extension:
        yield Key(f"{user}@{domain}", True)
    yield Key(domain, True)
    for parent in parent_domains(domain, bare=bare):
        yield Key(parent, True)
    yield Key("*", False)


def destination_keys(nexthop: str) -> Iterator[Key]:
    """The next-hop as it is written; for a plain domain the domains above it, too."""
    yield Key(nexthop, False)
    if "[" not in nexthop and ":" not in nexthop:
        for parent in parent_domains(nexthop, bare=False):
            yield Key(parent, True)


def spellings(local: str) -> tuple[str, ...]:
    """A local part as it is and, where that differs, without quotes and backslashes."""
    if local[:1] != '"' or local[-1:] != '"' or len(local) < 2:
        return (local,)
    plain: list[str] = []
    escaped = False
    for character in local[1:-1]:
        if character == "\\" and not escaped:
            escaped = True
            continue
        plain.append(character)
        escaped = False
    return local, "".join(plain)


def split_extension(local: str, delimiter: str) -> tuple[str, str]:
    """(user, extension) at the first character that is in `delimiter`; no extension for names that have
    none.
    """
    folded = local.lower()
    if folded in NEVER_SPLIT:
        return local, ""
    if "-" in delimiter and (folded.startswith("owner-") or folded.endswith("-request")):
        delimiter = delimiter.replace("-", "")
    positions = [found for character in delimiter if (found := local.find(character)) > 0]
    if not positions:
        return local, ""
    position = min(positions)
    return local[:position], local[position + 1 :]
