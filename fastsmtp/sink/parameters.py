"""Parameters of MAIL and RCPT, held against what was offered.

    refuse(parameters, known, offer)   (refusal, violation), each empty where there is none

Source: RFC 1870 (SIZE), 6152, 3030 (BODY), 3461 (RET, ENVID, NOTIFY, ORCPT), 4954 (AUTH).
"""

from typing import Final, NamedTuple

MAIL: Final = frozenset({b"SIZE", b"BODY", b"RET", b"ENVID", b"AUTH"})
RCPT: Final = frozenset({b"NOTIFY", b"ORCPT"})

NOT_KNOWN: Final = b"555 5.5.4 Parameter not known\r\n"


class Offer(NamedTuple):
    """What EHLO offered."""

    esmtp: bool
    eightbit: bool
    binarymime: bool
    auth: bool
    size_limit: int

    def has(self, name: bytes) -> bool:
        if name == b"BODY":
            return self.esmtp and self.eightbit
        return self.esmtp and (name != b"AUTH" or self.auth)


def refuse(parameters: tuple[bytes, ...], known: frozenset[bytes], offer: Offer) -> tuple[bytes, str]:
    for parameter in parameters:
        name, _, value = parameter.upper().partition(b"=")
        if name not in known or not offer.has(name):
            return NOT_KNOWN, f"parameter {name.decode('ascii', 'replace')} without an offer"
        if name == b"SIZE":
            if not value.isdigit():
                return b"501 5.5.4 SIZE needs a number\r\n", ""
            if int(value) > offer.size_limit:
                return b"552 5.3.4 Message too big\r\n", ""
        elif name == b"BODY" and value not in (b"7BIT", b"8BITMIME", b"BINARYMIME"):
            return b"501 5.5.4 BODY is 7BIT, 8BITMIME or BINARYMIME\r\n", ""
        elif value == b"BINARYMIME" and not offer.binarymime:
            return NOT_KNOWN, "BODY=BINARYMIME without an offer"
    return b"", ""
