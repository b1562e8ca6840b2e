"""The entries of a Berkeley DB file, hash or btree: what postmap makes of hash: and btree: tables.

    entries(data, kind)     (key, value) pairs, in the order of the file; TableError if it is no such file

A file is a row of pages; leaves hold keys and values in turn, each on its page or, if it is long, on a chain
of pages of its own. All leaves are read one after another: nothing need be known of trees and buckets. Not
read: files with checksums, encryption or duplicates, which Postfix never makes.
Source: Berkeley DB's db_page.h (DBMETA, PAGE, BKEYDATA, BOVERFLOW, HKEYDATA, HOFFPAGE).
"""

import struct
from collections.abc import Iterator

from fastsmtp.errors import TableError

MAGIC = {"btree": 0x053162, "hash": 0x061561}
HEAD = 26  # bytes before the offsets of a page's items; the type of the page is the last of them
BTREE_LEAF, OVERFLOW, HASH, OLD_HASH = 5, 7, 13, 2
KEYDATA, DUPLICATE, LONG = 1, 2, 3  # types of items
DELETED = 0x80


def entries(data: bytes, kind: str) -> Iterator[tuple[bytes, bytes]]:
    """`kind` is hash or btree."""
    try:
        yield from _File(data, kind).entries()
    except (struct.error, IndexError):
        raise TableError(f"the {kind} file is damaged") from None


class _File:
    """Its pages."""

    def __init__(self, data: bytes, kind: str) -> None:
        self.data = data
        self.order = "<" if struct.unpack_from("<I", data, 12)[0] in MAGIC.values() else ">"
        magic, _, self.size = struct.unpack_from(f"{self.order}III", data, 12)
        if magic != MAGIC[kind]:
            found = [name for name, number in MAGIC.items() if number == magic]
            raise TableError(f"this is no {kind} file" + (f" but a {found[0]} file" if found else ""))
        encrypted, _, has_checksums = data[24:27]
        if encrypted or has_checksums & 1 or self.size < HEAD:
            raise TableError(f"a {kind} file with checksums or encryption cannot be read")

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        for start in range(0, len(self.data) - self.size + 1, self.size):
            kind = self.data[start + HEAD - 1]
            if kind in (BTREE_LEAF, HASH, OLD_HASH):
                items = self._items(start, of_btree=kind == BTREE_LEAF)
                for key, value in zip(items[::2], items[1::2], strict=True):
                    if key is not None and value is not None:
                        yield key, value

    def _items(self, start: int, *, of_btree: bool) -> list[bytes | None]:
        """The items of a leaf; None for one that was deleted."""
        count = struct.unpack_from(f"{self.order}H", self.data, start + 20)[0]
        offsets = struct.unpack_from(f"{self.order}{count}H", self.data, start + HEAD)
        if of_btree:
            return [self._btree_item(start + offset) for offset in offsets]
        ends = (self.size, *offsets)
        return [self._hash_item(start + at, start + ends[n]) for n, at in enumerate(offsets)]

    def _btree_item(self, at: int) -> bytes | None:
        length, kind = struct.unpack_from(f"{self.order}HB", self.data, at)
        if kind & DELETED:
            return None
        return self.data[at + 3 : at + 3 + length] if kind == KEYDATA else self._long(kind, at)

    def _hash_item(self, at: int, end: int) -> bytes:
        kind = self.data[at]
        return self.data[at + 1 : end] if kind == KEYDATA else self._long(kind, at)

    def _long(self, kind: int, at: int) -> bytes:
        """An item on pages of its own; its number of the first and its length stand in its place."""
        if kind != LONG:
            raise TableError("a file with duplicate keys cannot be read")
        page, left = struct.unpack_from(f"{self.order}II", self.data, at + 4)
        parts = []
        while left > 0:
            start = page * self.size
            page, length = struct.unpack_from(f"{self.order}4xI2xH", self.data, start + 12)
            if self.data[start + HEAD - 1] != OVERFLOW or not length:
                raise IndexError
            parts.append(self.data[start + HEAD : start + HEAD + length])
            left -= length
        return b"".join(parts)
