"""Authenticating on a session that is introduced: AUTH, what is decided before it, what its end means.

    authenticator = Authenticator(rules, refusals, clock)
    await authenticator.authenticate(session, login, warn)    AuthenticationFailed, TableError, SessionError

Called behind the last EHLO, once a session. A peer that does not offer AUTH is not asked, unless the settings
demand it. One mechanism is tried; after a failure the session says QUIT and serves nobody. The peer's yes
counts once the mechanism has seen the peer's own proof.

As long as a login is not known to be good, one session at a time tries it with a host. The others wait, and
share its fate where the password is refused: a wrong one in the table does not reach the peer a thousand
times.

Credentials stay in here: a transcript, a reason and a log have them masked.
Source: RFC 4954; Postfix smtp_sasl_glue(3), smtp_sasl_proto(3), smtp_sasl_auth_soft_bounce; one attempt at a
time is ours; spec: sasl, 4 to 10, 12.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fastsmtp.errors import AuthenticationFailed, SessionError
from fastsmtp.sasl.choice import Limits, Maker, Plugin, choose
from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.exchange import CANCEL, EarlyChallenge, Exchange, RoundsExceeded
from fastsmtp.sasl.mechanism import Mechanism, MechanismFailure, Peer
from fastsmtp.sasl.refusals import Refusals
from fastsmtp.sasl.scram import SaltedKeys
from fastsmtp.sasl.veil import MASKED, Veil
from fastsmtp.session.connection import Session
from fastsmtp.wire import engine
from fastsmtp.wire.reply import Reply

UNPROVEN = "4.7.0"  # no mechanism, or one that failed on our side
LOOP = "4.3.0"
BAD_CREDENTIALS = 535  # RFC 4954, 6
BETWEEN = re.compile(r"[^A-Za-z0-9_\-]+")  # what no mechanism has in its name (RFC 4422, 3.1): a peer's tab
PROVEN_LIMIT = 10_000  # logins known to be good

Warn = Callable[[str], None]
_Key = tuple[str, str]  # host and user


class AuthenticationRules(NamedTuple):
    """What is configured of it."""

    clear: frozenset[str]  # properties that a mechanism must have in the clear,
    tls: frozenset[str]  # under TLS,
    verified: frozenset[str]  # and where the peer's certificate was matched
    keeps: Callable[[str], bool]  # smtp_sasl_mechanism_filter; TableError
    named: frozenset[str]  # mechanisms that it names, in capitals
    plugins: Mapping[str, Plugin]
    own_name: str
    sends_authzid: bool
    soft_bounce: bool
    says_auth: bool  # smtp_send_dummy_mail_auth
    demands: bool  # smtp_sasl_auth_enforce


class Authenticator:
    """For all sessions of one generation of settings. `clock` gives Unix time."""

    def __init__(
        self, rules: AuthenticationRules, refusals: Refusals | None, clock: Callable[[], float]
    ) -> None:
        self._rules = rules
        self._refusals = refusals
        self._clock = clock
        self._keys = SaltedKeys()
        self._proven: dict[_Key, str] = {}  # digests of the passwords that were accepted
        self._trying: dict[_Key, asyncio.Future[AuthenticationFailed | None]] = {}

    async def authenticate(self, session: Session, login: Login | None, warn: Warn) -> None:
        """`login` None: the session is used as it is."""
        if login is None:
            return
        offered = session.engine.offers.get("AUTH")
        try:
            if offered is None:
                self._do_without(session)
            else:
                make = self._choose(session, login, offered, warn)
                self._look_for_refusal(session, login)
                await self._in_turn(session, login, make, warn)
        except AuthenticationFailed:
            session.close()
            raise

    def _do_without(self, session: Session) -> None:
        if self._rules.demands:
            text = f"SASL authentication is required, but was not offered by host {session.name}"
            raise AuthenticationFailed(UNPROVEN, text)

    # Before AUTH

    def _choose(self, session: Session, login: Login, offered: str, warn: Warn) -> Maker:
        rules = self._rules
        names = [name for name in BETWEEN.split(offered) if name and rules.keeps(name)]
        if not names:
            what = f"no supported AUTH mechanisms: '{offered}'" if offered else "null AUTH mechanism list"
            warn(f"{session.relay} offered {what}")
            raise AuthenticationFailed(
                UNPROVEN,
                f"SASL authentication failed: server {session.name} offered no compatible authentication "
                "mechanisms for this type of connection security",
            )
        make = choose(names, login, self._limits(session), self._keys)
        if make is None:
            warn("SASL authentication failure: No worthy mechs found")
            raise _locally(session, "no mechanism available")
        return make

    def _limits(self, session: Session) -> Limits:
        rules, tunnel = self._rules, session.tunnel
        required, certified = rules.clear, False
        if tunnel is not None:
            verdict = tunnel.channel.verdict
            assert verdict is not None, "AUTH inside a handshake"
            required = rules.verified if verdict.authenticated else rules.tls
            certified = verdict.certified
        return Limits(required, rules.named, certified, rules.plugins)

    def _look_for_refusal(self, session: Session, login: Login) -> None:
        if self._refusals is None:
            return
        host = session.host.name
        known = self._refusals.find(host, login, self._clock())
        if known is not None:
            raise AuthenticationFailed(
                self._softened(known.dsn),
                f"SASL [CACHED] authentication failed; server {host} said: {known.text}",
            )

    # One at a time, as long as nobody knows whether it is right

    async def _in_turn(self, session: Session, login: Login, make: Maker, warn: Warn) -> None:
        key = (session.host.name.lower(), login.user)
        turn = None
        while self._proven.get(key) != login.digest:
            ahead = self._trying.get(key)
            if ahead is None:
                turn = self._trying[key] = asyncio.get_running_loop().create_future()
                break
            failure = await asyncio.shield(ahead)
            if failure is not None and failure.digest == login.digest:
                raise AuthenticationFailed(failure.dsn, failure.text)
        refused = None
        try:
            await self._converse(session, login, make, warn)
            self._note_proven(key, login)
        except AuthenticationFailed as failure:
            if failure.code == BAD_CREDENTIALS:
                refused = failure
                self._proven.pop(key, None)
            raise
        finally:
            if turn is not None:
                del self._trying[key]
                turn.set_result(refused)

    def _note_proven(self, key: _Key, login: Login) -> None:
        self._proven[key] = login.digest
        if len(self._proven) > PROVEN_LIMIT:
            del self._proven[next(iter(self._proven))]

    # The dialogue

    async def _converse(self, session: Session, login: Login, make: Maker, warn: Warn) -> None:
        rules, veil = self._rules, Veil(login)
        peer = Peer(session.host.name, session.host.port, rules.own_name, rules.sends_authzid)
        mechanism = make(login, peer)
        exchange = Exchange(mechanism)
        transcript = session.transcript
        if transcript is not None:
            transcript.confide(veil.cover)
        reply: Reply | None = None
        try:
            reply = await _say(session, mechanism, exchange, veil, None)
            while reply.digit == 3:
                reply = await _say(session, mechanism, exchange, veil, reply.lines[-1][4:])
            if reply.digit == 2:
                exchange.close()
        except (MechanismFailure, RoundsExceeded) as failure:
            if reply is not None and reply.digit == 3:
                await _cancel(session)
            raise _reason(session, failure) from None
        finally:
            if transcript is not None:
                transcript.confided()
        if mechanism.remark:
            warn(f"SASL authentication failure: {session.name}: status {mechanism.remark}")
        if reply.digit != 2:
            raise self._refused(session, login, reply, veil)
        session.engine.reader.secrets = veil.secrets
        session.engine.sender.says_auth = rules.says_auth

    def _refused(self, session: Session, login: Login, reply: Reply, veil: Veil) -> AuthenticationFailed:
        said = veil.cover(reply.text)
        if reply.code == BAD_CREDENTIALS and self._refusals is not None:
            self._refusals.note(session.host.name, login, reply.dsn, said, self._clock())
        dsn = self._softened(reply.dsn) if reply.digit == 5 else reply.dsn
        return AuthenticationFailed(
            dsn,
            f"SASL authentication failed; server {session.name} said: {said}",
            code=reply.code,
            digest=login.digest,
        )

    def _softened(self, dsn: str) -> str:
        return "4" + dsn[1:] if self._rules.soft_bounce else dsn


async def _say(
    session: Session, mechanism: Mechanism, exchange: Exchange, veil: Veil, asked: str | None
) -> Reply:
    """AUTH, or the answer to a challenge; the veil knows of it before the peer can repeat it."""
    challenge = None if asked is None else exchange.challenge(asked)
    work = exchange.prepare(challenge)
    if work is not None:
        await asyncio.get_running_loop().run_in_executor(None, work)
    shown = MASKED
    if challenge is None:
        line = exchange.begin()
        shown = f"AUTH {mechanism.name}" + (f" {MASKED}" if line.count(b" ") > 1 else "")
    else:
        line = exchange.answer(challenge)
    veil.add(exchange.secrets)
    return await session.ask(line, engine.AUTH, shown=shown.encode())


async def _cancel(session: Session) -> None:
    """Tells the peer that we give up: it answers, and QUIT follows."""
    try:
        await session.ask(CANCEL, engine.AUTH, shown=CANCEL)
    except SessionError:
        return  # gone: there is nobody left to tell


def _locally(session: Session, reason: str) -> AuthenticationFailed:
    return AuthenticationFailed(
        UNPROVEN, f"SASL authentication failed; cannot authenticate to server {session.name}: {reason}"
    )


def _reason(session: Session, failure: MechanismFailure | RoundsExceeded) -> AuthenticationFailed:
    if isinstance(failure, RoundsExceeded):
        text = f"SASL authentication failed; authentication protocol loop with server {session.name}"
        return AuthenticationFailed(LOOP, text)
    if isinstance(failure, EarlyChallenge):
        return AuthenticationFailed(
            UNPROVEN, f"SASL authentication failed; {failure} from server {session.name}"
        )
    return _locally(session, str(failure))
