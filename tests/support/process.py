"""Processes that a test or a benchmark starts: free ports, waiting until a port answers, stopping by pid.

    free_port()                 a loopback port that nobody listens on at this moment
    wait_for_port(port, ...)    returns when something accepts; RuntimeError when it died or took too long
    stop(process)               SIGTERM, then SIGKILL; returns the exit status

Only processes handed in are touched; nothing is ever looked up by name.
"""

import os
import signal
import socket
import subprocess
import time

LOOPBACK = "127.0.0.1"
START_LIMIT = 20.0  # seconds; a loaded machine with one core needs a few
STOP_LIMIT = 10.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(
    port: int, process: subprocess.Popen[bytes], greeted: bool = False, address: str = LOOPBACK
) -> None:
    """`greeted`: not before a 220 was read; Postfix's master listens long before it can answer."""
    give_up_at = time.monotonic() + START_LIMIT
    while not _answers(address, port, greeted):
        if process.poll() is not None:
            raise RuntimeError(
                f"{process.args!r} ended with {process.returncode} before it listened on {port}"
            )
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"nothing answers on {address}:{port} after {START_LIMIT:.0f} s")
        time.sleep(0.02)


def _answers(address: str, port: int, greeted: bool) -> bool:
    try:
        with socket.create_connection((address, port), timeout=START_LIMIT) as connection:
            return not greeted or connection.recv(3) == b"220"
    except OSError:
        return False


def stop(process: subprocess.Popen[bytes], limit: float = STOP_LIMIT) -> int:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait(limit)


def stop_group(process: subprocess.Popen[bytes], limit: float = STOP_LIMIT) -> None:
    """Ends `process`, which leads a process group of its own, and all that is left of the group."""
    stop(process, limit)
    give_up_at = time.monotonic() + limit
    signal_number = 0  # a look, not a signal: Postfix's master has told its children already
    while time.monotonic() < give_up_at:
        try:
            os.killpg(process.pid, signal_number)
        except ProcessLookupError:
            return
        time.sleep(0.05)
        if time.monotonic() > give_up_at - limit / 2:
            signal_number = signal.SIGKILL
    raise RuntimeError(f"process group {process.pid} survives SIGKILL")
