"""Resident memory of a session inside TLS that is open and waits: 10,000 of them in one process.

    python -m benchmarks.figures.memory_tls [--rounds N]

As memory_sessions.py, at level encrypt, and TLS from the first byte on: what a session holds is the same as
behind STARTTLS. Source: ours (design page, section 5: at most 64 KiB).
"""

from benchmarks.figure import Promise, round_count, state
from benchmarks.figures.memory_sessions import measure

PROMISE = Promise("KiB resident of an idle session among 10,000, inside TLS", 64.0, at_least=False)

if __name__ == "__main__":
    state(PROMISE, [measure("secure") for _ in range(round_count(1))])
