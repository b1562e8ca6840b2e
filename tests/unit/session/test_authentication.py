"""The dialogue of AUTH and what its end means, on a session that only asks and is answered."""

import asyncio
import base64
from collections import deque
from types import SimpleNamespace

import pytest

from fastsmtp.errors import AuthenticationFailed, SessionLost, TableError
from fastsmtp.mail.destination import Host
from fastsmtp.sasl.choice import Plugin
from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.mechanism import Mechanism
from fastsmtp.sasl.refusals import MemoryStore, Refusals
from fastsmtp.session.authentication import AuthenticationRules, Authenticator
from fastsmtp.wire import engine
from fastsmtp.wire.reply import Reply

TIM = Login("tim", "tanstaaf")
PLAIN = "AUTH PLAIN " + base64.b64encode(b"\0tim\0tanstaaf").decode()
LOST = "(lost)"
HOST = Host("mx.test", "192.0.2.1", 587, 0, True)


class Scripted:
    """A session whose peer says these, one after another."""

    def __init__(self, *replies: str, offers: str | None = "PLAIN", tunnel=None) -> None:
        self.replies = deque(replies)
        self.engine = SimpleNamespace(
            offers={} if offers is None else {"AUTH": offers},
            reader=SimpleNamespace(),
            sender=SimpleNamespace(),
        )
        self.host, self.name, self.relay = HOST, HOST.label, HOST.relay
        self.tunnel = tunnel
        self.transcript = None
        self.said: list[str] = []
        self.shown: list[str] = []
        self.closed = 0
        self.gate: asyncio.Event | None = None

    async def ask(self, line: bytes, command: int, shown: bytes | None = None) -> Reply:
        assert command == engine.AUTH
        assert shown is not None
        self.said.append(line.decode())
        self.shown.append(shown.decode())
        if self.gate is not None:
            await self.gate.wait()
        reply = self.replies.popleft()
        if reply == LOST:
            raise SessionLost("lost connection", engine.AUTH)
        return Reply(reply.encode())

    def close(self) -> None:
        self.closed += 1


def rules(*required: str, **others) -> AuthenticationRules:
    usual = AuthenticationRules(
        clear=frozenset(required),
        tls=frozenset(),
        verified=frozenset(),
        keeps=lambda name: True,
        named=frozenset(),
        plugins={},
        own_name="me.test",
        sends_authzid=False,
        soft_bounce=True,
        says_auth=False,
        demands=False,
    )
    return usual._replace(**others)


def made(*required: str, cached: bool = False, **others) -> Authenticator:
    refusals = Refusals(MemoryStore(), 60.0) if cached else None
    return Authenticator(rules(*required, **others), refusals, lambda: 1_000_000.0)


def failure(session: Scripted, authenticator: Authenticator | None = None, login: Login | None = TIM):
    """Status and reason, and the warnings before it."""
    warnings: list[str] = []
    authenticator = authenticator or made()
    with pytest.raises(AuthenticationFailed) as caught:
        asyncio.run(authenticator.authenticate(session, login, warnings.append))
    assert session.closed == 1
    return caught.value.dsn, caught.value.text, warnings


def succeed(session: Scripted, authenticator: Authenticator | None = None, login: Login | None = TIM) -> None:
    asyncio.run((authenticator or made()).authenticate(session, login, unexpected))
    assert session.closed == 0


def unexpected(warning: str) -> None:
    raise AssertionError(warning)


# Whether to authenticate


@pytest.mark.parametrize(("login", "offers"), [(None, "PLAIN"), (None, ""), (TIM, None)])
def test_session_is_used_as_it_is(login, offers) -> None:
    session = Scripted(offers=offers)
    succeed(session, login=login)
    assert session.said == []


def test_peer_without_auth_is_put_off_where_that_is_demanded() -> None:
    text = "SASL authentication is required, but was not offered by host mx.test[192.0.2.1]"
    assert failure(Scripted(offers=None), made(demands=True)) == ("4.7.0", text, [])


