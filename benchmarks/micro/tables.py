"""What a lookup table costs: loading, memory and a lookup, by type; a million entries unless told otherwise.

    python -m benchmarks.micro.tables [--entries 1000000] [--rounds 5] [--results]

Promised are a load within 3 s and a lookup within 1 us for texthash. Each load is a process of its own: what
the one before it left in memory helps nobody. Lookups are of keys in no order, half of them found. Times are
CPU times, the best of the rounds: on a busy machine the others measure the neighbours. Memory is what the
process grew by. Indexes are built by postmap, where there is one.
Source: ours.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine, results
from fastsmtp.lookup.maps import Maps
from tests.support.postfix import age, silent_configuration
from tests.support.postmap import POSTMAP, types

SEED = 20261201
LOOKUPS = 200_000
ABOUT = "`make micro` writes this: best CPU times. Promised for texthash are 3 s and 1 us."
INDEXES = ("hash", "btree", "cdb", "lmdb")


class Cost(NamedTuple):
    load: float  # seconds
    find: float  # seconds a lookup
    memory: float  # bytes an entry


def addresses(count: int) -> Iterator[str]:
    """Addresses of a list, in no order."""
    chance = random.Random(SEED)
    return (
        f"{chance.getrandbits(40):x}.user{number}@domain{number % 1000}.example" for number in range(count)
    )


def write(path: Path, count: int, ending: str = "") -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{each} out{ending}.{each}\n" for each in addresses(count))


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def measure(reference: str, count: int) -> Cost:
    """In this process."""
    keys = [each for each, _ in zip(addresses(count), range(LOOKUPS // 2), strict=False)]
    keys += [f"no.{key}" for key in keys]
    random.Random(SEED).shuffle(keys)
    before, began_at = resident(), time.process_time()
    maps = Maps.open("smtp_generic_maps", [reference], print)
    load, memory = time.process_time() - began_at, resident() - before
    get = maps.tables[0].get
    spent = min(looked_up(get, keys) for _ in range(5))
    found = sum(get(key) is not None for key in keys)
    assert found == len(keys) // 2, f"{reference}: {found} of {len(keys)} keys found"
    return Cost(load, spent / len(keys), memory / count)


def looked_up(get: Callable[[str], str | None], keys: Sequence[str]) -> float:
    """Seconds for all of them."""
    began_at = time.process_time()
    for key in keys:
        get(key)
    return time.process_time() - began_at


def measure_apart(reference: str, count: int) -> Cost:
    """In a process of its own."""
    command = [sys.executable, "-m", "benchmarks.micro.tables", "--entries", str(count), "--one", reference]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(*map(float, done.stdout.split()))


def tables(directory: Path, count: int) -> dict[str, str]:
    """What is measured: a name for the page, and a reference."""
    plain, other = directory / "plain", directory / "utf8"
    write(plain, count)
    write(other, count, "-ü")
    found = {"texthash": f"texthash:{plain}", "texthash, UTF-8": f"texthash:{other}"}
    for kind in INDEXES:
        if kind in types():
            index = directory / kind
            index.symlink_to(plain)
            age(plain)
            command = [str(POSTMAP), "-c", str(silent_configuration()), f"{kind}:{index}"]
            subprocess.run(command, check=True, capture_output=True)
            found[kind] = f"{kind}:{index}"
    return found


def rows(directory: Path, count: int, rounds: int) -> list[str]:
    """The table of the page."""
    lines = ["|  | load, s | lookup, us | memory, bytes an entry |", "| --- | --- | --- | --- |"]
    for name, reference in tables(directory, count).items():
        costs = [measure_apart(reference, count) for _ in range(rounds)]
        load, find, memory = (min(values) for values in zip(*costs, strict=True))
        lines.append(f"| {name} | {load:.2f} | {find * 1e6:.2f} | {memory:.0f} |")
        print(lines[-1], flush=True)
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", action="store_true", help="write the table into RESULTS.md")
    parser.add_argument("--one", metavar="TYPE:NAME", help="measure this table, in this process")
    options = parser.parse_args(arguments)
    if options.one:
        print(*measure(options.one, options.entries))
        return
    with tempfile.TemporaryDirectory() as directory:
        found = rows(Path(directory), options.entries, options.rounds)
    if options.results:
        about = [ABOUT, "", *(f"- {line}" for line in machine.describe())]
        results.write_section(Path(__file__).parents[1] / "RESULTS.md", results.TABLES, [*about, "", *found])


if __name__ == "__main__":
    main()
