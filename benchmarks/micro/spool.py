"""What the spool costs: import, window, append, retries, reopening, results; CPU and elapsed time a row.

    python -m benchmarks.micro.spool [--rows 300000]

Rows are made beforehand: their making is not measured. CPU counts all threads and the kernel, the syncer's
too. The promised figure (DESIGN, section 5) is rows/s of the import together with the reading of the list.
Source: ours.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import Delays, Outcome
from fastsmtp.report import results
from fastsmtp.spool.records import Chunk, JobRecord, Row
from fastsmtp.spool.shard import Shard, SyncPolicy

CHUNK = 2000
SEED = 20261201


def made_rows(count: int, domains: int = 1000) -> list[Row]:
    """Rows of a list, domains of very different sizes, addresses in no order."""
    chance = random.Random(SEED)
    rows: list[Row] = []
    for line in range(2, count + 2):
        domain = f"domain{int(chance.random() ** 3 * domains)}.example"
        address = f"{chance.getrandbits(40):x}.user@{domain}"
        rows.append((line, address, domain, address, f"User {line}\x1fBerlin"))
    return rows


def made_job() -> JobRecord:
    """A job that asks for nothing special."""
    return JobRecord(
        "bench", time.time(), "bounces@x.example", "none", "skip", "tsv", ("name",), b"x", "none"
    )


def chunked(rows: list[Row]) -> Iterator[Chunk]:
    """Rows as the job hands them over."""
    return ((rows[start : start + CHUNK], []) for start in range(0, len(rows), CHUNK))


def outcome(recipient: Recipient, retry_at: float = 0.0) -> Outcome:
    """What a peer would have said: `deferred` if there is a retry."""
    number = recipient.id
    moment = 1.79e9 + number / 20000
    return Outcome(
        recipient,
        "deferred" if retry_at else "sent",
        "2.0.0",
        f"250 2.0.0 Ok: queued as {number:010X}",
        f"mx{number % 50}.example[192.0.2.{number % 50}]:25",
        recipient.attempts + 1,
        moment,
        moment + 0.5,
        Delays(0.01, 0.02, 0.03, 0.04),
        "",
        f"4{number:09X}",
        retry_at,
        "bounces@x.example",
        1,
    )


@contextmanager
def measured(what: str, rows: int) -> Iterator[None]:
    """Prints CPU and elapsed microseconds a row, and rows a second."""
    cpu, start = time.process_time(), time.perf_counter()
    yield
    cpu, elapsed = time.process_time() - cpu, time.perf_counter() - start
    print(
        f"{what:38} {cpu / rows * 1e6:7.2f} us CPU {elapsed / rows * 1e6:7.2f} us elapsed "
        f"{rows / elapsed:10,.0f} rows/s",
        flush=True,
    )


def append_all(shard: Shard, outcomes: list[Outcome], turn: int) -> None:
    """Appends them `turn` by `turn`, as a loop would."""
    for start in range(0, len(outcomes), turn):
        shard.append(outcomes[start : start + turn])


def run(directory: Path, count: int) -> None:
    """All steps, one after another, on one shard."""
    path = directory / "shard-0.db"
    rows = made_rows(count)
    with measured("import", count):
        shard = Shard.create(path, made_job(), chunked(rows))
    del rows
    recipients: list[Recipient] = []
    with measured("window, 500 at a time", count):
        while page := shard.window(recipients[-1].id if recipients else 0, count, 500):
            recipients += page
    fifth = count // 5
    sent = [outcome(recipient) for recipient in recipients[: 3 * fifth]]
    deferred = [outcome(recipient, 1.79e9 + recipient.id) for recipient in recipients[3 * fifth : 4 * fifth]]
    del recipients
    policies: tuple[tuple[SyncPolicy, int], ...] = (("group", 10), ("none", 10), ("group", 50))
    for place, (sync, turn) in enumerate(policies):
        shard.close()
        shard = Shard.open(path, sync=sync)
        with measured(f"append, {turn} a turn, sync {sync}", fifth):
            append_all(shard, sent[place * fifth : (place + 1) * fifth], turn)
    with measured("append deferred, 10 a turn", fifth):
        append_all(shard, deferred, 10)
    shard.close()
    with measured("open, by outcome", 4 * fifth):
        shard = Shard.open(path)
    with measured("due, 500 at a time", fifth):
        while shard.due(4e9, 500):
            pass
    for suffix in ("csv", "jsonl"):
        with measured(f"results, {suffix}", count):
            results.write(directory / f"results.{suffix}", shard.results(include_waiting=True))
    shard.close()
    print(f"{path.stat().st_size / count:.0f} bytes a recipient on disk, four outcomes for five recipients")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument(
        "--directory", type=Path, help="where to put the spool (default: that of temporary files)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        run(Path(directory), arguments.rows)


if __name__ == "__main__":
    main()
