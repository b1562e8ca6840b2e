"""Messages a second on one session, 100 ms each way: by PIPELINING, by CHUNKING, by neither; and Postfix.

    python -m benchmarks.figures.round_trips [--rounds N] [--results]

One sink behind a delaying proxy (benchmarks/long_line.py), one session at a time for every sender. Postfix
keeps its session in the connection cache (smtp_connection_cache_destinations), as it would for a busy
destination. The counts differ so that each sender runs for some seconds; start-up and opening of the session
are in the figures. `--results` writes the section of RESULTS.md, as `make bench` has it do. A round takes
about 45 seconds; there is one by default: the line is the clock.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine, results, rounds
from benchmarks.compare import RESULTS
from benchmarks.contenders import Fastsmtp, Postfix, Workplace
from benchmarks.data import Case
from benchmarks.figure import Promise, state
from benchmarks.long_line import LongLine
from benchmarks.measure import Cost, Spread
from fastsmtp.sink.behaviour import Behaviour

LATENCY = 0.1  # seconds, each way
SIZE = 4096
TITLE = results.ROUND_TRIPS
ONE_SESSION = ["smtp_destination_concurrency_limit=1", "smtp_destination_recipient_limit=1"]
CACHED = "smtp_destination_concurrency_limit = 1\nsmtp_connection_cache_destinations = static:all\n"


class OneSession(Fastsmtp):
    """fastsmtp, with the settings of a single session."""

    def command(self, job: Path, port: int, work: Path) -> list[str | Path]:
        settings = [word for setting in ONE_SESSION for word in ("-o", setting)]
        return [*super().command(job, port, work), *settings]


class CachedPostfix(Postfix):
    """Postfix, with one session that is kept."""

    settings = CACHED


class Way(NamedTuple):
    """A sender and what its peer offers."""

    name: str
    sender: Fastsmtp | Postfix
    behaviour: Behaviour
    messages: int


PLAIN = Behaviour(pipelining=False, chunking=False)
GROUPS = Behaviour(chunking=False)
WAYS = [
    Way("fastsmtp, CHUNKING", OneSession("group"), Behaviour(), 400),
    Way("fastsmtp, PIPELINING", OneSession("group"), GROUPS, 40),
    Way("fastsmtp, neither", OneSession("group"), PLAIN, 10),
    Way("Postfix, PIPELINING", CachedPostfix(), GROUPS, 20),
]
PROMISES = [
    (Promise("messages/s with PIPELINING, as a multiple of Postfix's", 2.0, at_least=True), WAYS[1], WAYS[3]),
    (Promise("messages/s with CHUNKING, as a multiple of Postfix's", 10.0, at_least=True), WAYS[0], WAYS[3]),
]


def run(way: Way) -> float:
    """Messages a second."""
    case = Case("over a long line", way.messages, SIZE)
    with Workplace() as work, LongLine(way.behaviour, LATENCY) as line:
        cost: Cost = way.sender.run(case, line.port, work)
        sessions = line.sink.tally.connections
    rounds.say(f"{way.name}: {way.messages / cost.seconds:.2f} a second, {sessions} sessions")
    return way.messages / cost.seconds


def section(speeds: dict[str, list[float]], ratios: list[list[float]]) -> list[str]:
    lines = [
        f"One session over a line of {LATENCY * 1000:.0f} ms each way, a delaying proxy before the sink;",
        "messages of 4 KiB, start-up and opening of the session included.",
        "`make bench` writes this, or `python -m benchmarks.figures.round_trips --results` alone.",
        "",
        *(f"- {line}" for line in machine.describe()),
        "",
        "| sender | messages/s | round trips a message |",
        "| --- | --- | --- |",
    ]
    for name, values in speeds.items():
        spread = Spread.of(values)
        trips = 1 / (spread.median * 2 * LATENCY)
        lines.append(f"| {name} | {spread.median:.2f} | {trips:.2f} |")
    for (promise, _, _), values in zip(PROMISES, ratios, strict=True):
        lines += ["", f"{promise.what}: {Spread.of(values).median:.1f}, promised {promise.goal:g}."]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--results", action="store_true")
    options = parser.parse_args()
    if reason := WAYS[-1].sender.missing():
        raise SystemExit(f"Postfix: {reason}")
    speeds: dict[str, list[float]] = {way.name: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            speeds[way.name].append(run(way))
    ratios = [
        [a / b for a, b in zip(speeds[ours.name], speeds[theirs.name], strict=True)]
        for _, ours, theirs in PROMISES
    ]
    for (promise, _, _), values in zip(PROMISES, ratios, strict=True):
        state(promise, values)
    if options.results:
        results.write_section(RESULTS, TITLE, section(speeds, ratios))


if __name__ == "__main__":
    main()
