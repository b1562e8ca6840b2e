"""Kinds of values: what the text of a parameter may be, and what it means.

A kind turns expanded text into a value (`parse`), or raises BadValue with what was expected. Each belongs
to a shape, and a shape to a getter of Settings: flag -> bool, number -> int, seconds -> float, text -> str,
words -> tuple of str.

    Flag Number Size Seconds ShortTime Text Path Choice Level Address Feedback
    Words NameMask PatternList Maps Interfaces TlsProtocols

Opens nothing and asks nobody: that a path can be read, a table exists or a host has an address is found by
the room that uses it. Bounds are Postfix's; where Postfix takes a negative number without meaning, it is
refused here.
Source: postconf(5); mail_conf_bool(3), mail_conf_int(3), mail_conf_time(3), name_mask(3), conv_time(3).
"""

from fastsmtp.conf.level import level
from fastsmtp.conf.lists import BLANKS, split_words
from fastsmtp.conf.parameter import BadValue, Kind

LARGEST = 2**31 - 1  # Postfix keeps numbers and seconds in a C int
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Flag(Kind):
    __slots__ = ()
    shape = "flag"

    def parse(self, text: str) -> bool:
        folded = text.lower()
        if folded == "yes":
            return True
        if folded == "no":
            return False
        raise self.bad()

    def describe(self) -> str:
        return "yes or no"


def decimal(text: str) -> int | None:
    """A decimal number with an optional sign, as C's strtol reads it; None for anything else or out of
    range.
    """
    digits = text[1:] if text[:1] in ("+", "-") and text else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 20:
        return None
    number = -int(digits) if text[0] == "-" else int(digits)
    return number if -LARGEST - 1 <= number <= LARGEST else None


class Number(Kind):
    __slots__ = ("maximum", "minimum")
    shape = "number"
    noun = "number"

    def __init__(self, minimum: int = 0, maximum: int = LARGEST) -> None:
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, text: str) -> int:
        number = decimal(text)
        if number is None or not self.minimum <= number <= self.maximum:
            raise self.bad()
        return number

    def describe(self) -> str:
        if self.maximum == LARGEST:
            return f"a {self.noun}, {self.minimum} or more"
        return f"a {self.noun} from {self.minimum} to {self.maximum}"


class Size(Number):
    """Bytes. No unit letters: Postfix has none for sizes."""

    __slots__ = ()
    noun = "number of bytes"


class Seconds(Kind):
    """A time limit; `unit` is the letter that holds when none is written: that of Postfix's default value."""

    __slots__ = ("minimum", "unit")
    shape = "seconds"

    def __init__(self, minimum: int = 0, unit: str = "s") -> None:
        self.minimum = minimum
        self.unit = unit

    def parse(self, text: str) -> float:
        end = 1 if text[:1] == "+" else 0
        start = end
        while end < len(text) and text[end] in "0123456789":
            end += 1
        # Only the first letter counts, as in Postfix: 10sec is 10s, and 1month is one minute.
        scale = UNITS.get(text[end : end + 1] or self.unit)
        if end == start or end - start > 20 or scale is None:
            raise self.bad()
        seconds = int(text[start:end]) * scale
        if not self.minimum <= seconds <= LARGEST:
            raise self.bad()
        return float(seconds)

    def describe(self) -> str:
        least = f", at least {self.minimum}s" if self.minimum else ""
        names = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
        return f"a time like 10s, 5m, 2h, 3d or 1w (without a letter: {names[self.unit]}){least}"


class ShortTime(Kind):
    """A time below a second can be meant: `50ms`. Only for parameters that Postfix does not have."""

    __slots__ = ()
    shape = "seconds"

    def parse(self, text: str) -> float:
        if text.endswith("ms"):
            number = decimal(text[:-2])
            if number is None or number < 0:
                raise self.bad()
            return number / 1000
        number = decimal(text[:-1]) if text[-1:] in UNITS else None
        if number is None or number < 0:
            raise self.bad()
        return float(number * UNITS[text[-1]])

    def describe(self) -> str:
        return "a time with its unit, like 50ms, 2s or 1m"


class Text(Kind):
    __slots__ = ("minimum",)
    shape = "text"

    def __init__(self, minimum: int = 0) -> None:
        self.minimum = minimum

    def parse(self, text: str) -> str:
        if len(text) < self.minimum:
            raise self.bad()
        return text

    def describe(self) -> str:
        return f"text of {self.minimum} character or more" if self.minimum else "text"


class Path(Text):
    __slots__ = ()

    def describe(self) -> str:
        return "a file or directory, or nothing" if not self.minimum else "a file or directory"


class Choice(Kind):
    """One of a few words. `fold`: any case will do, the value is the word as listed."""

    __slots__ = ("fold", "names")
    shape = "text"

    def __init__(self, *names: str, fold: bool = False) -> None:
        self.names = names
        self.fold = fold

    def parse(self, text: str) -> str:
        word = text.lower() if self.fold else text
        if word not in self.names:
            raise self.bad()
        return word

    def describe(self) -> str:
        return "one of " + ", ".join(name or "(nothing)" for name in self.names)


class Level(Kind):
    __slots__ = ()
    shape = "text"

    def parse(self, text: str) -> str:
        try:
            level(text)
        except ValueError:
            raise self.bad() from None
        return text

    def describe(self) -> str:
        return "a Postfix version like 3.6"


