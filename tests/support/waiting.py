"""Waiting for what another process does: by looking, with an end."""

import time
from collections.abc import Callable

LIMIT = 20.0
LOOK_EVERY = 0.02


def eventually(condition: Callable[[], bool], limit: float = LIMIT) -> None:
    give_up_at = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < give_up_at, f"did not happen in {limit:.0f} s"
        time.sleep(LOOK_EVERY)
