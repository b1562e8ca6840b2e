"""What TLS must achieve, for a run: nothing of it is loaded where no host can ever need it.

    policy(settings, warn)      for Generation.tls; None: every session stays in the clear
    policy(settings, None)      checks alone: SettingError for what is not obeyed
    level_word(settings)        the global level

Start-up time is part of each job, and the TLS library is the largest of all that a run may load.
Source: Postfix smtp_tls_security_level, smtp_use_tls, smtp_enforce_tls, smtp_tls_enforce_peername; spec:
tls, 2."""

import importlib
from collections.abc import Callable
from typing import Any

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError

TABLES = ("smtp_tls_policy_maps", "smtp_tls_per_site")


def policy(settings: Settings, warn: Callable[[str], None] | None) -> Any:
    """Opened: certificates and tables are read. `warn` hears what is wrong with them, also later."""
    if not _is_needed(settings):
        return None
    _check(settings)
    if warn is None:
        return None
    rules = importlib.import_module("fastsmtp.worker.tls_rules")
    return rules.open_policy(settings, level_word(settings), warn)


def _is_needed(settings: Settings) -> bool:
    return (
        level_word(settings) != "none"
        or settings.flag("smtp_tls_wrappermode")
        or any(settings.words(name) for name in TABLES)
    )


def level_word(settings: Settings) -> str:
    """The older flags count where smtp_tls_security_level is empty."""
    level = settings.text("smtp_tls_security_level")
    if level:
        return level
    if settings.flag("smtp_enforce_tls"):
        return "verify" if settings.flag("smtp_tls_enforce_peername") else "encrypt"
    return "may" if settings.flag("smtp_use_tls") else "none"


def _check(settings: Settings) -> None:
    name = "smtp_tls_loglevel"
    words = settings.words(name)
    forbidden = importlib.import_module("fastsmtp.tls.loglevel").FORBIDDEN
    if any(word.lower() in forbidden for word in words):
        raise SettingError(
            f"{settings.origin(name)}: {name} = {' '.join(words)}: this would put passwords and mail into "
            "the log; expected 0 to 3, or words for them"
        )
