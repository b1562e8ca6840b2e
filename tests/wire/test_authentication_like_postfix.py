"""AUTH against Postfix's own client: the same peers, the same password table; what is said, what it comes to.

Each case is a peer with its own offers and answers to AUTH, and is met by both. What differs on purpose: where
Postfix says QUIT in the middle of an authentication we say `*` first, and our reasons for it are our own.
"""

import re
import smtplib
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import postfix
from tests.support.delivery import deliver
from tests.support.peer import Peer
from tests.support.postfix import Postfix

pytestmark = pytest.mark.peer

PATIENCE = 30.0  # seconds until Postfix has logged what became of all
SETTINGS = {
    "smtp_sasl_auth_enable": "yes",
    "smtp_sasl_security_options": "",
}
USUAL = "tim:tan:staaf"
LOGIN = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"]

# name: offers, answers to what is said after EHLO, password table's entry
CASES: dict[str, tuple[list[str], list[str], str]] = {
    "plain": (["AUTH PLAIN"], ["235 ok"], USUAL),
    "oldform": (["AUTH=PLAIN"], ["235 ok"], USUAL),
    "lowercase": (["auth plain"], ["235 ok"], USUAL),
    "both": (["AUTH PLAIN", "AUTH=PLAIN"], ["235 ok"], USUAL),
    "twolists": (["AUTH LOGIN", "AUTH=PLAIN"], ["235 ok"], USUAL),
    "emptyfirst": (["AUTH", "AUTH=PLAIN"], ["235 ok"], USUAL),
    "tab": (["AUTH\\tPLAIN"], [], USUAL),
    "tabbed": (["AUTH PLAIN\\tLOGIN"], ["235 ok"], USUAL),
    "none": (["SIZE"], [], USUAL),
    "empty": (["AUTH"], [], USUAL),
    "unknown": (["AUTH FOO BAR"], [], USUAL),
    "anotheryes": (["AUTH PLAIN"], ["299 ok"], USUAL),
    "longyes": (["AUTH PLAIN"], ["235-hello", "235 ok"], USUAL),
    "bare": (["AUTH PLAIN"], ["535"], USUAL),
    "refused": (["AUTH PLAIN"], ["535 5.7.8 no"], USUAL),
    "later": (["AUTH PLAIN"], ["454 4.7.0 later"], USUAL),
    "toolong": (["AUTH PLAIN"], ["500 5.5.2 too long"], USUAL),
    "odd": (["AUTH PLAIN"], ["654 what"], USUAL),
    "early": (["AUTH PLAIN"], ["154 what"], USUAL),
    "login": (["AUTH LOGIN"], [*LOGIN, "235 ok"], USUAL),
    "loginbare": (["AUTH LOGIN"], ["334", "334", "235 ok"], USUAL),
    "loginearly": (["AUTH LOGIN"], [LOGIN[0], "535 5.7.8 no such user"], USUAL),
    "loginthird": (["AUTH LOGIN"], [*LOGIN, "334 YQ=="], USUAL),
    "badbase64": (["AUTH LOGIN"], ["334 @@@"], USUAL),
    "plainasked": (["AUTH PLAIN"], ["334 YQ=="], USUAL),
    "cram": (
        ["AUTH CRAM-MD5"],
        ["334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+", "235 ok"],
        USUAL,
    ),
    "nodelimiter": (["AUTH PLAIN"], ["235 ok"], "tim"),
    "nopassword": (["AUTH PLAIN"], ["235 ok"], "tim:"),
    "nouser": (["AUTH PLAIN"], ["235 ok"], ":secret"),
    "long": (["AUTH PLAIN"], ["334 ", "235 ok"], "tim:" + "x" * 700),
    "longasked": (["AUTH PLAIN"], ["334 YQ=="], "tim:" + "x" * 700),
}
OWN_REASON = "cannot authenticate to server 127.0.0.1[127.0.0.1]: "
LEAK = "non-empty initial PLAIN challenge"  # Postfix's text goes on with the password, in base64
CANCEL = "*"


