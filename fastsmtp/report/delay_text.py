"""Delays as Postfix logs them: two significant digits, few decimals, no trailing zeros.

    delay_text(resolution)(seconds) -> "0", "0.02", "0.4", "1.2", "12", "123"

At most `resolution` decimals; rounded half up; whole seconds are never rounded to tens. A negative span (the
clock was set back) is 0. A log line has five of these, most of them small: those come from a table.

Source: queue.md 12.2; Postfix delay_logging_resolution_limit.
"""

from collections.abc import Callable

MICRO = 1_000_000
SIGNIFICANT = 2
STEPS = (
    10**SIGNIFICANT
)  # of the last decimal: up to here rounding is to the last decimal, above to two digits
HALF = 0.5 + 1e-6  # what binary fractions lack of a half is much less than a microsecond


def delay_text(resolution: int) -> Callable[[float], str]:
    """The format for `resolution` decimals, 0 to 6. A closure: a third faster than a method."""
    per_second = 10.0**resolution
    small = [spell(steps * MICRO // 10**resolution) for steps in range(STEPS + 1)]
    small_limit = STEPS / per_second
    half, whole_from = HALF, STEPS / 10

    def text(seconds: float) -> str:
        if seconds < small_limit:
            return small[int(seconds * per_second + half)] if seconds > 0.0 else "0"
        if seconds >= whole_from:
            return str(int(seconds + half))
        span = int(seconds * MICRO + half)
        unit = 10 ** (len(str(span)) - SIGNIFICANT)
        return spell((span + unit // 2) // unit * unit)

    return text


def spell(span: int) -> str:
    """Microseconds as seconds, no digit more than needed."""
    whole, rest = divmod(span, MICRO)
    return f"{whole}.{rest:06d}".rstrip("0").removesuffix(".")
