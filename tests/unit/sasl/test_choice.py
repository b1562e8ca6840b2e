"""The strongest mechanism that is offered, allowed and there (spec: sasl, 5 to 7, 13.12, 13.13)."""

import sys
import types

import pytest

from fastsmtp.errors import SettingError
from fastsmtp.sasl import choice, plugins
from fastsmtp.sasl.choice import Limits, choose
from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.mechanism import MechanismFailure, Peer
from fastsmtp.sasl.scram import SaltedKeys

PEER = Peer("mx.test", 25, "me.test")
PASSWORD = Login("u", "p")
TOKEN = Login("u", "t", is_token=True)
ALL = "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256"


def chosen(
    offer: str, login: Login = PASSWORD, *required: str, named: str = "", certified: bool = False, more=None
) -> str:
    limits = Limits(frozenset(required), frozenset(named.split()), certified, more or {})
    make = choose(offer.split(), login, limits, SaltedKeys())
    return "" if make is None else make(login, PEER).name


def test_strongest_is_chosen_whatever_the_order() -> None:
    order = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN"]
    for place, name in enumerate(order):
        assert chosen(" ".join(sorted(order[place:])).lower()) == name
    assert chosen(ALL) == "SCRAM-SHA-256"


@pytest.mark.parametrize(
    ("required", "expected"),
    [
        ((), "SCRAM-SHA-256 SCRAM-SHA-1 DIGEST-MD5 CRAM-MD5 PLAIN LOGIN ANONYMOUS"),
        (("noplaintext", "noanonymous"), "SCRAM-SHA-256 SCRAM-SHA-1 DIGEST-MD5 CRAM-MD5"),
        (("noactive",), "SCRAM-SHA-256 SCRAM-SHA-1"),
        (("mutual_auth",), "SCRAM-SHA-256 SCRAM-SHA-1 DIGEST-MD5"),
        (("nodictionary",), ""),
        (("forward_secrecy",), ""),
    ],
)
def test_every_requested_property_is_there(required: tuple[str, ...], expected: str) -> None:
    offered = [*ALL.split(), "ANONYMOUS"]
    found = []
    while name := chosen(" ".join(offered), PASSWORD, *required):
        found.append(name)
        offered.remove(name)
    assert " ".join(found) == expected


def test_token_is_shown_to_mechanisms_for_tokens_alone() -> None:
    assert chosen("PLAIN XOAUTH2 OAUTHBEARER", TOKEN) == "OAUTHBEARER"
    assert chosen("PLAIN XOAUTH2", TOKEN) == "XOAUTH2"
    assert chosen("PLAIN LOGIN", TOKEN) == ""
    assert chosen("XOAUTH2", TOKEN, "noplaintext") == ""


def test_password_is_a_token_where_nothing_else_is_left() -> None:
    assert chosen("PLAIN XOAUTH2") == "PLAIN"
    assert chosen("PLAIN XOAUTH2", PASSWORD, "noplaintext") == ""
    assert chosen("XOAUTH2") == "XOAUTH2"
    assert chosen("XOAUTH2 OTHER") == "XOAUTH2"


def test_external_is_named_and_has_a_certificate() -> None:
    assert chosen("EXTERNAL PLAIN") == "PLAIN"
    assert chosen("EXTERNAL PLAIN", named="EXTERNAL") == "PLAIN"
    assert chosen("EXTERNAL PLAIN", certified=True) == "PLAIN"
    assert chosen("EXTERNAL PLAIN", named="EXTERNAL", certified=True) == "EXTERNAL"


def test_nothing_fits() -> None:
    assert chosen("") == ""
    assert chosen("GSSAPI SCRAM-SHA-256-PLUS") == ""


# Plug-ins


class Twice:
    """Says what it hears twice."""

    name = "twice"
    properties = ("noplaintext",)
    rank = 200

    def start(self, service: str, host: str, user: str, password: str, options: dict[str, object]) -> bytes:
        return f"{service} {host} {user} {password} {options['port']}".encode()

    def step(self, challenge: bytes) -> bytes:
        if challenge == b"fail":
            raise RuntimeError("the password is p")
        return challenge * 2


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    made = types.ModuleType("site_mechanisms")
    made.MECHANISMS = [Twice]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "site_mechanisms", made)
    return made


@pytest.mark.parametrize("blocks", [True, False])
def test_plugin_is_a_mechanism_by_its_rank(module, monkeypatch, blocks: bool) -> None:
    monkeypatch.setattr(Twice, "blocks", blocks, raising=False)
    loaded = plugins.load(["site_mechanisms"])
    assert chosen("SCRAM-SHA-512 TWICE", more=loaded) == "TWICE"
    assert chosen("XOAUTH2 TWICE", more=loaded) == "TWICE"
    monkeypatch.setattr(Twice, "rank", 45)
    assert chosen("LOGIN PLAIN TWICE", more=plugins.load(["site_mechanisms"])) == "PLAIN"
    made = loaded["TWICE"].make(PASSWORD, PEER)
    work = made.prepare(None)
    assert (work is not None) is blocks
    if work is not None:
        work()
    assert made.start() == b"smtp mx.test u p 25"
    work = made.prepare(b"ab")
    if work is not None:
        work()
    assert made.step(b"ab") == b"abab"
    with pytest.raises(MechanismFailure, match=r"^TWICE: the plug-in failed: RuntimeError$"):
        made.step(b"fail")


@pytest.mark.parametrize(
    "mechanisms", [None, [object], [type("Bad", (Twice,), {"properties": ("none",)})], [3]]
)
def test_module_that_is_no_plugin_is_refused(module, mechanisms) -> None:
    if mechanisms is None:
        del module.MECHANISMS
    else:
        module.MECHANISMS = mechanisms
    with pytest.raises(SettingError, match="smtp_sasl_path: site_mechanisms: expected"):
        plugins.load(["site_mechanisms"])


def test_module_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingError, match="no_such_module"):
        plugins.load(["no_such_module"])


def test_ranks_of_the_manual_are_those_of_the_table() -> None:
    best, step = choice.RANK_OF_BEST, choice.RANK_STEP
    by_rank = {row.name: best - step * at for at, row in enumerate(choice.PASSWORDS)}
    assert by_rank["SCRAM-SHA-512"] == 100
    assert by_rank["PLAIN"] == 50
    assert by_rank["LOGIN"] == 40
