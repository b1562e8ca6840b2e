"""`make bench`: fastsmtp, Postfix, aiosmtplib and smtp-source side by side, one table a workload.

    python -m benchmarks.compare [--short] [--rounds N] [--only NAME ...] [--no-results]

Writes benchmarks/RESULTS.md (not with --short or --only: those are for a quick look). What is measured and
how: contenders.py (the senders), measure.py (time, CPU, memory), data.py (the mail), rounds.py (the order).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks import data, machine, results, rounds
from benchmarks.contenders import Aiosmtplib, Contender, Fastsmtp, Postfix, SmtpSource
from benchmarks.data import Case
from benchmarks.measure import Cost, Spread

RESULTS = Path(__file__).with_name("RESULTS.md")
ROUNDS = 5
SHORT = [Case("4 KiB", 2_000, 4096), Case("100 KB", 200, 100_000)]
FULL = [data.SMALL, data.LARGE]

CONTENDERS: list[Contender] = [Fastsmtp("group"), Fastsmtp("always"), Postfix(), Aiosmtplib(), SmtpSource()]

HEAD = """\
# Results of the benchmarks

One job, the same receiver (Postfix's smtp-sink), the same main.cf lines, one machine, one run; `make bench`
repeats it and writes this page. It needs root (Postfix runs as an instance of its own, apart from the
machine's) and about ten minutes.

- **messages/s**: fastsmtp from the start of `fastsmtp send` (job file, list, template, spool, results) to
  its exit; Postfix from the first injected message to the last delivery in its log, injected by
  `smtp-source -d` over 20 sessions.
- **CPU**: user and system time of all processes of the sender, start-up included, by messages.
- **memory**: the peak; of Postfix the sum over its processes, shared pages counted once.
- **synced**: when what the sender remembers of the job is on the disk.
- Rounds are interleaved; a ratio is taken within each round. Given are medians, in brackets least and most.
- A busy machine spreads the figures: run it where nothing else runs (the load average is given).
- These are loopback figures of one machine: read the ratios. A receiver on a network, TLS and limits of
  receivers change what is the bottleneck.
"""


def table(case: Case, costs: dict[str, list[Cost]], contenders: Sequence[Contender]) -> list[str]:
    lines = [
        f"## {case.messages:,} messages of {case.name}",
        "",
        "| sender | messages/s | CPU a message, us | memory, MiB | synced |",
        "| --- | --- | --- | --- | --- |",
    ]
    for contender in contenders:
        speeds = Spread.of([case.messages / cost.seconds for cost in costs[contender.name]])
        cpus = Spread.of([cost.cpu_seconds / case.messages * 1e6 for cost in costs[contender.name]])
        memory = max(cost.memory for cost in costs[contender.name]) / 2**20
        cells = (contender.name, shown(speeds), shown(cpus), f"{memory:.0f}", contender.sync)
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *ratios(costs), ""]


def shown(spread: Spread, digits: int = 0) -> str:
    return f"{spread.median:,.{digits}f} ({spread.least:,.{digits}f} to {spread.most:,.{digits}f})"


def ratios(costs: dict[str, list[Cost]]) -> list[str]:
    ours = Fastsmtp("group").name
    if ours not in costs:
        return []
    others = [name for name in costs if name != ours]
    lines = ["| fastsmtp against | messages/s | CPU a message |", "| --- | --- | --- |"]
    for name in others:
        speed = rounds.ratio(costs[ours], costs[name], rounds.speed)
        cpu = rounds.ratio(costs[ours], costs[name], rounds.cpu)
        lines.append(f"| {name} | {shown(speed, 1)} | {shown(cpu, 2)} |")
    return lines


def able(names: Sequence[str]) -> list[Contender]:
    chosen = [c for c in CONTENDERS if not names or any(c.name.lower().startswith(n.lower()) for n in names)]
    for contender in chosen:
        if reason := contender.missing():
            rounds.say(f"without {contender.name}: {reason}")
    return [contender for contender in chosen if not contender.missing()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description="Senders side by side on this machine.")
    parser.add_argument("--short", action="store_true", help="a tenth of it, one round, not written")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="those that begin so")
    parser.add_argument("--no-results", action="store_true", help="leave RESULTS.md as it is")
    options = parser.parse_args()

    contenders = able(options.only)
    lines = [f"- {line}" for line in machine.describe()] + [""]
    for case in SHORT if options.short else FULL:
        costs = rounds.play(case, contenders, 1 if options.short else options.rounds)
        lines += table(case, costs, contenders)
    print("\n".join(lines))
    if not (options.short or options.only or options.no_results):
        page = HEAD + "\n" + "\n".join(lines)
        RESULTS.write_text(page + results.sections(RESULTS), encoding="utf-8")


if __name__ == "__main__":
    main()
