"""DIGEST-MD5: a digest of the peer's nonce and ours, keyed with the password; the peer proves itself by
another.

    parse(challenge)    its directives; MechanismFailure for what is none
Authentication only: no layer is ever asked for. Realm: the first that is offered, else the host's name.
Source: RFC 2831 (obsoleted by RFC 6331, and still met); spec: sasl, 8.2.
"""

import hmac
import re
import secrets
from hashlib import md5

from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.mechanism import (
    MUTUAL_AUTH,
    NOANONYMOUS,
    NOPLAINTEXT,
    SERVICE,
    Mechanism,
    MechanismFailure,
    Peer,
)

CHALLENGE_LIMIT = 2048  # bytes, RFC 2831 2.1.1
NONCE_SIZE = 16  # bytes of chance, before they are written as text
NONCE_COUNT = b"00000001"  # each authentication is a first one
QOP = b"auth"
ONCE = frozenset({b"nonce", b"algorithm", b"charset"})  # directives of which a second one is an error

DIRECTIVE = re.compile(
    rb'[ \t,]*([!#$%&\'*+\-.0-9A-Z^_`a-z|~]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",\\]+))[ \t]*(?:,|$)',
    re.DOTALL,
)
BLANK = re.compile(rb"[ \t,]*")
ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def parse(challenge: bytes) -> dict[bytes, list[bytes]]:
    """Directives by name in lower case, each with its values in their order."""
    if len(challenge) > CHALLENGE_LIMIT:
        raise MechanismFailure(f"DIGEST-MD5: challenge longer than {CHALLENGE_LIMIT} bytes")
    found: dict[bytes, list[bytes]] = {}
    position = 0
    end = len(challenge.rstrip(b" \t,"))
    while position < end:
        directive = DIRECTIVE.match(challenge, position)
        if directive is None:
            raise MechanismFailure("DIGEST-MD5: malformed challenge")
        name, quoted, token = directive.groups()
        value = token if quoted is None else ESCAPED.sub(rb"\1", quoted)
        found.setdefault(name.lower(), []).append(value)
        position = directive.end()
    for name in ONCE:
        if len(found.get(name, ())) > 1:
            raise MechanismFailure(f"DIGEST-MD5: more than one {name.decode()} in the challenge")
    return found


class DigestMd5(Mechanism):
    """Two challenges: the nonce, then the peer's own digest."""

    name = "DIGEST-MD5"
    properties = frozenset({NOPLAINTEXT, NOANONYMOUS, MUTUAL_AUTH})

    def __init__(self, login: Login, peer: Peer, *, nonce: bytes | None = None) -> None:
        """`nonce` None: a fresh one."""
        super().__init__(login, peer)
        self.verified = False
        self._nonce = nonce or secrets.token_hex(NONCE_SIZE).encode()
        self._expected = b""  # the peer's digest

    def step(self, challenge: bytes) -> bytes:
        if self.verified:
            raise MechanismFailure("DIGEST-MD5: unexpected challenge")
        directives = parse(challenge)
        if self._expected:
            shown = directives.get(b"rspauth", [b""])
            if not hmac.compare_digest(shown[0], self._expected):
                raise MechanismFailure("DIGEST-MD5: the server does not know the password")
            self.verified = True
            return b""
        return self._respond(directives)

    def _respond(self, directives: dict[bytes, list[bytes]]) -> bytes:
        nonce = directives.get(b"nonce")
        if nonce is None or not nonce[0]:
            raise MechanismFailure("DIGEST-MD5: no nonce in the challenge")
        if directives.get(b"algorithm") != [b"md5-sess"]:
            raise MechanismFailure("DIGEST-MD5: the algorithm is not md5-sess")
        offered = b",".join(directives.get(b"qop", [QOP])).lower().replace(b" ", b"").split(b",")
        if QOP not in offered:
            raise MechanismFailure("DIGEST-MD5: the server wants a layer that is not there")
        utf8 = [value.lower() for value in directives.get(b"charset", [])] == [b"utf-8"]
        realm = directives.get(b"realm", [self.peer.host.encode()])[0]
        user, password = self.user(), self.password()
        secret = md5(b":".join((_hashed(user, utf8), _hashed(realm, utf8), _hashed(password, utf8)))).digest()
        uri = f"{SERVICE}/{self.peer.host}".encode()
        session = md5(b":".join((secret, nonce[0], self._nonce))).hexdigest().encode()
        response = self._digest(session, nonce[0], b"AUTHENTICATE:" + uri)
        self._expected = self._digest(session, nonce[0], b":" + uri)
        return b",".join(
            (
                *([b"charset=utf-8"] if utf8 else []),
                b'username="' + _quoted(user if utf8 else _hashed(user, utf8)) + b'"',
                b'realm="' + _quoted(realm) + b'"',
                b'nonce="' + _quoted(nonce[0]) + b'"',
                b'cnonce="' + self._nonce + b'"',
                b"nc=" + NONCE_COUNT,
                b"qop=" + QOP,
                b'digest-uri="' + _quoted(uri) + b'"',
                b"response=" + response,
            )
        )

    def _digest(self, session: bytes, nonce: bytes, what: bytes) -> bytes:
        parts = (session, nonce, NONCE_COUNT, self._nonce, QOP, md5(what).hexdigest().encode())
        return md5(b":".join(parts)).hexdigest().encode()


def _quoted(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _hashed(value: bytes, utf8: bool) -> bytes:
    """As it is digested: in ISO 8859-1 where that can be (RFC 2831, 2.1.2.1)."""
    try:
        return value.decode().encode("iso-8859-1")
    except UnicodeDecodeError:
        return value
    except UnicodeEncodeError:
        if utf8:
            return value
        raise MechanismFailure("DIGEST-MD5: the server knows no UTF-8") from None
