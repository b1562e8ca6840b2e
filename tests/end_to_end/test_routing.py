"""Routing against a real name server, real sockets and a real Postfix: what becomes of each, word by word.

Acceptance checks 1 to 24 stand one by one in tests/unit/delivery/test_routing_acceptance.py; here the same
cases go through both programs, with the zone of tests/support/routing_world.py.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import nsd, postfix
from tests.support.routing_world import ROOT, VARIANTS, Fate, command, recipients_of

LIMIT = 180.0  # seconds for the whole world
CASES = [(variant, recipient) for variant in VARIANTS for recipient in recipients_of(variant)]


def cannot() -> str:
    if reason := postfix.missing() or nsd.missing():
        return reason
    if not shutil.which("unshare") or not shutil.which("ip") or os.geteuid() != 0:
        return "a network of its own needs root, unshare and ip"
    probe = subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True, check=False)
    return "" if probe.returncode == 0 else "this system allows no namespaces"


REASON = cannot()
pytestmark = [pytest.mark.peer, pytest.mark.skipif(bool(REASON), reason=REASON)]


class World(NamedTuple):
    said: dict[str, dict[str, dict[str, list[str]]]]
    heard: dict[str, list[list[str]]]

    def fate(self, program: str, variant: str, recipient: str) -> Fate:
        return Fate(*self.said[program][variant][recipient])

    def receivers(self, program: str, recipient: str) -> list[str]:
        return [address for address, heard in self.heard[program] if heard == recipient]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with postfix.scratch("world-") as directory:
        folder = Path(directory)
        folder.chmod(0o755)  # Postfix's daemons read the table there
        done = subprocess.run(
            command(folder), cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT
        )
        assert done.returncode == 0, done.stderr
        yield World(**json.loads((folder / "said.json").read_text()))


@pytest.mark.parametrize(("variant", "recipient"), CASES)
def test_fate_is_the_one_that_postfix_gives(world: World, variant: str, recipient: str) -> None:
    assert world.fate("fastsmtp", variant, recipient) == world.fate("postfix", variant, recipient)


@pytest.mark.parametrize("recipient", recipients_of("direct"))
def test_receivers_are_spoken_to_in_the_order_of_postfix(world: World, recipient: str) -> None:
    assert world.receivers("fastsmtp", recipient) == world.receivers("postfix", recipient)


@pytest.mark.parametrize(
    ("recipient", "status", "dsn"),
    [
        ("u@a.r.test", "sent", "2.0.0"),
        ("u@null.r.test", "bounced", "5.1.0"),
        ("u@unknown.r.test", "bounced", "5.4.4"),
        ("u@broken.test", "deferred", "4.4.3"),
        ("u@self.r.test", "bounced", "5.4.6"),
        ("u@unprimary.r.test", "deferred", "4.4.4"),
        ("u@softdead.r.test", "deferred", "4.4.1"),
        ("u@hello.r.test", "bounced", "5.7.1"),
        ("u@strange.r.test", "deferred", "4.3.0"),
    ],
)
def test_fates_are_those_of_the_specification(world: World, recipient: str, status: str, dsn: str) -> None:
    assert world.fate("fastsmtp", "direct", recipient)[:2] == (status, dsn)
