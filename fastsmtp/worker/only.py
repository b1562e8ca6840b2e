"""A run of some rows of an ended run: `fastsmtp send JOB --only deferred,unknown`.

    prepare(directory, statuses) -> the directory of the run to carry out: a new one, or one to go on with

`directory` is the job's. Its runs, in order: itself, then NAME.only-1, NAME.only-2 and so on beside it. The
rows are those of the latest run; they keep their lines and fields, and go out with that run's message and
sender. In a run of its own each has new attempts and a new result.

| the latest run | asked for | then |
| --- | --- | --- |
| is an --only of the same statuses, and somebody waits in it | | it is gone on with |
| has recipients that were never tried | | UsageError |
| has deferred recipients | with `deferred` | they are `cancelled` there and go into the new run |
| has deferred recipients | without | UsageError |

Each step can be repeated after an interruption (see spool/excerpt.py): no row is in two runs that may send to
it, and none is lost between them.
Source: ours (design page, section 2, "The results").
"""

import math
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from fastsmtp.errors import UsageError
from fastsmtp.outcome.outcome import CANCELLED, DEFERRED, Delays, Outcome
from fastsmtp.spool import excerpt
from fastsmtp.spool.excerpt import Draft, Header
from fastsmtp.spool.records import Books, Chunk
from fastsmtp.spool.shard import Shard
from fastsmtp.spool.shares import Shares, imported_shards, recorded, shard_path

PAGE = 2000  # rows cancelled in one write
MOVED_DSN = "5.0.0"


class Latest(NamedTuple):
    """The run that rows are taken from."""

    directory: Path
    number: int  # 0: the job itself


def prepare(directory: Path, statuses: frozenset[str]) -> Path:
    """Leaves no open file and no lock behind. UsageError if there is no such run, SpoolError."""
    latest = latest_run(directory)
    count = imported_shards(latest.directory)
    if not count:
        if latest.number and excerpt.read_header(latest.directory).statuses == statuses:
            return latest.directory
        raise UsageError(f"{latest.directory.name} has not been sent: --only is for a run that has ended")
    with ExitStack() as stack:
        if recorded(latest.directory):
            shares = Shares(latest.directory, count)
            stack.callback(shares.release)
        shards = []
        for index in range(count):
            shard = Shard.open(shard_path(latest.directory, index), sync="always")
            stack.callback(shard.close)
            shards.append(shard)
        books = Books.total(shard.books() for shard in shards)
        if latest.number and books.waiting and excerpt.read_header(latest.directory).statuses == statuses:
            return latest.directory
        new = directory.with_name(f"{directory.name}.only-{latest.number + 1}")
        _check_ended(latest.directory.name, shards, books, statuses, moved_to(new))
        _begin(new, shards, statuses)
        return new


def latest_run(directory: Path) -> Latest:
    """The last of the job's runs that exist."""
    name = re.compile(re.escape(directory.name) + r"\.only-([1-9][0-9]*)")
    found = [Latest(directory, 0)]
    for path in directory.parent.glob("*.only-*"):
        match = name.fullmatch(path.name)
        if match and excerpt.committed(path):
            found.append(Latest(path, int(match[1])))
    return max(found, key=lambda run: run.number)


def moved_to(directory: Path) -> str:
    """The reply of a row that goes on in another run."""
    return f"continued in {directory.name}"


def _check_ended(name: str, shards: list[Shard], books: Books, statuses: frozenset[str], moved: str) -> None:
    if books.untried:
        raise UsageError(
            f"{name} has not ended: {books.untried} recipients were never tried; send it to its end first"
        )
    if DEFERRED in statuses:
        return
    deferred = books.deferred + sum(excerpt.count_moved(shard.path, moved) for shard in shards)
    if deferred:
        raise UsageError(
            f"{name} has not ended: {deferred} recipients are deferred; send it to its end first, "
            "or take them along with --only deferred,..."
        )


def _begin(new: Path, shards: list[Shard], statuses: frozenset[str]) -> None:
    """Writes the new run's list, and takes from the old one what it still had to send."""
    moved = moved_to(new)
    record = replace(
        shards[0].job,
        name=new.name,
        created_at=time.time(),
        duplicates="allow",  # what the earlier run found stands
    )
    draft = Draft(new, Header(statuses, record))
    if not draft.write(_rows(shards, statuses, moved)):
        draft.discard()
        raise UsageError(f"no recipient of {shards[0].job.name} is {' or '.join(sorted(statuses))}")
    if DEFERRED in statuses:
        for shard in shards:
            _cancel_deferred(shard, moved)
    draft.commit()


def _rows(shards: list[Shard], statuses: frozenset[str], moved: str) -> Iterator[Chunk]:
    return chain.from_iterable(excerpt.select(shard.path, statuses, moved) for shard in shards)


def _cancel_deferred(shard: Shard, reply: str) -> None:
    while recipients := shard.due(math.inf, PAGE):
        now = time.time()
        shard.append(
            [
                Outcome(
                    recipient,
                    CANCELLED,
                    MOVED_DSN,
                    reply,
                    "none",
                    recipient.attempts,
                    recipient.first_attempt_at,
                    now,
                    Delays(0.0, 0.0, 0.0, 0.0),
                    "",
                    "",
                    0.0,
                    "",
                    0,
                )
                for recipient in recipients
            ]
        )
