"""What is set for a peer alone: smtp_discard_ehlo_keyword_address_maps, smtp_pix_workaround_maps,
debug_peer_list.

    peer_tables(settings, warn)    for SessionRules; None: every peer is met in the same way

Tables are modules that most runs never need, and start-up time is part of each job.
Source: ours; spec: session, 5, 8; config, 9.3.
"""

import importlib
import time
from collections.abc import Callable
from typing import Any

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import TableError
from fastsmtp.session.rules import Tables
from fastsmtp.worker.apart import apart

NAMES = DISCARD, PIX, DEBUG = (
    "smtp_discard_ehlo_keyword_address_maps",
    "smtp_pix_workaround_maps",
    "debug_peer_list",
)


class PeerTables:
    """The tables, opened, and opened anew when they change."""

    def __init__(self, settings: Settings, warn: Callable[[str], None]) -> None:
        maps = importlib.import_module("fastsmtp.lookup.maps").Maps
        follow = importlib.import_module("fastsmtp.lookup.followed").Followed
        self._discard = follow(lambda: maps.open(DISCARD, settings.words(DISCARD), warn), apart)
        self._pix = follow(lambda: maps.open(PIX, settings.words(PIX), warn), apart)
        self._words = tuple(settings.words(name) for name in NAMES)
        self._warn = warn
        self._debugged = follow(lambda: self._open_debug_list(settings)) if settings.words(DEBUG) else None

    def discard(self, address: str) -> str | None:
        found: str | None = self._discard.at(time.monotonic()).find(address)
        return found

    def pix(self, address: str) -> str | None:
        found: str | None = self._pix.at(time.monotonic()).find(address)
        return found

    def _open_debug_list(self, settings: Settings) -> Any:
        lists = importlib.import_module("fastsmtp.lookup.pattern_list")
        parents = lists.parent_style(settings.words("parent_domain_matches_subdomains"), DEBUG)
        return lists.PatternList.open(DEBUG, settings.words(DEBUG), self._warn, parents=parents)

    def debugs(self, nexthop: str, name: str, address: str) -> bool:
        """A list that cannot be read is no reason to hold mail back."""
        if self._debugged is None:
            return False
        try:
            bare = nexthop.lstrip("[").partition("]")[0].partition(":")[0]
            debugged = self._debugged.at(time.monotonic())
            return bool(debugged.match_host(bare) or debugged.match_peer(name, address))
        except TableError as error:
            self._warn(str(error))
            return False

    def __eq__(self, other: object) -> bool:
        """A reload that names the same tables changes nothing for sessions that are open."""
        return isinstance(other, PeerTables) and self._words == other._words

    def __hash__(self) -> int:
        return hash(self._words)


def peer_tables(settings: Settings, warn: Callable[[str], None]) -> Tables | None:
    """`warn` hears what is wrong with the tables, also later."""
    return PeerTables(settings, warn) if any(settings.words(name) for name in NAMES) else None
