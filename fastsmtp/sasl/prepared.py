"""SASLprep: the one form in which a name or a password is compared, whatever keyboard it was typed on.

    prepared(text)    ValueError for what no name or password may hold

Code points that Unicode 3.2 did not know pass: ours are queries, not stored strings.
Source: RFC 4013, 3454.
"""

import stringprep
from unicodedata import ucd_3_2_0 as unicodedata

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def prepared(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    mapped = (
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    normal = unicodedata.normalize("NFKC", "".join(mapped))
    for character in normal:
        if any(prohibits(character) for prohibits in _PROHIBITED):
            raise ValueError("a character that SASLprep prohibits")
    _check_direction(normal)
    return normal


def _check_direction(text: str) -> None:
    """Text that is written from the right has nothing written from the left in it, and right at both ends."""
    from_right = [stringprep.in_table_d1(character) for character in text]
    if not any(from_right):
        return
    if any(map(stringprep.in_table_d2, text)) or not (from_right[0] and from_right[-1]):
        raise ValueError("a mixture of writing directions that SASLprep prohibits")