@pytest.mark.parametrize(
    ("offers", "warning"),
    [
        ("", "mx.test[192.0.2.1]:587 offered null AUTH mechanism list"),
        ("X Y", "mx.test[192.0.2.1]:587 offered no supported AUTH mechanisms: 'X Y'"),
    ],
)
def test_empty_list_puts_off(offers: str, warning: str) -> None:
    session = Scripted(offers=offers)
    assert failure(session, made(keeps=lambda name: False)) == (
        "4.7.0",
        "SASL authentication failed: server mx.test[192.0.2.1] offered no compatible authentication "
        "mechanisms for this type of connection security",
        [warning],
    )
    assert session.said == []


def test_no_mechanism_is_good_enough() -> None:
    session = Scripted(offers="PLAIN LOGIN")
    assert failure(session, made("noplaintext")) == (
        "4.7.0",
        f"SASL authentication failed; cannot authenticate to server {HOST.label}: no mechanism available",
        ["SASL authentication failure: No worthy mechs found"],
    )
    assert session.said == []


def test_filter_without_an_answer_is_a_table_error() -> None:
    def keeps(name: str) -> bool:
        raise TableError("no answer")

    with pytest.raises(TableError):
        succeed(Scripted(), made(keeps=keeps))


def tunnel_of(*, authenticated: bool = False, certified: bool = False):
    verdict = SimpleNamespace(authenticated=authenticated, certified=certified)
    return SimpleNamespace(channel=SimpleNamespace(verdict=verdict))


@pytest.mark.parametrize(
    ("tunnel", "said"),
    [(None, []), (tunnel_of(), []), (tunnel_of(authenticated=True), [PLAIN])],
)
def test_options_of_a_verified_certificate_hold_for_one_alone(tunnel, said) -> None:
    authenticator = made("noplaintext", tls=frozenset({"noplaintext"}), verified=frozenset())
    session = Scripted("235 ok", tunnel=tunnel)
    if said:
        succeed(session, authenticator)
    else:
        failure(session, authenticator)
    assert session.said == said


def test_external_needs_a_certificate_and_its_name_in_the_filter() -> None:
    session = Scripted("235 ok", offers="EXTERNAL", tunnel=tunnel_of(certified=True))
    succeed(session, made(named=frozenset({"EXTERNAL"})))
    assert session.said == ["AUTH EXTERNAL ="]


# The dialogue


def test_plain_says_exactly_this_and_shows_nothing() -> None:
    session = Scripted("235 ok")
    succeed(session)
    assert session.said == [PLAIN]
    assert session.shown == ["AUTH PLAIN ****"]


def test_login_answers_prompts() -> None:
    session = Scripted("334 VXNlcm5hbWU6", "334", "250 ok", offers="LOGIN")
    succeed(session)
    assert session.said == ["AUTH LOGIN", "dGlt", "dGFuc3RhYWY="]
    assert session.shown == ["AUTH LOGIN", "****", "****"]


@pytest.mark.parametrize("offers", ["LOGIN", "CRAM-MD5", "SCRAM-SHA-256"])
def test_bad_challenge_is_cancelled(offers: str) -> None:
    session = Scripted("334 @@@", "501 cancelled", offers=offers)
    dsn, text, _ = failure(session)
    assert dsn == "4.7.0"
    assert text == (
        "SASL authentication failed; cannot authenticate to server mx.test[192.0.2.1]: "
        "malformed base64 in a challenge"
    )
    assert session.said[-1] == "*"
    assert not session.replies


def test_cancelling_a_session_that_is_gone_keeps_the_reason() -> None:
    assert "malformed" in failure(Scripted("334 @@@", LOST, offers="LOGIN"))[1]


def test_third_prompt_is_cancelled() -> None:
    session = Scripted("334", "334", "334", "501 ok", offers="LOGIN")
    assert failure(session)[1].endswith("LOGIN: unexpected challenge")
    assert session.said == ["AUTH LOGIN", "dGlt", "dGFuc3RhYWY=", "*"]


def test_password_is_not_said_twice() -> None:
    session = Scripted("334", "501 ok")
    assert failure(session)[0] == "4.7.0"
    assert session.said == [PLAIN, "*"]


