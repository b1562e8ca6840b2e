"""Every parameter is proved to change something, or says why it is only accepted, or waits on `--unused`."""

import importlib
from itertools import chain
from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import PARAMETERS
from fastsmtp.conf.usage import unread
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
