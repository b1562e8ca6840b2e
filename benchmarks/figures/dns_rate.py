"""Names resolved a second and core: MX, then A, of domains never asked for before, from NSD on loopback.

    python -m benchmarks.figures.dns_rate [--rounds N]

As a multiple of 3,000; counted is the processor time of our process alone, one of its own each round. How
much memory grows with 100,000 such domains is told too: the answers that are kept are bounded.
"""

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import uvloop

from benchmarks import rounds
from benchmarks.contenders import ROOT
from benchmarks.figure import Promise, round_count, state
from fastsmtp.route.hosts import Router, RouteRules
from fastsmtp.route.order import OrderRules
from fastsmtp.route.resolver import LookupRules, Resolver
from tests.support import nsd

DOMAINS = 20_000
MANY = 100_000
AT_ONCE = 200
GOAL = 3000
KIB = 1024
PROMISE = Promise(f"MX and A resolved a second and core, as a multiple of {GOAL:,}", 1.0, at_least=True)
ORDER = OrderRules(True, "any", True, 5, False)
RULES = RouteRules(port=25, order=ORDER, ignores_mx_failure=False, waits_for_mx_address=False)


async def resolve(port: int, count: int) -> None:
    """All domains, so many at once as a run looks ahead."""
    lookups = LookupRules(frozenset({"ipv4"}), True, frozenset({"dns"}), (("127.0.0.1", port),))
    resolver = Resolver(lookups)
    router = Router(RULES, resolver)
    names: Iterator[str] = (f"d{number}.bulk.example" for number in range(count))

    async def some() -> None:
        for name in names:
            await router.hosts(name)

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    resolver.close()


def measured(port: int, count: int) -> tuple[float, float, int]:
    """Processor seconds, seconds, and by how many bytes memory grew at its peak."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    started_at, used = time.monotonic(), time.process_time()
    uvloop.run(resolve(port, count))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before.ru_maxrss
    return time.process_time() - used, time.monotonic() - started_at, grown * KIB


def measure(port: int, count: int) -> tuple[float, float]:
    """Domains a second and core, and MiB, in a new process."""
    command = [sys.executable, "-m", "benchmarks.figures.dns_rate", str(port), str(count)]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.split()
    used, seconds, grown = map(float, output)
    rate, memory = count / used, grown / KIB**2
    rounds.say(
        f"{count:,} domains: {rate:,.0f} a second and core, {count / seconds:,.0f} by the clock, "
        f"{memory:.1f} MiB"
    )
    return rate, memory


def main() -> None:
    count = round_count()
    if reason := nsd.missing():
        raise SystemExit(reason)
    zone = "".join(f"d{n} MX 10 mx.d{n}\nmx.d{n} A 127.0.{n % 250}.1\n" for n in range(MANY))
    with nsd.Nsd({"bulk.example": zone}) as server:
        rates = [measure(server.port, DOMAINS)[0] for _ in range(count)]
        measure(server.port, MANY)
    state(PROMISE, [rate / GOAL for rate in rates])


if __name__ == "__main__":
    if len(sys.argv) == 3 and not sys.argv[1].startswith("-"):
        print(*measured(int(sys.argv[1]), int(sys.argv[2])))
    else:
        main()
