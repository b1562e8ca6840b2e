"""SCRAM: both sides prove that they know the password, and neither says it.

    keys = SaltedKeys()                       what was derived from passwords, for all sessions
    ScramSha256(login, peer, keys=keys)       SHA-1 and SHA-512 alike

Deriving is meant to be slow: what takes long is left to `prepare`, for another thread, and what was derived
is kept, so that a thousand sessions derive once. A peer that asks for next to no work, or for so much that it
would be an attack, is refused.
No channel binding: the -PLUS mechanisms are not used.
Source: RFC 5802, 7677; spec: sasl, 8.2.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable

from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.mechanism import (
    MUTUAL_AUTH,
    NOACTIVE,
    NOANONYMOUS,
    NOPLAINTEXT,
    Mechanism,
    MechanismFailure,
    Peer,
)
from fastsmtp.sasl.prepared import prepared

ITERATIONS_MINIMUM = 4096  # RFC 7677, 4
ITERATIONS_LIMIT = 1_000_000
SLOW = 20_000  # iterations from which on the loop must not wait for them
KEPT = 1000  # derived pairs of keys
NONCE_SIZE = 24  # bytes, before base64

GS2_HEADER = b"n,,"  # no channel binding, no authorization identity
CHANNEL = b"biws"  # the same in base64
FIRST = re.compile(rb"r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+=*),i=([1-9][0-9]{0,18})(?:,.*)?", re.DOTALL)
FINAL = re.compile(rb"v=([A-Za-z0-9+/]+=*)(?:,.*)?", re.DOTALL)
ERROR = re.compile(rb"e=([a-z0-9\-]{1,60})(?:,.*)?", re.DOTALL)


class SaltedKeys:
    """Client key and server key by password, salt and iterations. The password itself is not kept."""

    __slots__ = ("_key", "_known")

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._known: dict[bytes, tuple[bytes, bytes]] = {}

    def name(self, *parts: bytes) -> bytes:
        """Stands for what the keys are derived from."""
        digest = hashlib.blake2b(key=self._key)
        for part in parts:
            digest.update(b"%d:" % len(part) + part)
        return digest.digest()

    def get(self, name: bytes) -> tuple[bytes, bytes] | None:
        return self._known.get(name)

    def put(self, name: bytes, keys: tuple[bytes, bytes]) -> None:
        self._known[name] = keys
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]

    def __repr__(self) -> str:
        return f"<SaltedKeys {len(self._known)}>"


class Scram(Mechanism):
    """Two rounds, and a third that only says that the second was heard."""

    properties = frozenset({NOPLAINTEXT, NOACTIVE, NOANONYMOUS, MUTUAL_AUTH})
    hash_name: str

    def __init__(self, login: Login, peer: Peer, *, keys: SaltedKeys, nonce: bytes | None = None) -> None:
        """`nonce` None: a fresh one."""
        super().__init__(login, peer)
        self.verified = False
        self._keys = keys
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(NONCE_SIZE))
        self._first = b""  # our first message, without its header
        self._signature = b""  # that the peer must show
        self._derived: tuple[bytes, tuple[bytes, bytes]] | None = None  # by prepare(): name, keys

    def start(self) -> bytes:
        user = self._prepared(self.user, "user name").replace(b"=", b"=3D").replace(b",", b"=2C")
        self._prepared(self.password, "password")
        self._first = b"n=" + user + b",r=" + self._nonce
        return GS2_HEADER + self._first

    def prepare(self, challenge: bytes | None) -> Callable[[], None] | None:
        if challenge is None or self._signature:
            return None
        _, salt, iterations = self._parse_first(challenge)
        name = self._name(salt, iterations)
        if iterations <= SLOW or self._keys.get(name) is not None:
            return None

        def derive() -> None:
            self._derived = name, self._derive(salt, iterations)

        return derive

    def step(self, challenge: bytes) -> bytes:
        if self.verified:
            raise MechanismFailure(f"{self.name}: unexpected challenge")
        if self._signature:
            return self._check(challenge)
        return self._prove(challenge)

    def _prove(self, challenge: bytes) -> bytes:
        nonce, salt, iterations = self._parse_first(challenge)
        client_key, server_key = self._salted(salt, iterations)
        final = b"c=" + CHANNEL + b",r=" + nonce
        exchanged = b",".join((self._first, challenge, final))
        stored = hashlib.new(self.hash_name, client_key).digest()
        signature = hmac.digest(stored, exchanged, self.hash_name)
        proof = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
        self._signature = hmac.digest(server_key, exchanged, self.hash_name)
        return final + b",p=" + base64.b64encode(proof)

    def _check(self, challenge: bytes) -> bytes:
        """The peer's own proof."""
        if refused := ERROR.fullmatch(challenge):
            raise MechanismFailure(f"{self.name}: the server says {refused[1].decode()}")
        found = FINAL.fullmatch(challenge)
        if found is None:
            raise MechanismFailure(f"{self.name}: malformed server-final-message")
        if not hmac.compare_digest(_decoded(found[1]), self._signature):
            raise MechanismFailure(f"{self.name}: the server does not know the password")
        self.verified = True
        return b""

    def _parse_first(self, challenge: bytes) -> tuple[bytes, bytes, int]:
        """Nonce, salt, iterations."""
        if challenge.startswith(b"m="):
            raise MechanismFailure(f"{self.name}: the server demands an extension")
        found = FIRST.fullmatch(challenge)
        if found is None:
            raise MechanismFailure(f"{self.name}: malformed server-first-message")
        nonce, salt, iterations = found[1], _decoded(found[2]), int(found[3])
        if not nonce.startswith(self._nonce) or len(nonce) == len(self._nonce):
            raise MechanismFailure(f"{self.name}: the server's nonce does not continue ours")
        if not ITERATIONS_MINIMUM <= iterations <= ITERATIONS_LIMIT:
            raise MechanismFailure(
                f"{self.name}: iteration count {iterations}: "
                f"expected {ITERATIONS_MINIMUM} to {ITERATIONS_LIMIT}"
            )
        return nonce, salt, iterations

    # Keys

    def _name(self, salt: bytes, iterations: int) -> bytes:
        password = self._prepared(self.password, "password")
        return self._keys.name(self.hash_name.encode(), password, salt, str(iterations).encode())

    def _salted(self, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
        name = self._name(salt, iterations)
        keys = self._keys.get(name)
        if keys is None:
            if self._derived is not None and self._derived[0] == name:
                keys = self._derived[1]
            else:
                keys = self._derive(salt, iterations)
            self._keys.put(name, keys)
        self._derived = None
        return keys

    def _derive(self, salt: bytes, iterations: int) -> tuple[bytes, bytes]:
        """May be called in another thread."""
        password = self._prepared(self.password, "password")
        salted = hashlib.pbkdf2_hmac(self.hash_name, password, salt, iterations)
        return (
            hmac.digest(salted, b"Client Key", self.hash_name),
            hmac.digest(salted, b"Server Key", self.hash_name),
        )

    def _prepared(self, part: Callable[[], bytes], what: str) -> bytes:
        try:
            return prepared(part().decode()).encode()
        except ValueError as error:  # no UTF-8, too
            reason = "bytes that are no UTF-8" if isinstance(error, UnicodeDecodeError) else error
            raise MechanismFailure(f"the {what} holds {reason}") from None


class ScramSha1(Scram):
    name = "SCRAM-SHA-1"
    hash_name = "sha1"


class ScramSha256(Scram):
    name = "SCRAM-SHA-256"
    hash_name = "sha256"


class ScramSha512(Scram):
    name = "SCRAM-SHA-512"
    hash_name = "sha512"


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise MechanismFailure("SCRAM: malformed base64") from None
