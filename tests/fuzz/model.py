"""All mixtures of replies to three messages, and to two with two recipients each, in every way to send.

    python -m tests.fuzz.model        minutes; tests/wire/test_model.py has those of two messages, and samples

A failure prints the plans and the mode that repeat it.
"""

import sys
import time
from itertools import product

from tests.support.model import MODES, check, every_plan, play


def main() -> int:
    started_at = time.monotonic()
    count = 0
    for name, mode in MODES.items():
        for recipients, messages in ((2, 2), (1, 3)):
            for plans in product(every_plan(recipients), repeat=messages):
                count += 1
                try:
                    check(play(list(plans), mode, seed=count % 3 and count))
                except AssertionError as error:
                    print(f"{name}: {plans}: {error}")
                    return 1
    print(f"{count:,} mixtures of replies in {time.monotonic() - started_at:.0f} s, each fate as meant")
    return 0


if __name__ == "__main__":
    sys.exit(main())