def test_long_response_waits_for_an_empty_challenge() -> None:
    login = Login("tim", "x" * 700)
    session = Scripted("334", "235 ok")
    succeed(session, login=login)
    assert session.said == ["AUTH PLAIN", base64.b64encode(b"\0tim\0" + b"x" * 700).decode()]
    assert session.shown == ["AUTH PLAIN", "****"]
    session = Scripted("334 YQ==", "501 ok")
    assert failure(session, login=login)[1] == (
        "SASL authentication failed; non-empty initial PLAIN challenge from server mx.test[192.0.2.1]"
    )
    assert session.said == ["AUTH PLAIN", "*"]


def test_yes_without_a_proof_is_not_believed() -> None:
    session = Scripted("235 ok", offers="SCRAM-SHA-256")
    dsn, text, _ = failure(session)
    assert dsn == "4.7.0"
    assert "said yes before it had proved" in text
    assert len(session.said) == 1  # the dialogue is over: nothing to cancel


class Endless(Mechanism):
    name = "ENDLESS"
    properties = frozenset()

    def step(self, challenge: bytes) -> bytes:
        return b""


def test_rounds_end_after_100() -> None:
    authenticator = made(plugins={"ENDLESS": Plugin(Endless, Endless.properties, 1000)})
    session = Scripted(*["334 "] * 150, offers="ENDLESS")
    assert failure(session, authenticator)[:2] == (
        "4.3.0",
        "SASL authentication failed; authentication protocol loop with server mx.test[192.0.2.1]",
    )
    assert session.said == ["AUTH ENDLESS", *[""] * 100, "*"]


def test_refused_token_is_answered_and_only_its_status_is_told() -> None:
    refusal = base64.b64encode(b'{"status":"401","schemes":"bearer"}').decode()
    session = Scripted(f"334 {refusal}", "535 5.7.8 bad token tok", offers="XOAUTH2")
    dsn, text, warnings = failure(session, login=Login("tim", "tok", is_token=True))
    assert session.said[1:] == [""]
    assert (dsn, text.partition("said: ")[2]) == ("4.7.8", "535 5.7.8 bad ****en ****")
    assert warnings == ["SASL authentication failure: mx.test[192.0.2.1]: status 401"]
    session = Scripted(f"334 {refusal}", "535 5.7.8 no", offers="OAUTHBEARER")
    failure(session, login=Login("tim", "tok", is_token=True))
    assert session.said[1:] == ["AQ=="]


# What its end means


@pytest.mark.parametrize(
    ("reply", "soft_bounce", "dsn"),
    [
        ("454 4.7.0 later", True, "4.7.0"),
        ("535 5.7.8 no", True, "4.7.8"),
        ("535 5.7.8 no", False, "5.7.8"),
        ("535", True, "4.0.0"),
        ("504 5.5.4 what", True, "4.5.4"),
        ("654 what", True, "5.5.0"),
        ("154 what", False, "5.5.0"),
    ],
)
def test_refusal_is_the_peers_own_status(reply: str, soft_bounce: bool, dsn: str) -> None:
    assert failure(Scripted(reply), made(soft_bounce=soft_bounce)) == (
        dsn,
        f"SASL authentication failed; server mx.test[192.0.2.1] said: {reply}",
        [],
    )


def test_peer_that_repeats_a_secret_is_covered() -> None:
    said = PLAIN.removeprefix("AUTH PLAIN ")
    text = failure(Scripted(f"535 5.7.8 {said} is tim with tanstaaf dGFuc3RhYWY="))[1]
    assert text.endswith("535 5.7.8 **** is tim with **** ****")


def test_lost_connection_is_no_refusal() -> None:
    with pytest.raises(SessionLost):
        succeed(Scripted(LOST))


# Refused passwords


def test_refused_password_is_not_offered_again_until_it_changes() -> None:
    authenticator = made(cached=True)
    failure(Scripted("535 5.7.8 no"), authenticator)
    session = Scripted()
    assert failure(session, authenticator) == (
        "4.7.8",
        "SASL [CACHED] authentication failed; server mx.test said: 535 5.7.8 no",
        [],
    )
    assert session.said == []
    succeed(Scripted("235 ok"), authenticator, Login("tim", "better"))
    succeed(Scripted("235 ok"), authenticator)