class Address(Kind):
    """An IP address of one family, as text without the brackets it may be written in; empty is none."""

    __slots__ = ("family",)
    shape = "text"

    def __init__(self, family: int) -> None:
        self.family = family

    def parse(self, text: str) -> str:
        if not text:
            return ""
        bare = text[1:-1] if text[0] == "[" and text[-1] == "]" else text
        if self.family == 6:
            bare = bare[5:] if bare[:5].lower() == "ipv6:" else bare
        if not (is_ipv4(bare) if self.family == 4 else is_ipv6(bare)):
            raise self.bad()
        return bare

    def describe(self) -> str:
        return f"an IPv{self.family} address, or nothing"


def is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(p.isascii() and p.isdigit() and len(p) < 4 and int(p) < 256 for p in parts)


def is_ipv6(text: str) -> bool:
    """RFC 4291 2.2: eight groups of hex digits, `::` once for some of them, the last two maybe as IPv4."""
    if "." in text:
        head, _, tail = text.rpartition(":")
        if not is_ipv4(tail):
            return False
        text = f"{head}:0:0"
    left, gap, right = text.partition("::")
    groups = [*left.split(":")] if left else []
    groups += right.split(":") if right else []
    if not all(0 < len(group) < 5 and set(group) <= _HEX for group in groups):
        return False
    return len(groups) < 8 if gap else len(groups) == 8


_HEX = frozenset("0123456789abcdefABCDEF")


class Feedback(Kind):
    """How much one delivery moves the concurrency window: a number, or one divided by another, by the window
    or by its root.
    """

    __slots__ = ()
    shape = "text"

    def parse(self, text: str) -> str:
        number, slash, divisor = (part.strip(BLANKS) for part in text.partition("/"))
        by = 1.0
        if slash and divisor.lower() not in ("concurrency", "sqrt_concurrency"):
            by = self._number(divisor)
        if not by or self._number(number) / by > 1:
            raise self.bad()
        return text

    def _number(self, text: str) -> float:
        """Decimal digits, maybe with a point among them."""
        digits = text.replace(".", "", 1)
        if not (digits.isascii() and digits.isdigit()):
            raise self.bad()
        return float(text)

    def describe(self) -> str:
        return "a number from 0 to 1, or a number / concurrency, / sqrt_concurrency or / a number"


class Words(Kind):
    """A list: commas and blanks separate. `check` says no to a word by returning what was expected."""

    __slots__ = ("minimum",)
    shape = "words"

    def __init__(self, minimum: int = 0) -> None:
        self.minimum = minimum

    def parse(self, text: str) -> tuple[str, ...]:
        words = split_words(text)
        if len(words) < self.minimum:
            raise self.bad()
        return words

    def describe(self) -> str:
        return "a list of one word or more" if self.minimum else "a list"


class NameMask(Words):
    """A list in which only the given words may stand. `fold`: any case; the value is the word as listed."""

    __slots__ = ("fold", "names")

    def __init__(self, *names: str, fold: bool = False, minimum: int = 0) -> None:
        super().__init__(minimum)
        self.names = names
        self.fold = fold

    def parse(self, text: str) -> tuple[str, ...]:
        words = split_words(text.lower() if self.fold else text)
        wrong = [word for word in words if word not in self.names]
        if wrong:
            raise BadValue(f'unknown word "{wrong[0]}": expected {self.describe()}')
        if len(words) < self.minimum:
            raise self.bad()
        return words

    def describe(self) -> str:
        return f"a list of {', '.join(self.names)}"


class PatternList(Words):
    """Patterns, files with patterns, tables, and `!` before any of them. What they match is `lookup`'s
    business.
    """

    __slots__ = ()

    def parse(self, text: str) -> tuple[str, ...]:
        words = split_words(text)
        if any(not word.strip("!") for word in words):
            raise BadValue('"!" without a pattern: expected a list of patterns')
        return words

    def describe(self) -> str:
        return "a list of patterns, /files and type:name tables, each maybe after !"


class Maps(Words):
    """Lookup tables `type:name`, searched in this order. A table that cannot be opened defers, it does not
    stop the start (DESIGN of Postfix's surrogate tables), so nothing is refused here."""

    __slots__ = ()

    def describe(self) -> str:
        return "a list of lookup tables type:name"


class Interfaces(Words):
    """inet_interfaces: addresses or host names; `all` and `loopback-only` stand alone."""

    __slots__ = ()

    def parse(self, text: str) -> tuple[str, ...]:
        words = super().parse(text)
        if len(words) > 1 and ("all" in words or "loopback-only" in words):
            raise self.bad()
        return words

    def describe(self) -> str:
        return "all alone, loopback-only alone, or a list of addresses"


class TlsProtocols(Words):
    """TLS versions: `>=TLSv1.2`, `<=TLSv1.3`, `!TLSv1.1`, or the names of those wanted; any case."""

    __slots__ = ()
    names = ("sslv2", "sslv3", "tlsv1", "tlsv1.1", "tlsv1.2", "tlsv1.3")

    def parse(self, text: str) -> tuple[str, ...]:
        words = split_words(text)
        for word in words:
            bare = word.removeprefix("!")
            if bare == word:
                bare = word.removeprefix(">=").removeprefix("<=")
            # Hexadecimal version numbers (0x0303) are also allowed after >= and <=, as Postfix 3.6 has it.
            hexadecimal = bare.lower().startswith("0x") and set(bare[2:]) <= _HEX and len(bare) == 6
            if bare.lower() not in self.names and not (hexadecimal and bare != word):
                raise BadValue(f'unknown TLS version "{word}": expected {self.describe()}')
        return words

    def describe(self) -> str:
        return "TLS versions like >=TLSv1.2 or !TLSv1.1 (SSLv2 SSLv3 TLSv1 TLSv1.1 TLSv1.2 TLSv1.3)"
