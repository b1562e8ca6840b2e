"""One promised figure: measured side by side, printed as one line beside its goal.

    against(Promise(...), ours, theirs, case, figure)    a ratio of two contenders
    state(promise, values)                               a ratio that was measured some other way

Each file in figures/ is one promise and a command: python -m benchmarks.figures.NAME [--rounds N].
"""

import argparse
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks import machine, rounds
from benchmarks.contenders import Contender
from benchmarks.data import Case
from benchmarks.measure import Cost, Spread

ROUNDS = 5


class Promise(NamedTuple):
    what: str
    goal: float
    at_least: bool  # otherwise: at most


def round_count(default: int = ROUNDS) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=default)
    count: int = parser.parse_args().rounds
    return count


def against(
    promise: Promise, ours: Contender, theirs: Contender, case: Case, figure: Callable[[Cost], float]
) -> None:
    for contender in (ours, theirs):
        if reason := contender.missing():
            raise SystemExit(f"{contender.name}: {reason}")
    costs = rounds.play(case, [ours, theirs], round_count())
    ratios = [figure(a) / figure(b) for a, b in zip(costs[ours.name], costs[theirs.name], strict=True)]
    state(promise, ratios)


def state(promise: Promise, values: Sequence[float]) -> None:
    spread = Spread.of(values)
    kept = spread.median >= promise.goal if promise.at_least else spread.median <= promise.goal
    bound = "at least" if promise.at_least else "at most"
    print(
        f"{promise.what}: {spread.median:.2f} ({spread.least:.2f} to {spread.most:.2f}), "
        f"promised {bound} {promise.goal:g}: {'kept' if kept else 'missed'}"
    )
    for line in machine.describe():
        print(f"  {line}")
