"""cidr:FILE: rules with addresses and networks, `192.0.2.0/24 result`, IPv4 or IPv6, in brackets or not.

A key that is no address matches nothing, and no pattern matches an address of the other family, negated or
not.

    network(text)            (family bits, address as a number, mask length) of a pattern; BadRule with advice
    address(text)            (family bits, number), or None for anything else; other modules use both
Source: cidr_table(5); RFC 4291, RFC 4632.
"""

from ipaddress import AddressValueError, IPv4Address, IPv6Address

from fastsmtp.lookup.rules import Answer, BadRule, open_rules
from fastsmtp.lookup.table import BLANKS, Opening, Table

Network = tuple[int, int, int]


def address(text: str) -> tuple[int, int] | None:
    """(32 or 128, the address as a number), or None if `text` is no address."""
    try:
        if ":" in text:
            return None if "%" in text else (128, int(IPv6Address(text)))
        return 32, int(IPv4Address(text))
    except AddressValueError:
        return None


def network(text: str) -> Network:
    """`net/length`, `[net]/length`, `[net/length]` or a single address, as numbers."""
    bare = text.replace("[", "", 1).replace("]", "", 1) if text[:1] == "[" and "]" in text else text
    host, slash, length = bare.partition("/")
    found = address(host)
    if found is None:
        raise BadRule(f'bad address pattern: "{text}"')
    bits, number = found
    if not slash:
        return bits, number, bits
    if not (length.isascii() and length.isdigit()) or int(length) > bits:
        raise BadRule(f'bad mask length in "{text}"')
    spare = bits - int(length)
    if number >> spare << spare != number:
        start = (IPv4Address if bits == 32 else IPv6Address)(number >> spare << spare)
        raise BadRule(
            f'non-null host address bits in "{text}", perhaps you should use "{start}/{length}" instead'
        )
    return bits, number, int(length)


def contains(net: Network, found: tuple[int, int]) -> bool:
    """Whether the address lies in the network; False across families."""
    bits, number, length = net
    return found[0] == bits and found[1] >> (bits - length) == number >> (bits - length)


def mean(text: str, condition: bool) -> Answer:
    negated = False
    while text[:1] == "!":
        negated = not negated
        text = text[1:].lstrip(BLANKS)
    pattern, _, result = text.replace("\t", " ").partition(" ")
    result = "" if condition else text[len(pattern) :].strip(BLANKS)
    if not result and not condition:
        raise BadRule("no result after the pattern")
    net = network(pattern)

    def answer(key: str) -> str | None:
        found = address(key)
        if found is None or found[0] != net[0] or contains(net, found) == negated:
            return None
        return result

    return answer


def opener(reference: str, name: str, opening: Opening) -> Table:
    return open_rules(reference, name, opening, mean)
