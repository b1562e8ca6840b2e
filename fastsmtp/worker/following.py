"""Tables and pattern lists of a run that keeps them: opened once, loaded only where set, followed.

    maps(name, words, warn)          .now, a Maps
    patterns(name, words, warn)      .now, a PatternList
    either .look()                   whether it was opened anew: what was remembered of it counts no more

Their files are looked at once a second at most, when somebody asks (fastsmtp.lookup.followed).
Source: ours; spec: config, 10.
"""

import importlib
import time
from collections.abc import Callable, Iterable
from typing import Any

from fastsmtp.worker.apart import apart

Warn = Callable[[str], None]


class Kept:
    """What is made of the tables of one parameter."""

    __slots__ = ("_followed",)

    def __init__(self, followed: Any) -> None:  # its type would load what this module is there to leave alone
        self._followed = followed

    def look(self) -> bool:
        return bool(self._followed.look(time.monotonic()))

    @property
    def now(self) -> Any:
        return self._followed.at(time.monotonic())


def maps(name: str, words: Iterable[str], warn: Warn) -> Kept:
    """The tables `words` of the parameter `name`. `warn` hears what is wrong with them, also later."""
    module = importlib.import_module("fastsmtp.lookup.maps")
    followed = importlib.import_module("fastsmtp.lookup.followed").Followed
    return Kept(followed(lambda: module.Maps.open(name, words, warn), apart))


def patterns(name: str, words: Iterable[str], warn: Warn, *, parents: Iterable[str] = ()) -> Kept:
    """The same for patterns. `parents`: parent_domain_matches_subdomains, which may name the parameter."""
    module = importlib.import_module("fastsmtp.lookup.pattern_list")
    below = module.parent_style(parents, name)
    followed = importlib.import_module("fastsmtp.lookup.followed").Followed
    return Kept(followed(lambda: module.PatternList.open(name, words, warn, parents=below), apart))
