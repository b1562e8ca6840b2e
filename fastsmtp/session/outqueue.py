"""What the system has taken for a connection and the peer's system has not.

Source: ours; tcp(7), SIOCOUTQ (TIOCOUTQ of termios is the same number).
"""

import asyncio
import fcntl
import sys
import termios


def unacknowledged(transport: asyncio.Transport) -> int:
    """Bytes that were written and are here, or with the system and not taken by the peer's yet."""
    return transport.get_write_buffer_size() + _with_the_system(transport)


def _with_the_system(transport: asyncio.Transport) -> int:
    """0 where that cannot be told."""
    place = transport.get_extra_info("socket")
    if place is None:
        return 0
    try:
        answer = fcntl.ioctl(place.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
    except OSError:
        return 0
    return int.from_bytes(answer, sys.byteorder)
