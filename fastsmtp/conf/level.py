"""Versions of Postfix, as compatibility_level names them: compared number by number, 3.6 before 3.10.

Source: postconf(5), compatibility_level; compat_level(3).
"""


def level(text: str) -> tuple[int, int, int]:
    """`3`, `3.6` or `3.6.1` as numbers that can be compared; ValueError if it is no version."""
    parts = text.strip().split(".")
    if len(parts) > 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f'"{text}" is not a compatibility level like 3.6')
    numbers = [*map(int, parts), 0, 0]
    return numbers[0], numbers[1], numbers[2]
