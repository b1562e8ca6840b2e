"""Passwords that a peer has refused: not offered again until they change, or time has passed.

    refusals = Refusals(store, lifetime)
    refusals.find(host, login, now)           what the peer said then; None: it may be asked
    refusals.note(host, login, dsn, text, now)
    MemoryStore()                             for this process alone; fastsmtp.spool.refusals keeps a file

A row holds no password, only a digest of it under a secret of the installation that the store keeps. Expired
rows and those of another password are deleted.
Source: Postfix smtp_sasl_auth_cache(3), smtp_sasl_auth_cache_name, smtp_sasl_auth_cache_time; the keyed
digest is ours (Postfix: SHA-1); spec: sasl, 10.
"""

import hashlib
import hmac
import secrets
from typing import NamedTuple, Protocol

from fastsmtp.sasl.credentials import Login, encoded

SECRET_SIZE = 32  # bytes
MEMORY_LIMIT = 10_000  # rows


class Refusal(NamedTuple):
    """What a peer said to a password."""

    noted_at: float  # Unix time
    digest: bytes  # of the password
    dsn: str
    text: str


class Store(Protocol):
    """Where they are. Never raises: what cannot be read is not known."""

    def secret(self) -> bytes: ...
    def get(self, key: str) -> Refusal | None: ...
    def put(self, key: str, refusal: Refusal) -> None: ...
    def delete(self, key: str) -> None: ...


class MemoryStore:
    """Rows that end with the process."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(SECRET_SIZE)
        self._rows: dict[str, Refusal] = {}

    def secret(self) -> bytes:
        return self._secret

    def get(self, key: str) -> Refusal | None:
        return self._rows.get(key)

    def put(self, key: str, refusal: Refusal) -> None:
        self._rows[key] = refusal
        if len(self._rows) > MEMORY_LIMIT:
            del self._rows[next(iter(self._rows))]

    def delete(self, key: str) -> None:
        self._rows.pop(key, None)


class Refusals:
    """`lifetime` in seconds."""

    def __init__(self, store: Store, lifetime: float) -> None:
        self._store = store
        self._lifetime = lifetime

    def find(self, host: str, login: Login, now: float) -> Refusal | None:
        """`now` is Unix time."""
        key = _key(host, login)
        known = self._store.get(key)
        if known is None:
            return None
        expired = not 0 <= now - known.noted_at < self._lifetime
        if expired or not hmac.compare_digest(known.digest, self._digest(login)):
            self._store.delete(key)
            return None
        return known

    def note(self, host: str, login: Login, dsn: str, text: str, now: float) -> None:
        self._store.put(_key(host, login), Refusal(now, self._digest(login), dsn, text))

    def _digest(self, login: Login) -> bytes:
        return hashlib.blake2b(encoded(login.password), key=self._store.secret(), digest_size=32).digest()


def _key(host: str, login: Login) -> str:
    return f"{host.lower()};{login.user}"
