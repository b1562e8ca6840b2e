"""smtp_generic_maps as a run uses it: opened once, and loaded only where it is set.

    rewriter(settings, warn)    for Content and `fastsmtp wire`; None: no address is replaced

Tables and headers are some ten modules that most runs never need, and start-up time is part of each job.
Source: ours; spec: content, 6.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from fastsmtp.conf.settings import Settings, read
from fastsmtp.delivery.content_rules import Rewriter
from fastsmtp.errors import SettingError
from fastsmtp.worker.apart import apart


def rewriter(settings: Settings, warn: Callable[[str], None]) -> Rewriter | None:
    """`warn` hears what is wrong with the tables, also later."""
    tables = settings.words("smtp_generic_maps")
    if not tables:
        return None
    generic = importlib.import_module("fastsmtp.lookup.generic")
    rewriting = importlib.import_module("fastsmtp.delivery.rewriting")
    rules = generic.GenericRules(
        tables=tables,
        delimiter=settings.text("recipient_delimiter"),
        propagates="generic" in settings.words("propagate_unmatched_extensions"),
        origin=origin(settings),
        destinations=settings.words("mydestination"),
    )
    found: Rewriter = rewriting.Rewriting(
        generic.Generic(rules, warn, apart), settings.number("header_size_limit")
    )
    return found


def origin(settings: Settings) -> str:
    """myorigin; on Debian it may be a file, whose first line it is."""
    text = settings.text("myorigin")
    if not text.startswith("/"):
        return text
    lines = read(Path(text)).splitlines()
    if not lines or not lines[0].strip():
        raise SettingError(
            f"{settings.origin('myorigin')}: myorigin = {text}: expected a domain in that file"
        )
    return lines[0].strip()
