"""The entries of a cdb file: what postmap makes of cdb: tables.

    entries(data)     (key, value) pairs, in the order of the file; TableError if it is no such file

2048 bytes that say where 256 hash tables stand, then the records, each two lengths, a key and a value, then
the tables. Records are read one after another: the tables are for those who keep the file on the disk.
Source: D. J. Bernstein, "A structure for constant databases".
"""

import struct
from collections.abc import Iterator

from fastsmtp.errors import TableError

HEAD = 2048


def entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if len(data) < HEAD:
        raise TableError("the cdb file is damaged")
    end = min(struct.unpack_from("<512I", data)[::2])
    at = HEAD
    while at < end:
        if at + 8 > len(data):
            raise TableError("the cdb file is damaged")
        key_length, value_length = struct.unpack_from("<II", data, at)
        key_end = at + 8 + key_length
        if key_end + value_length > end or end > len(data):
            raise TableError("the cdb file is damaged")
        yield data[at + 8 : key_end], data[key_end : key_end + value_length]
        at = key_end + value_length
