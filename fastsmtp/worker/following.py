"""Tables and pattern lists of a run that keeps them: opened once, loaded only where set, followed.

    maps(settings, name, warn)          .now, a Maps
    patterns(settings, name, warn)      .now, a PatternList
    either .look()                      whether it was opened anew: what was remembered of it counts no more

Their files are looked at once a second at most, when somebody asks (fastsmtp.lookup.followed).
Source: ours; spec: config, 10.
"""

import importlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from fastsmtp.conf.settings import Settings

if TYPE_CHECKING:
    from fastsmtp.lookup.followed import Changeable, Followed
    from fastsmtp.lookup.maps import Maps
    from fastsmtp.lookup.pattern_list import PatternList

Opened = TypeVar("Opened", bound="Changeable")
Warn = Callable[[str], None]
PARENTS = "parent_domain_matches_subdomains"


class Kept(Generic[Opened]):
    """What is made of the tables of one parameter."""

    __slots__ = ("_followed",)

    def __init__(self, followed: "Followed[Opened]") -> None:
        self._followed = followed

    def look(self) -> bool:
        return self._followed.look(time.monotonic())

    @property
    def now(self) -> Opened:
        return self._followed.at(time.monotonic())


def maps(settings: Settings, name: str, warn: Warn) -> "Kept[Maps]":
    """`warn` hears what is wrong with the tables, also later."""
    words = settings.words(name)
    module = importlib.import_module("fastsmtp.lookup.maps")
    followed = importlib.import_module("fastsmtp.lookup.followed").Followed
    return Kept(followed(lambda: module.Maps.open(name, words, warn)))


def patterns(settings: Settings, name: str, warn: Warn) -> "Kept[PatternList]":
    """The same; whether example.com stands for its hosts is as the settings say for `name`."""
    words = settings.words(name)
    module = importlib.import_module("fastsmtp.lookup.pattern_list")
    parents = module.parent_style(settings.words(PARENTS), name)
    followed = importlib.import_module("fastsmtp.lookup.followed").Followed
    return Kept(followed(lambda: module.PatternList.open(name, words, warn, parents=parents)))
