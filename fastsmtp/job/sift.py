"""The last step of reading a list, the same for each kind of file: addresses checked, rows made.

    Sifter().sift(lines, addresses, packed, good, bad)   appends a Row or a Rejected for each line
    rejected(line, address, reason)                      a Rejected that is fit to be stored and printed
    control_reason(name, text)                           why a field's text cannot be taken; "" if it can

Rows are plain tuples and whole columns are handled at once: with a NamedTuple and a match a row, import ran
at a third of the speed. A column that holds one odd address is halved until the odd one stands alone. Does
not look for duplicates: that needs all rows, and is the spool's.
Source: ours.
"""

import re
from collections.abc import Iterable, Sequence

from fastsmtp.mail.address import parse, parse_domain, split_plain

Row = tuple[int, str, str, str, str]
"""(line, address, domain, key, fields); key, for duplicates: the address in lower case, with A-labels."""
Rejected = tuple[int, str, str]
"""(line, address as far as it can be shown, reason)"""
Chunk = tuple[list[Row], list[Rejected]]

_SMALL = 16  # a column this short is parsed address by address
_DOMAINS_LIMIT = 20_000  # checked domains remembered: about 3 MB
_SHOWN_LIMIT = 320  # characters of a bad address that are worth keeping
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_NOT_UTF8 = re.compile("[\ud800-\udfff]")
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


def control_reason(name: str, text: str) -> str:
    """Control characters (TAB apart) and octets that were not UTF-8 make a field unusable anywhere."""
    if _CONTROL.search(text):
        return f"control character in `{name}`"
    if _NOT_UTF8.search(text):
        return f"`{name}` is not UTF-8"
    return ""


def rejected(line: int, address: str, reason: str) -> Rejected:
    """A bad row; what cannot be printed in its address is replaced."""
    shown = _UNSHOWABLE.sub("\ufffd", address.strip(" \t")[:_SHOWN_LIMIT])
    return line, shown, _UNSHOWABLE.sub("\ufffd", reason)


class Sifter:
    """Checks addresses, and remembers the domains that passed."""

    def __init__(self, *, utf8: bool = False) -> None:
        """`utf8`: local parts may be outside ASCII."""
        self._utf8 = utf8
        self._domains: dict[str, str] = {}  # to itself: all rows of a domain then share one string

    def sift(
        self,
        lines: Sequence[int],
        addresses: Sequence[str],
        packed: Sequence[str],
        good: list[Row],
        bad: list[Rejected],
    ) -> None:
        """The three columns are of one length, and hold no control characters."""
        plain = split_plain(addresses)
        if plain is not None:
            keys, names = plain
            if self._learn(names):
                domains = map(self._domains.__getitem__, names)
                good.extend(zip(lines, addresses, domains, keys, packed, strict=True))
                return
        count = len(addresses)
        if count > _SMALL:
            for part in (slice(0, count // 2), slice(count // 2, count)):
                self.sift(lines[part], addresses[part], packed[part], good, bad)
            return
        for line, address, fields in zip(lines, addresses, packed, strict=True):
            parsed = parse(address, utf8=self._utf8)
            if isinstance(parsed, str):
                bad.append(rejected(line, address, parsed))
            else:
                domain = parsed.domain
                good.append((line, address.strip(" \t"), domain, f"{parsed.local.lower()}@{domain}", fields))

    def _learn(self, names: Iterable[str]) -> bool:
        """Whether all of `names` (lower case) are domains; remembers them."""
        new = set(names).difference(self._domains)
        if new:
            if len(self._domains) + len(new) > _DOMAINS_LIMIT:
                self._domains.clear()
                new = set(names)
            for name in new:
                if parse_domain(name) is None:
                    return False
                self._domains[name] = name
        return True
