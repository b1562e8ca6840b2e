"""smtp_sasl_password_maps, open: which credentials a host gets.

    tables.find(sender, host, destination)    the Login, or None: the session is used as it is. TableError,
                                              Pending
    tables.by_sender                          the envelope sender decides, too
    await tables.authenticate(session, login, warn)    see fastsmtp.session.authentication

By sender where that is asked for, then by the host's name, then by the destination as it was written: the
first hit counts. Nothing of what a table says is kept here, or shown: errors name tables without their
contents. Loaded only where sessions authenticate.
Source: Postfix smtp_sasl_passwd_lookup(); spec: sasl, 3, 11, 12; config, 9.1, 9.3.
"""

import re
import stat
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from fastsmtp.conf.lists import veil
from fastsmtp.errors import TableError
from fastsmtp.lookup.followed import Followed
from fastsmtp.lookup.keys import email_keys, find
from fastsmtp.lookup.maps import Maps
from fastsmtp.lookup.pattern_list import PatternList
from fastsmtp.sasl.credentials import Login, parse
from fastsmtp.session.authentication import Authenticator
from fastsmtp.session.connection import Session
from fastsmtp.worker.logins import PASSWORDS, LoginRules

SHORTEST = 3  # characters of a password that is looked for in an error: fewer stand in any text
SHOWN = re.compile(r'(?s)instead of ".*"')  # the line of a table that is no good
OTHERS = stat.S_IRWXG | stat.S_IRWXO

Warn = Callable[[str], None]


class LoginTables:
    """Of one generation of settings."""

    def __init__(
        self, rules: LoginRules, authenticator: Callable[[], Authenticator], likeness: object, warn: Warn
    ) -> None:
        """`authenticator` is made anew whenever the tables change: what was derived from old passwords goes.
        `likeness`: what else makes two of these the same.
        """
        self.by_sender = rules.by_sender
        self.demands = rules.demands
        self._rules = rules
        self._make = authenticator
        self._likeness = likeness
        self._warn_of = warn
        self._maps = Followed(self._open)
        self._local = Followed(lambda: PatternList.open("mydestination", rules.destinations, self._warn))

    def find(self, sender: str, host: str, destination: str) -> Login | None:
        """`sender` in quoted form, "" the null sender; `destination` as written, brackets and port too."""
        maps, rules = self._maps.at(monotonic()), self._rules
        try:
            text = None
            if rules.by_sender and sender:
                hit = find(maps, email_keys(sender, rules.extensions, self._is_local))
                text = hit[1] if hit is not None else None
            if text is None:
                text = maps.find(host)
            if text is None:
                text = maps.find(destination)
        except TableError as error:
            raise TableError(self._veiled(str(error))) from None
        return None if text is None else parse(text, rules.delimiter)

    async def authenticate(self, session: Session, login: Login | None, warn: Warn) -> None:
        await self._authenticator.authenticate(session, login, warn)

    def _is_local(self, domain: str) -> bool:
        local = self._local.at(monotonic())
        return domain.lower() == self._rules.origin.lower() or local.match_host(domain)

    def _open(self) -> Maps:
        self._authenticator = self._make()
        maps = Maps.open(PASSWORDS, self._rules.tables, self._warn)
        for path in {file.path for table in maps.tables for file in table.files}:
            self._look_at_mode(path)
        return maps

    def _look_at_mode(self, path: Path) -> None:
        try:
            mode = path.stat().st_mode
        except OSError:
            return  # it was there when it was read: a change, which is found in its own time
        if mode & OTHERS:
            self._warn(
                f"{path}: holds passwords, and others than its owner may use it "
                f"({stat.filemode(mode)}): expected mode 0600"
            )

    def _warn(self, text: str) -> None:
        self._warn_of(self._veiled(text))

    def _veiled(self, text: str) -> str:
        """Without what a table's own name holds, `static:user:password`, and what stands in a faulty line."""
        text = SHOWN.sub('instead of "..."', text)
        for word in self._rules.tables:
            shown = veil(word)
            if shown != word:
                text = text.replace(word, shown)
                for value in _values(word, self._rules.delimiter):
                    text = text.replace(value, "...")
        return veil(text)

    def __eq__(self, other: object) -> bool:
        """A reload that says the same changes nothing for sessions that are open."""
        if not isinstance(other, LoginTables):
            return NotImplemented
        return (self._rules, self._likeness) == (other._rules, other._likeness)

    def __hash__(self) -> int:
        return hash(self._rules)

    def __repr__(self) -> str:
        return f"<LoginTables {self._veiled(' '.join(self._rules.tables))}>"


def _values(word: str, delimiter: str) -> list[str]:
    """What may be a secret in a reference that says what its table holds: the longest first."""
    found: set[str] = set()
    for part in re.split(r"[{},\s]+", word):
        if part.endswith(":"):
            continue  # a type
        value = part.partition("=")[2] if "=" in part else part.partition(":")[2] or part
        found |= {value, value.partition(delimiter)[2]}
    return sorted((value for value in found if len(value) >= SHORTEST), key=len, reverse=True)
