"""Logging in: who, by which mechanism, and what follows from a refusal."""

import asyncio
import base64
import tempfile
from collections.abc import Callable
from types import SimpleNamespace
from unittest import mock

from fastsmtp.errors import AuthenticationFailed
from fastsmtp.mail.destination import Host
from fastsmtp.sasl.credentials import Login
from fastsmtp.wire.reply import Reply
from fastsmtp.worker.logins import logins
from tests.support import world
from tests.support.memory_peer import Manner
from tests.support.world import ADDRESS, BEGAN_AT, World
from tests.unit.parameters.proof import Proof

LOGIN = {"smtp_sasl_password_maps": "static:tim:pencil", "smtp_sasl_security_options": ""}
ON = {"smtp_sasl_auth_enable": "yes", **LOGIN}
OFFERING = Manner(offers=("AUTH PLAIN LOGIN TOKEN",), answers={"AUTH": "235 ok"})
REFUSING = Manner(offers=("AUTH PLAIN",), answers={"AUTH": "535 5.7.8 no"})
WITHOUT = Manner(offers=())


def plain(user: str, password: str, authzid: str = "") -> str:
    return "AUTH PLAIN " + base64.b64encode(f"{authzid}\0{user}\0{password}".encode()).decode()


def second_command(**settings: str) -> str:
    """AUTH, MAIL or QUIT."""
    return World(OFFERING).run(**settings).commands[1].removesuffix(" FROM:<s@x.example>")


def mail_command(**settings: str) -> str:
    seen = World(OFFERING).run(**settings)
    return next(line for line in seen.commands if line.startswith("MAIL"))


def refusal(**settings: str) -> str:
    return World(REFUSING).run(**settings).status()


def without_auth(**settings: str) -> str:
    return World(WITHOUT).run(**settings).status()


def attempts(**settings: str) -> int:
    """How often two runs, a minute apart, show a password that is refused."""
    with tempfile.TemporaryDirectory() as directory:
        expanded = {name: value.replace("DIRECTORY", directory) for name, value in settings.items()}
        first = World(REFUSING).run(**expanded)
        with mock.patch("tests.support.world.BEGAN_AT", BEGAN_AT + 60.0):
            second = World(REFUSING).run(**expanded)
    return first.verbs.count("AUTH") + second.verbs.count("AUTH")


async def asked(line: bytes, command: int, shown: bytes | None = None) -> Reply:
    return Reply(b"235 ok")


def under_tls(*, authenticated: bool) -> Callable[..., bool]:
    """Whether a password is said on a session with TLS, which did or did not find who the peer is."""

    def says_it(**settings: str) -> bool:
        loaded = world.load(settings)
        made = logins(loaded.of_transports()[loaded.text("default_transport")], unexpected)
        if made is None:
            return False
        verdict = SimpleNamespace(authenticated=authenticated, certified=False)
        session = mock.Mock(
            engine=mock.Mock(offers={"AUTH": "PLAIN"}),
            host=HOST,
            tunnel=mock.Mock(channel=mock.Mock(verdict=verdict)),
            ask=asked,
        )
        try:
            asyncio.run(made.authenticate(session, Login("tim", "pencil"), lambda warning: None))
        except AuthenticationFailed:
            return False
        return True

    return says_it


def unexpected(warning: str) -> None:
    raise AssertionError(warning)


STRICT = {**ON, "smtp_sasl_security_options": "noplaintext"}
HOST = Host("mx.test", "192.0.2.1", 25, 0, True)

PROOFS = [
    Proof(
        "smtp_sasl_tls_security_options",
        under_tls(authenticated=False),
        {"noplaintext": False, "noanonymous": True},
        also=STRICT,
    ),
    Proof(
        "smtp_sasl_tls_verified_security_options",
        under_tls(authenticated=True),
        {"noplaintext": False, "noanonymous": True},
        also=STRICT,
    ),
    Proof("smtp_sasl_auth_enable", second_command, {"no": "MAIL", "yes": plain("tim", "pencil")}, also=LOGIN),
    Proof(
        "smtp_sasl_password_maps",
        second_command,
        {"inline:{other=a:b}": "MAIL", f"inline:{{{ADDRESS}=a:b}}": plain("a", "b")},
        also=ON,
    ),
    Proof(
        "smtp_sasl_security_options",
        second_command,
        {"noplaintext, noanonymous": "QUIT", "noanonymous": plain("tim", "pencil")},
        also=ON,
    ),
    Proof(
        "smtp_sasl_mechanism_filter",
        second_command,
        {"": plain("tim", "pencil"), "login": "AUTH LOGIN", "!plain": "QUIT"},
        also=ON,
    ),
    Proof(
        "smtp_sasl_path",
        second_command,
        {
            "": plain("tim", "pencil"),
            "tests.support.sasl_plugin": "AUTH TOKEN "
            + base64.b64encode(f"smtp/{ADDRESS}:25 tim pencil".encode()).decode(),
        },
        also=ON,
    ),
    Proof(
        "smtp_sasl_password_result_delimiter",
        second_command,
        {":": plain("tim", "pencil"), "p": plain("tim:", "encil")},
        also=ON,
    ),
    Proof(
        "smtp_sender_dependent_authentication",
        second_command,
        {"no": plain("b", "2"), "yes": plain("a", "1")},
        also={**ON, "smtp_sasl_password_maps": f"inline:{{@x.example=a:1,{ADDRESS}=b:2}}"},
    ),
    Proof(
        "send_cyrus_sasl_authzid",
        second_command,
        {"no": plain("tim", "pencil"), "yes": plain("tim", "pencil", "tim")},
        also=ON,
    ),
    Proof(
        "smtp_send_dummy_mail_auth",
        mail_command,
        {"no": "MAIL FROM:<s@x.example>", "yes": "MAIL FROM:<s@x.example> AUTH=<>"},
        also=ON,
    ),
    Proof("smtp_sasl_auth_soft_bounce", refusal, {"yes": "deferred 4.7.8", "no": "bounced 5.7.8"}, also=ON),
    Proof("smtp_sasl_auth_enforce", without_auth, {"no": "sent 2.0.0", "yes": "deferred 4.7.0"}, also=ON),
    Proof(
        "smtp_sasl_auth_cache_name", attempts, {"": 2, "btree:DIRECTORY/cache": 1, "internal:x": 2}, also=ON
    ),
    Proof(
        "smtp_sasl_auth_cache_time",
        attempts,
        {"1d": 1, "59s": 2},
        also={**ON, "smtp_sasl_auth_cache_name": "btree:DIRECTORY/cache"},
    ),
]
