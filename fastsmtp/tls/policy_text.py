"""One answer of smtp_tls_policy_maps: `level attribute=value ...`.

    parse(text) -> Entry        EntryError says what is wrong with it: nothing of it is used then

| attribute | at levels | again |
| --- | --- | --- |
| match | fingerprint, verify, secure | adds |
| ciphers, protocols, exclude, servername | above none | is an error |
| tafile | verify, secure | adds |
| connection_reuse, enable_rpk | above none | the last holds |
| policy_type, policy_domain, policy_failure, policy_ttl | any | the last holds |
| policy_string, mx_host_pattern | any | adds |

Separated by commas or blanks; `{ name = value with blanks }` holds one attribute.
Source: Postfix smtp_tls_policy(3), postconf(5) smtp_tls_policy_maps; spec: tls, 4, 10.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastsmtp.tls.level import LEVELS, Level

BLANKS = " \t\r\n,"
ONCE = ("ciphers", "protocols", "exclude", "servername")
PLUGIN = ("policy_type", "policy_domain", "policy_failure", "policy_ttl")
FLAGS = {"yes": True, "no": False}


class EntryError(ValueError):
    """An answer that cannot be used."""


@dataclass(slots=True)
class Entry:
    """What it says. None, or nothing: main.cf decides."""

    level: Level
    match: tuple[str, ...] = ()
    ciphers: str | None = None
    protocols: str | None = None
    exclude: str | None = None
    servername: str | None = None
    anchor_files: tuple[str, ...] = ()
    reuses: bool | None = None
    policy_type: str = ""
    policy_failure: str = ""
    mx_patterns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def parse(text: str) -> Entry:
    """Of one answer."""
    words = list(_words(text))
    if not words:
        raise EntryError("empty policy")
    level = LEVELS.get(words[0].lower())
    if level is None:
        raise EntryError(f'invalid security level "{words[0]}"')
    entry = Entry(level)
    seen: set[str] = set()
    plugin: set[str] = set()
    for word in words[1:]:
        name, equals, value = word.partition("=")
        name, value = name.strip().lower(), value.strip()
        if level is Level.NONE and not name.startswith(("policy_", "mx_host_pattern")):
            entry.warnings += (f'attribute "{name}" has no meaning at security level "none"',)
            continue
        if not equals:
            raise EntryError(f'attribute "{word}" without a value: expected "{word}=value"')
        if name in ONCE and name in seen:
            raise EntryError(f'attribute "{name}" is specified multiple times')
        seen.add(name)
        if name.startswith("policy_") or name == "mx_host_pattern":
            plugin.add(name)
        _note(entry, name, value)
    if plugin and not entry.policy_type:
        raise EntryError('attribute "policy_type" is missing beside other policy attributes')
    return entry


def _words(text: str) -> Iterator[str]:
    """The level and the attributes; braces are removed, line breaks inside become blanks."""
    at, end = 0, len(text)
    while at < end:
        if text[at] in BLANKS:
            at += 1
        elif text[at] == "{":
            close = text.find("}", at)
            if close < 0:
                raise EntryError('"{" without "}"')
            yield " ".join(text[at + 1 : close].split())
            at = close + 1
        else:
            start = at
            while at < end and text[at] not in BLANKS:
                at += 1
            yield text[start:at]


def _note(entry: Entry, name: str, value: str) -> None:
    """One attribute above level none."""
    if name == "match":
        _note_match(entry, value)
    elif name in ONCE:
        if name == "ciphers" and not value:
            raise EntryError('attribute "ciphers" has an empty value')
        setattr(entry, name, value)
    elif name == "tafile":
        if entry.level not in (Level.VERIFY, Level.SECURE):
            raise _misplaced(entry, name)
        if not value:
            raise EntryError('attribute "tafile" has an empty value')
        entry.anchor_files += (value,)
    elif name in ("connection_reuse", "enable_rpk"):
        if value.lower() not in FLAGS:
            raise EntryError(f'attribute "{name}" has the value "{value}": expected yes or no')
        if name == "connection_reuse":
            entry.reuses = FLAGS[value.lower()]
    elif name in ("policy_type", "policy_failure"):
        setattr(entry, name, value.lower())
    elif name == "mx_host_pattern":
        entry.mx_patterns += (value.lower(),)
    elif name not in (*PLUGIN, "policy_string"):
        raise EntryError(f'invalid attribute name "{name}"')


def _note_match(entry: Entry, value: str) -> None:
    if entry.level is Level.FINGERPRINT:
        found = tuple(filter(None, re.split(r"[|\s]+", value)))
    elif entry.level in (Level.VERIFY, Level.SECURE):
        found = tuple(filter(None, re.split(r"[:\s,]+", value)))
    else:
        raise _misplaced(entry, "match")
    if not found:
        raise EntryError('attribute "match" has an empty value')
    entry.match += found


def _misplaced(entry: Entry, name: str) -> EntryError:
    return EntryError(f'attribute "{name}" invalid at security level "{entry.level.word}"')


def matches_pattern(pattern: str, host: str) -> bool:
    """An mx pattern of MTA-STS: a name, or `*.` for exactly one label in front of the rest."""
    host = host.lower().removesuffix(".")
    if pattern.startswith("*."):
        first, dot, rest = host.partition(".")
        return bool(first and dot) and rest == pattern[2:]
    return host == pattern
