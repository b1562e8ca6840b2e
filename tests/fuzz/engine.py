"""Fuzzes reply parser and engine for a stated time, without a guide: what peers say, cut and mixed at random.

    python -m tests.fuzz.engine [--seconds 60] [--seed N]

What must hold stands in tests/fuzz/targets.py (reply, engine); tests/fuzz/guided.py drives the same with
coverage where atheris is installed. A failure prints the seed that repeats it.
"""

import argparse
import random
import sys
import time

from tests.fuzz.targets import engine, reply


def attempt(seed: int) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(chance.choice([5, 20, 60, 200, 600]))
    engine(data)
    reply(data)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None, help="repeat this one alone")
    arguments = parser.parse_args()
    first = random.randrange(1 << 40) if arguments.seed is None else arguments.seed
    end_at = time.monotonic() + arguments.seconds
    seed = first
    while seed == first or (arguments.seed is None and time.monotonic() < end_at):
        try:
            attempt(seed)
        except Exception as error:
            print(f"seed {seed}: {error!r}")
            raise
        seed += 1
    print(f"{seed - first:,} sessions from seed {first}, no failure")
    return 0


if __name__ == "__main__":
    sys.exit(main())
