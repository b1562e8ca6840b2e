"""What a sender costs: measured on processes whose costs are known."""

import subprocess
import sys

import pytest

from benchmarks import rounds
from benchmarks.measure import Cost, Spread, Tree, run

BUSY = "import time\nwhile time.process_time() < 0.3: pass"
LARGE = "import time; block = bytearray(64 * 2**20); time.sleep(0.2)"


def test_command_is_charged_with_its_processor_time() -> None:
    cost = run([sys.executable, "-c", BUSY])
    assert 0.3 <= cost.cpu_seconds < 0.6
    assert cost.seconds >= cost.cpu_seconds * 0.9
    assert cost.status == 0


def test_command_is_charged_with_its_children_too() -> None:
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    assert run([sys.executable, "-c", script]).cpu_seconds >= 0.3


def test_memory_is_the_peak_of_the_command_and_not_of_its_parent() -> None:
    ours = bytearray(200 * 2**20)
    cost = run([sys.executable, "-c", LARGE])
    assert 64 * 2**20 < cost.memory < len(ours)


def test_exit_status_is_handed_on() -> None:
    assert run([sys.executable, "-c", "raise SystemExit(7)"]).status == 7


PARENT = f"""
import subprocess, sys
busy = {BUSY!r}
subprocess.run([sys.executable, "-c", busy])
staying = busy + "\\nprint(flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", staying], stdout=subprocess.PIPE)
child.stdout.readline()
print(flush=True)
sys.stdin.read()
child.kill()
"""


def test_tree_counts_ended_and_living_children() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        tree = Tree(process.pid)
        assert len(tree.pids()) == 2
        assert 0.55 <= tree.cpu_seconds() < 1.5  # in ticks of a hundredth
        assert 2**20 < tree.memory() < 200 * 2**20
        process.stdin.close()


def test_spread_is_median_least_and_most() -> None:
    assert Spread.of([3.0, 1.0, 8.0]) == (3.0, 1.0, 8.0)


def test_ratio_is_taken_within_each_round() -> None:
    ours = [Cost(1.0, 0.5, 0), Cost(10.0, 5.0, 0)]
    theirs = [Cost(5.0, 1.0, 0), Cost(50.0, 10.0, 0)]
    assert rounds.ratio(ours, theirs, rounds.speed) == pytest.approx((5.0, 5.0, 5.0))
    assert rounds.ratio(ours, theirs, rounds.cpu) == pytest.approx((0.5, 0.5, 0.5))
