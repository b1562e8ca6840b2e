"""kill -9 at a random moment of an import, or of appending: nothing recorded is lost, nothing is there twice.

The child writes to its standard output, by a write(2) a turn, the ids that append() returned for; what the
parent can read of it after the kill must be in the spool.
"""

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fastsmtp.spool.shard import Shard
from tests.support import spooled

ROOT = Path(__file__).parents[2]
RECIPIENTS = 4000
EVERYTHING = (0, 1 << 60, 1 << 30)

APPENDING = """
import os, sys
from pathlib import Path
from fastsmtp.spool.shard import Shard
from tests.support.spooled import outcome
shard = Shard.open(Path(sys.argv[1]), sync_interval=0.001)
os.write(1, b"0\\n")
after_id = 0
while page := shard.window(after_id, 1 << 60, 7) or shard.due(1e12, 7):
    after_id = max(after_id, page[-1].id)
    shard.append([
        outcome(recipient, "deferred" if recipient.id % 5 == 0 and not recipient.attempts else "sent")
        for recipient in page
    ])
    os.write(1, "".join(f"{recipient.id}\\n" for recipient in page).encode())
shard.close()
"""
IMPORTING = """
import os, sys
from pathlib import Path
from fastsmtp.spool.shard import Shard
from tests.support import spooled
def chunks():
    for start in range(0, 200_000, 1000):
        os.write(1, b"0\\n")
        yield spooled.rows(*(f"{number}@{number % 97}.example" for number in range(start, start + 1000))), []
Shard.create(Path(sys.argv[1]), spooled.job(), chunks())
os.write(1, b"1\\n")
sys.stdin.read()
"""


def killed_after(program: str, path: Path, lines: int) -> list[int]:
    """Runs `program` until it has said so many lines, kills it, and returns all that it said."""
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as child:
        assert child.stdout
        said = [line for _, line in zip(range(lines), child.stdout, strict=False)]
        os.kill(child.pid, signal.SIGKILL)
        said += [line for line in child.stdout if line.endswith(b"\n")]
    return [int(line) for line in said]


def test_twenty_kills_lose_no_outcome_and_repeat_none(tmp_path: Path) -> None:
    chance = random.Random(2)
    shard = spooled.shard(tmp_path, *(f"{number}@{number % 13}.example" for number in range(RECIPIENTS)))
    path = shard.path
    shard.close()
    acknowledged: list[int] = []
    for _ in range(20):
        acknowledged += [
            number for number in killed_after(APPENDING, path, chance.randrange(1, 30)) if number
        ]
        shard = Shard.open(path)
        recorded = dict(
            shard._connection.execute("SELECT recipient, count(*) FROM outcome GROUP BY recipient")
        )
        untried = {recipient.id for recipient in shard.window(*EVERYTHING)}
        deferred = {recipient.id for recipient in shard.due(1e12, RECIPIENTS)}
        books = shard.books()
        shard.close()
        assert all(recorded[number] >= times for number, times in Counter(acknowledged).items())
        assert set(recorded) | untried == set(range(1, RECIPIENTS + 1))
        assert not set(recorded) & untried
        assert books.sent == RECIPIENTS - len(untried | deferred)
        assert (books.untried, books.deferred) == (len(untried), len(deferred))
        assert (
            max(recorded.values(), default=0) <= 2
        )  # a deferral and then a delivery: none is delivered twice


@pytest.mark.parametrize("lines", [1, 60, 200, 201])
def test_killed_import_begins_anew_or_is_whole(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "shard-0.db"
    whole = 1 in killed_after(IMPORTING, path, lines)
    if not path.exists():
        assert not whole
        Shard.create(path, spooled.job(), [(spooled.rows("a@x.example"), [])]).close()
        return
    shard = Shard.open(path)
    assert shard.books().untried == 200_000
    shard.close()
