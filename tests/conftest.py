"""Fixtures that every room's tests may ask for, and what is true of all tests.

postfix_relay(port)   a Postfix that sends all it gets to 127.0.0.1:port       (skips where none can run)
postfix_inbox         a Postfix that keeps all it gets: .inbox()               (the same)
smtp_sink             Postfix's smtp-sink; .port                               (the same)
receiver              aiosmtpd, recording: .port, .transactions
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import postfix as postfixes
from tests.support import smtp_sink as sinks
from tests.support.postfix import Postfix
from tests.support.receiver import Receiver
from tests.support.smtp_sink import SmtpSink

# A loaded machine is slow at moments: no test fails for that. Examples are new each time, but not in CI: it
# judges a change, which must not fail for what an older one left to be found.
settings.register_profile("fastsmtp", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("CI", settings.get_profile("fastsmtp"), derandomize=True)
settings.load_profile("CI" if os.environ.get("CI") == "true" else "fastsmtp")


def pytest_sessionstart() -> None:
    """A Python module that is compiled must not be tested as it was before the last change."""
    house = Path(__file__).parent.parent / "fastsmtp"
    typed = [face.with_suffix(".py") for face in house.rglob("*.pxd") if face.with_suffix(".py").exists()]
    stale = [
        source.name
        for source in typed
        for made in source.parent.glob(f"{source.stem}.*.so")
        if made.stat().st_mtime < max(source.stat().st_mtime, source.with_suffix(".pxd").stat().st_mtime)
    ]
    if stale:
        pytest.exit(f"{', '.join(stale)}: changed after the build; run `make build` first", returncode=3)


def _require_postfix() -> None:
    if reason := postfixes.missing():
        pytest.skip(reason)


@pytest.fixture
def postfix_relay() -> Iterator[Callable[[int], Postfix]]:
    _require_postfix()
    with ExitStack() as stack:

        def start(port: int, main: str = "") -> Postfix:
            root = Path(stack.enter_context(postfixes.scratch()))
            return stack.enter_context(Postfix(root, postfixes.RELAY.format(port=port) + main))

        yield start


@pytest.fixture
def postfix_inbox() -> Iterator[Postfix]:
    _require_postfix()
    with postfixes.scratch() as root, Postfix(Path(root), postfixes.receiving(Path(root))) as postfix:
        yield postfix


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    if sinks.find("smtp-sink") is None:
        pytest.skip("smtp-sink is not installed")
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running
