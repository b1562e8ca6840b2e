"""Every parameter is proved to change something, or says why it is only accepted, or waits on `--unused`."""

import importlib
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from unittest import mock

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import CLIENT, PARAMETERS
from fastsmtp.conf.usage import unread
from tests.support.world import BASE
from tests.unit.parameters.proof import Proof

HERE = Path(__file__).parent
MODULES = [importlib.import_module(f"tests.unit.parameters.{file.stem}") for file in HERE.glob("rows_*.py")]
PROOFS: list[Proof] = list(chain.from_iterable(module.PROOFS for module in MODULES))
ACCEPTED = [row for row in PARAMETERS.values() if row.accepted]


@pytest.mark.parametrize(
    ("proof", "value"),
    [(proof, value) for proof in PROOFS for value in proof.expected],
    ids=lambda part: part.name if isinstance(part, Proof) else part or "(empty)",
)
def test_parameter_does_what_it_says(proof: Proof, value: str) -> None:
    assert proof.seen(value) == proof.expected[value]


@pytest.mark.parametrize("proof", PROOFS, ids=[proof.name for proof in PROOFS])
def test_changing_it_changes_what_is_seen(proof: Proof) -> None:
    seen = list(proof.expected.values())
    assert any(other != seen[0] for other in seen)


OF_CLIENT = [proof for proof in PROOFS if proof.name in {row.name for row in CLIENT.values()}]


@pytest.mark.parametrize(
    ("proof", "value"),
    [(proof, value) for proof in OF_CLIENT for value in proof.expected],
    ids=lambda part: part.name if isinstance(part, Proof) else part or "(empty)",
)
def test_what_is_set_for_one_transport_counts_for_it(proof: Proof, value: str) -> None:
    """All mail goes over the transport slow, whose parameters are named after it."""
    with mock.patch("tests.support.world.load", as_slow):
        assert proof.seen(value) == proof.expected[value]


@pytest.mark.parametrize("proof", OF_CLIENT, ids=[proof.name for proof in OF_CLIENT])
def test_what_is_set_for_one_transport_counts_for_no_other(proof: Proof) -> None:
    default, *others = proof.expected
    with mock.patch("tests.support.world.load", as_other):
        expected = proof.seen(default)
        for value in others:
            assert proof.seen(value) == expected


def as_slow(settings: Mapping[str, str]) -> Settings:
    return renamed(settings, transport="slow")


def as_other(settings: Mapping[str, str]) -> Settings:
    return renamed(settings, transport="other")


def renamed(settings: Mapping[str, str], *, transport: str) -> Settings:
    """What is set for smtp is set for slow, and all mail goes over `transport`."""
    usual = {
        "smtp_transports": "slow other",
        "default_transport": transport,
        "other_randomize_addresses": "no",
    }
    own = {
        name.replace("smtp_", "slow_", 1) if name.startswith("smtp_") else name: value
        for name, value in (BASE | dict(settings)).items()
    }
    return Settings.load(None, [f"{name}={value}" for name, value in (own | usual).items()])


def test_every_parameter_that_is_read_is_proved() -> None:
    waiting = {row.name for row in unread()}
    fixed = {row.name for row in PARAMETERS.values() if row.fixed}
    others = waiting | fixed | {row.name for row in ACCEPTED}
    proved = {proof.name for proof in PROOFS}
    assert sorted(PARAMETERS.keys() - others - proved) == [], "read, and no row in tests/unit/parameters"
    assert sorted(proved & others) == [], "proved, but on the --unused list, accepted or fixed"
    assert sorted(proved - PARAMETERS.keys()) == []


@pytest.mark.parametrize("row", ACCEPTED, ids=[row.name for row in ACCEPTED])
def test_what_is_only_accepted_is_pointed_out_at_the_start(row) -> None:
    other = {"yes": "no", "no": "yes"}.get(row.default, "7")
    (warning,) = Settings.load(None, [f"{row.name}={other}"]).warnings
    assert warning == f"-o: {row.name} changes nothing here: {row.accepted}"
    assert Settings.load(None, [f"{row.name}={row.default}"]).warnings == ()
