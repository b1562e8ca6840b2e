"""Plain twin of fastsmtp.wire.form: what is harmless, as the grammar says it, and filling it in.

Source: ours; RFC 5322 3.2.3, RFC 5321 4.1.2.
"""

import re
from collections.abc import Sequence

WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_ATOM = r"[A-Za-z0-9_-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
ADDRESS = re.compile(rf"{_ATOM}(?:[.+]{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{_LABEL}")


def fill(
    literals: Sequence[bytes], holes: Sequence[int], rooms: Sequence[int], values: Sequence[object]
) -> bytes | None:
    if len(values) != len(rooms):
        return None
    for number, (value, room) in enumerate(zip(values, rooms, strict=True)):
        if room < 0:
            continue
        harmless = WORD if number else ADDRESS
        if type(value) is not str or len(value) > room or not harmless.fullmatch(value):
            return None
    filled = [literals[0]]
    for hole, literal in zip(holes, literals[1:], strict=True):
        filled += [str(values[hole]).encode(), literal]
    return b"".join(filled)
