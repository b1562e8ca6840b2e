"""Credentials as a run uses them: read from the settings, opened where smtp_sasl_auth_enable is on.

    logins(settings, warn)    for the Generation; None: no session authenticates

All of SASL is loaded here, by name: most runs never need it, and start-up time is part of each job.
Source: Postfix smtp_sasl_glue(3); spec: sasl, 1, 3 to 7, 10.
"""

import importlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from fastsmtp.conf.settings import Settings
from fastsmtp.delivery.desk import Logins
from fastsmtp.errors import SettingError
from fastsmtp.worker import following

FILTER = "smtp_sasl_mechanism_filter"
PASSWORDS = "smtp_sasl_password_maps"
DELIMITER = "smtp_sasl_password_result_delimiter"
CACHE = "smtp_sasl_auth_cache_name"
IN_MEMORY = "internal"
PLUGINS = "smtp_sasl_path"
PROXY = "proxy:"
SUFFIX = ".refused"  # of our file, beside the table that Postfix has under the same name


class LoginRules(NamedTuple):
    """How credentials are looked up."""

    tables: tuple[str, ...]
    by_sender: bool
    demands: bool  # smtp_sasl_auth_enforce
    delimiter: str  # between user and password
    extensions: str  # recipient_delimiter
    origin: str
    destinations: tuple[str, ...]  # mydestination


def logins(settings: Settings, warn: Callable[[str], None] | None) -> Logins | None:
    """`warn` hears what is wrong with the tables, also later; None: the values alone are checked.
    SettingError with every problem.
    """
    if not settings.flag("smtp_sasl_auth_enable"):
        return None
    problems = [
        *_expected(settings, DELIMITER, "one character", lambda text: len(text) == 1),
        *_expected(settings, CACHE, f"type:/path, or {IN_MEMORY}:name", _is_cache),
    ]
    if problems:
        raise SettingError(*problems)
    return _opened(settings, warn) if warn is not None else None


def _expected(settings: Settings, name: str, what: str, fits: Callable[[str], bool]) -> list[str]:
    text = settings.text(name)
    return [] if fits(text) else [f"{settings.origin(name)}: {name} = {text}: expected {what}"]


def _is_cache(text: str) -> bool:
    kind, _, name = text.removeprefix(PROXY).partition(":")
    return not text or kind == IN_MEMORY or name.startswith("/")


def _opened(settings: Settings, warn: Callable[[str], None]) -> Logins:
    words = settings.words(FILTER)
    patterns = following.patterns(FILTER, words, warn) if words else None
    if patterns is not None and patterns.now.volatile:
        raise SettingError(
            f"{settings.origin(FILTER)}: {FILTER} = {' '.join(words)}: expected tables in files: "
            "the choice of a mechanism does not wait for a server"
        )

    def keeps(name: str) -> bool:
        return patterns is None or bool(patterns.now.match_text(name))

    looked_up = LoginRules(
        tables=settings.words(PASSWORDS),
        by_sender=settings.flag("smtp_sender_dependent_authentication"),
        demands=settings.flag("smtp_sasl_auth_enforce"),
        delimiter=settings.text(DELIMITER),
        extensions=settings.text("recipient_delimiter"),
        origin=importlib.import_module("fastsmtp.worker.rewriter").origin(settings),
        destinations=settings.words("mydestination"),
    )
    module = importlib.import_module("fastsmtp.session.authentication")
    rules = module.AuthenticationRules(
        clear=_properties(settings, "smtp_sasl_security_options"),
        tls=_properties(settings, "smtp_sasl_tls_security_options"),
        verified=_properties(settings, "smtp_sasl_tls_verified_security_options"),
        keeps=keeps,
        named=frozenset(
            word.upper() for word in words if word.isascii() and word[0].isalnum() and ":" not in word
        ),
        plugins=_plugins(settings, warn),
        own_name=settings.text("myhostname"),
        sends_authzid=settings.flag("send_cyrus_sasl_authzid"),
        says_auth=settings.flag("smtp_send_dummy_mail_auth"),
        soft_bounce=settings.flag("smtp_sasl_auth_soft_bounce"),
        demands=looked_up.demands,
    )
    likeness = rules._replace(keeps=None, plugins=None), words, settings.text(PLUGINS)
    refusals = _refusals(settings, warn)
    tables = importlib.import_module("fastsmtp.worker.login_tables")
    found: Logins = tables.LoginTables(
        looked_up, lambda: module.Authenticator(rules, refusals, time.time), likeness, warn
    )
    return found


def _properties(settings: Settings, name: str) -> frozenset[str]:
    return frozenset(settings.words(name))


def _plugins(settings: Settings, warn: Callable[[str], None]) -> object:
    """By modules; a directory is the Cyrus library's, which is not used here."""
    modules = []
    for word in settings.text(PLUGINS).split(":"):
        if "/" in word:
            where = settings.origin(PLUGINS)
            warn(f"{where}: {PLUGINS}: {word}: passed over: expected names of Python modules")
        elif word.strip():
            modules.append(word.strip())
    return importlib.import_module("fastsmtp.sasl.plugins").load(modules) if modules else {}


def _refusals(settings: Settings, warn: Callable[[str], None]) -> object:
    kind, _, name = settings.text(CACHE).removeprefix(PROXY).partition(":")
    if not kind:
        return None
    module = importlib.import_module("fastsmtp.sasl.refusals")
    if kind == IN_MEMORY:
        store = module.MemoryStore()
    else:
        store = importlib.import_module("fastsmtp.spool.refusals").RefusalFile(Path(name + SUFFIX), warn)
    return module.Refusals(store, settings.seconds("smtp_sasl_auth_cache_time"))
