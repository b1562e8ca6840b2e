"""The addresses of this machine: where mail that arrives would come back to us.

    own = OwnAddresses(interfaces, proxies)     inet_interfaces and proxy_interfaces, names resolved already
    address in own                              read from the system when first asked for
    interface_addresses()                       those of every interface that is up (Linux: rtnetlink)

Compared by address alone, never by name or port.
Source: Postfix own_inet_addr(3), inet_addr_local(3); rtnetlink(7); spec: routing, 3.1.
"""

import ipaddress
import socket
import struct
from collections.abc import Iterator
from typing import Final

ALL: Final = "all"
LOOPBACK: Final = "loopback-only"

_HEADER = struct.Struct("=LHHLL")  # nlmsghdr: length, type, flags, sequence, process
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix, flags, scope, index
_ATTRIBUTE = struct.Struct("=HH")  # rtattr: length, type
_NEW_LINK, _GET_LINK, _NEW_ADDRESS, _GET_ADDRESS = 16, 18, 20, 22
_DONE, _FAILED = 3, 2
_DUMP: Final = 0x301  # NLM_F_REQUEST and NLM_F_DUMP
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_UP: Final = 1
_READ_SIZE: Final = 1 << 16


class OwnAddresses:
    """What counts as this machine."""

    def __init__(self, interfaces: tuple[str, ...], proxies: tuple[str, ...]) -> None:
        self._interfaces = interfaces
        self._proxies = proxies
        self._found: frozenset[str] | None = None

    def __contains__(self, address: str) -> bool:
        if self._found is None:
            self._found = self._read()
        return address in self._found

    def _read(self) -> frozenset[str]:
        found = set(map(canonical, self._proxies))
        if self._interfaces in ((ALL,), (LOOPBACK,)):
            local = interface_addresses()
            if self._interfaces == (LOOPBACK,):
                local = {address for address in local if ipaddress.ip_address(address).is_loopback}
            return frozenset(found | local)
        return frozenset(found | set(map(canonical, self._interfaces)))


def canonical(address: str) -> str:
    """An address in the spelling that a resolver gives it."""
    return str(ipaddress.ip_address(address.strip("[]").removeprefix("ipv6:")))


def interface_addresses() -> set[str]:
    """Every address of an interface that is up; none where the system does not say."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
            netlink.bind((0, 0))
            up = {
                index
                for data in _dump(netlink, _GET_LINK, _NEW_LINK)
                for _, _, index, flags, _ in [_LINK.unpack_from(data)]
                if flags & _UP
            }
            found = [_address(data, up) for data in _dump(netlink, _GET_ADDRESS, _NEW_ADDRESS)]
    except OSError:
        return set()
    return {address for address in found if address}


def _dump(netlink: socket.socket, question: int, answer: int) -> Iterator[bytes]:
    """The bodies of all messages that answer a question for everything."""
    body = bytes(_LINK.size)
    netlink.sendto(_HEADER.pack(_HEADER.size + len(body), question, _DUMP, 1, 0) + body, (0, 0))
    while True:
        data = netlink.recv(_READ_SIZE)
        at = 0
        while at + _HEADER.size <= len(data):
            length, kind, *_ = _HEADER.unpack_from(data, at)
            if kind in (_DONE, _FAILED) or length < _HEADER.size:
                return
            if kind == answer:
                yield data[at + _HEADER.size : at + length]
            at += (length + 3) & ~3


def _address(data: bytes, up: set[int]) -> str:
    """The address of one message; "" where it counts for nothing."""
    family, _, _, _, index = _ADDRESS.unpack_from(data)
    size = {socket.AF_INET: 4, socket.AF_INET6: 16}.get(family)
    if size is None or index not in up:
        return ""
    found: dict[int, bytes] = {}
    at = _ADDRESS.size
    while at + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            break
        found[kind] = data[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3
    # On a point-to-point link IFA_ADDRESS is the other end
    packed = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS) or b""
    return socket.inet_ntop(family, packed) if len(packed) == size else ""
