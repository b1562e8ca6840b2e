"""The short way for most rows: a whole message as literal octets and holes, for values that are harmless
wherever they stand.

    find_shortcut(literals, dynamic, fields)    None where the message has no such way

A value of letters, digits and dashes (for `email`: a plain address) is the same octets in a header, a phrase,
an address, text, HTML and quoted-printable, as long as no line grows too long for what it is in. So the long
way is walked with marked values of several lengths: where only the marks differ, the rest is literal, and the
longest mark that changed nothing is the room that a value has. Whatever holds no mark (base64), or moves with
the length, has no short way, and nor has text with expressions.

Does not fill anything in: that is fastsmtp.wire.form, which also knows what is harmless.
Source: ours: one step for a whole message, where the pieces one by one cost ten times as much.
"""

import os
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fastsmtp.errors import RenderError
from fastsmtp.mail.fields import ADDRESS_FIELD
from fastsmtp.render.expression import Values

Dynamic = tuple[int, Callable[[Values], bytes]]  # the place among the literals that a piece fills

_LENGTHS = (60, 48, 36, 28, 20, 16)  # of values, longest first: some room is worth knowing, not each octet
_SHORTEST = 14  # octets of a mark
_TAG = f"q{os.urandom(3).hex()}"  # a word that no message holds
_MARK = re.compile(rf"{_TAG}(\d\d)x+(?:@q)?q".encode())


class Shortcut(NamedTuple):
    """A message as literals with a field between each two of them."""

    literals: list[bytes]
    fields: list[str]  # one less than literals
    rooms: dict[str, int]  # by field: the longest value, in octets


def find_shortcut(
    literals: Sequence[bytes], dynamic: Sequence[Dynamic], fields: frozenset[str]
) -> Shortcut | None:
    """`literals` with an empty one where each of `dynamic` goes; `fields` of them all."""
    names = sorted(fields)
    rooms = dict.fromkeys(names, _LENGTHS[0])
    pieces = [[literal] for literal in literals]
    holes: list[str] = []
    for place, piece in dynamic:
        shape = _shape(piece, names, _SHORTEST)
        room = next((size for size in _LENGTHS if shape and _shape(piece, names, size) == shape), None)
        if shape is None or room is None or any(_begins_a_line(text) for text in shape[:-1:2]):
            return None
        for index in shape[1::2]:
            name = names[int(index)]
            holes.append(name)
            rooms[name] = min(rooms[name], room)
        pieces[place] = shape[::2]
    return Shortcut(_joined(pieces), holes, rooms)


def _joined(pieces: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Between the texts of one piece stands a hole, between two pieces nothing."""
    joined = [[b""]]
    for first, *others in pieces:
        joined[-1].append(first)
        joined += [[text] for text in others]
    return [b"".join(texts) for texts in joined]


def _shape(piece: Callable[[Values], bytes], names: Sequence[str], size: int) -> list[bytes] | None:
    """What the piece makes of marks of `size`: literal, number of a name, literal, ...; None without them."""
    marks = {name: _mark(number, size, is_address=name == ADDRESS_FIELD) for number, name in enumerate(names)}
    try:
        shape = _MARK.split(piece(Values(marks)))
    except RenderError:
        return None
    return shape if len(shape) > 1 else None


def _mark(number: int, size: int, *, is_address: bool) -> str:
    end = "@qq" if is_address else "q"
    return f"{_TAG}{number:02}{'x' * (size - len(_TAG) - 2 - len(end))}{end}"


def _begins_a_line(text: bytes) -> bool:
    """A value behind it may make a boundary of it."""
    return text.rpartition(b"\n")[2].startswith(b"--")