def test_other_refusals_are_not_remembered() -> None:
    authenticator = made(cached=True)
    failure(Scripted("534 5.7.9 too weak"), authenticator)
    succeed(Scripted("235 ok"), authenticator)


async def together(
    authenticator: Authenticator, sessions: list[Scripted], login: Login = TIM
) -> list[object]:
    """All at once; the peers answer once all have had their say."""
    gate = asyncio.Event()
    for session in sessions:
        session.gate = gate
    tasks = [
        asyncio.ensure_future(authenticator.authenticate(session, login, unexpected)) for session in sessions
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    said_first = sum(bool(session.said) for session in sessions)
    gate.set()
    return [said_first, *await asyncio.gather(*tasks, return_exceptions=True)]


def test_one_session_tries_a_login_that_nobody_has_tried() -> None:
    authenticator = made()
    sessions = [Scripted("235 ok") for _ in range(5)]
    assert asyncio.run(together(authenticator, sessions)) == [1, *[None] * 5]
    assert all(session.said == [PLAIN] for session in sessions)
    sessions = [Scripted("235 ok") for _ in range(5)]
    assert asyncio.run(together(authenticator, sessions)) == [5, *[None] * 5]


def test_those_that_wait_share_the_refusal_and_offer_nothing() -> None:
    sessions = [Scripted("535 5.7.8 no") for _ in range(5)]
    _, *failures = asyncio.run(together(made(), sessions))
    assert {(error.dsn, error.text) for error in failures} == {
        ("4.7.8", "SASL authentication failed; server mx.test[192.0.2.1] said: 535 5.7.8 no")
    }
    assert [bool(session.said) for session in sessions] == [True, False, False, False, False]
    assert [session.closed for session in sessions] == [1] * 5


def test_those_that_wait_try_in_turn_where_it_was_no_refusal() -> None:
    sessions = [Scripted(LOST), Scripted("454 4.7.0 later"), Scripted("235 ok"), Scripted("235 ok")]
    first, *rest = asyncio.run(together(made(), sessions))
    assert first == 1
    assert [type(each).__name__ for each in rest] == [
        "SessionLost",
        "AuthenticationFailed",
        "NoneType",
        "NoneType",
    ]


def test_refusal_of_a_login_that_was_good_makes_them_wait_again() -> None:
    authenticator = made()
    succeed(Scripted("235 ok"), authenticator)
    failure(Scripted("535 5.7.8 no"), authenticator)
    sessions = [Scripted("535 5.7.8 no") for _ in range(3)]
    first, *_ = asyncio.run(together(authenticator, sessions))
    assert first == 1


def test_one_that_is_cancelled_lets_the_next_try() -> None:
    async def scene() -> None:
        authenticator = made()
        first, second = Scripted("235 ok"), Scripted("235 ok")
        first.gate = asyncio.Event()
        ahead = asyncio.ensure_future(authenticator.authenticate(first, TIM, unexpected))
        behind = asyncio.ensure_future(authenticator.authenticate(second, TIM, unexpected))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ahead.cancel()
        await behind
        assert second.said == [PLAIN]

    asyncio.run(scene())


def test_long_derivation_leaves_the_loop_alone() -> None:
    """The challenge asks for 20,001 iterations: they are done in another thread."""
    seen: list[str] = []

    class Loop(asyncio.SelectorEventLoop):
        def run_in_executor(self, executor, func, *args):
            seen.append(func.__name__)
            return super().run_in_executor(executor, func, *args)

    class Server(Scripted):
        async def ask(self, line: bytes, command: int, shown: bytes | None = None) -> Reply:
            if line.startswith(b"AUTH"):
                nonce = base64.b64decode(line.split()[2]).partition(b",r=")[2]
                first = b"r=" + nonce + b"x,s=QSXCR+Q6sek8bf92,i=20001"
                self.replies.append("334 " + base64.b64encode(first).decode())
            else:
                self.replies.append("535 5.7.8 no")
            return await super().ask(line, command, shown)

    with asyncio.Runner(loop_factory=Loop) as runner, pytest.raises(AuthenticationFailed):
        runner.run(made().authenticate(Server(offers="SCRAM-SHA-256"), TIM, unexpected))
    assert seen[:1] == ["derive"]
