"""Rounds: every contender once, then again, so that what slows the machine for a while slows all alike.

    play(case, contenders, count)    the costs of each contender, a list as long as the rounds
    ratio(of, against, figure)       the ratio within each round: its median and spread

A ratio is taken within a round and only then summed up; the median of ratios is what is promised, never the
ratio of the best to the worst.
"""

import sys
from collections.abc import Callable, Sequence

from benchmarks.contenders import Contender, Workplace
from benchmarks.data import Case
from benchmarks.measure import Cost, Spread
from tests.support.smtp_sink import SmtpSink


def play(case: Case, contenders: Sequence[Contender], count: int) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {contender.name: [] for contender in contenders}
    for number in range(1, count + 1):
        for contender in contenders:
            with Workplace() as work, SmtpSink() as sink:
                cost = contender.run(case, sink.port, work)
            costs[contender.name].append(cost)
            rate = case.messages / cost.seconds
            each = cost.cpu_seconds / case.messages * 1e6
            what = f"{case.name}, {number} of {count}, {contender.name}"
            say(f"{what}: {rate:,.0f} a second, {each:,.0f} us CPU each")
    return costs


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def ratio(of: Sequence[Cost], against: Sequence[Cost], figure: Callable[[Cost], float]) -> Spread:
    return Spread.of([figure(one) / figure(other) for one, other in zip(of, against, strict=True)])


def speed(cost: Cost) -> float:
    return 1 / cost.seconds


def cpu(cost: Cost) -> float:
    return cost.cpu_seconds