def dialogue(offers: list[str], answers: list[str]) -> str:
    lines = ["S: 220 mx.test ESMTP", "C: EHLO *", "S: 250-mx.test"]
    lines += [f"S= 250{'-' if at < len(offers) else ' '}{offer}\\r\\n" for at, offer in enumerate(offers, 1)]
    for answer in answers:
        lines += [f"S= {answer}\\r\\n"] if answer[3:4] == "-" else ["C: *", f"S= {answer}\\r\\n"]
    return "\n".join([*lines, "X: polite"])


class Seen:
    """What each case came to, by Postfix."""

    def __init__(self, stack: ExitStack) -> None:
        self.peers = {name: stack.enter_context(peer(name)) for name in CASES}
        root = Path(stack.enter_context(postfix.scratch()))
        (root / "passwords").write_text(
            "".join(f"[127.0.0.1]:{self.peers[name].port} {entry}\n" for name, (_, _, entry) in CASES.items())
        )
        (root / "ways").write_text(
            "".join(f"{name}.test smtp:[127.0.0.1]:{peer.port}\n" for name, peer in self.peers.items())
        )
        main = "".join(f"{name} = {value}\n" for name, value in SETTINGS.items())
        main += (
            f"smtp_sasl_password_maps = texthash:{root}/passwords\ntransport_maps = texthash:{root}/ways\n"
        )
        with Postfix(root, main) as running:
            with smtplib.SMTP("127.0.0.1", running.port) as client:
                for name in CASES:
                    client.sendmail("s@x.example", f"r@{name}.test", "Subject: x\r\n\r\nx\r\n")
            end = time.monotonic() + PATIENCE
            while len(found := statuses(running.log())) < len(CASES) and time.monotonic() < end:
                time.sleep(0.1)
        self.statuses = found


def statuses(log: str) -> dict[str, tuple[str, str, str]]:
    lines = re.findall(r"to=<r@(\w+)\.test>.* dsn=([\d.]+), status=(\w+) \((.*)\)", log)
    return {name: (status, dsn, text) for name, dsn, status, text in lines}


def peer(name: str) -> Peer:
    offers, answers, _ = CASES[name]
    return Peer(dialogue(offers, answers))


def said(peer: Peer) -> list[str]:
    """Up to MAIL or QUIT."""
    commands = peer.conversations[0].commands[1:]
    verbs = [command.partition(" ")[0] for command in commands]
    ends = [verbs.index(verb) for verb in ("MAIL", "QUIT", CANCEL) if verb in verbs]
    return [*commands[: min(ends)], verbs[min(ends)]]


@pytest.fixture(scope="module")
def by_postfix() -> Iterator[Seen]:
    if reason := postfix.missing():
        pytest.skip(reason)
    with ExitStack() as stack:
        yield Seen(stack)


@pytest.mark.parametrize("name", CASES)
def test_case_comes_to_the_same(by_postfix: Seen, name: str) -> None:
    with peer(name) as ours:
        entry = CASES[name][2]
        table = {"smtp_sasl_password_maps": f"inline:{{{{127.0.0.1={entry}}}}}"}
        outcome = deliver(["r@x.example"], ours, **SETTINGS, **table)["r@x.example"]
    status, dsn, text = by_postfix.statuses[name]
    assert (outcome.status, outcome.dsn) == (status, dsn)
    if OWN_REASON in text or LEAK in text:
        text, _, _ = text.partition(OWN_REASON)
        assert outcome.reply.startswith(text.partition(LEAK)[0])
    else:
        assert outcome.reply == text
    *responses, end = said(ours)
    assert [*responses, "QUIT" if end == CANCEL else end] == said(by_postfix.peers[name])
    assert (end == CANCEL) == (status == "deferred" and bool(responses) and "said:" not in outcome.reply)
