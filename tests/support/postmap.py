"""`postmap -q` and `fastsmtp lookup`, each asked for the same: exit status and what was printed.

lookup(reference, key) == postmap(reference, key)
postmap_each(reference, keys)       all at once
types()                             the table types that this Postfix knows
"""

import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

from fastsmtp.cli.main import main
from tests.support.postfix import silent_configuration

POSTMAP = shutil.which("postmap", path="/usr/sbin:/usr/bin:/sbin:/bin")


@cache
def types() -> frozenset[str]:
    if POSTMAP is None:
        return frozenset()
    command = [str(Path(POSTMAP).with_name("postconf")), "-c", str(silent_configuration()), "-m"]
    return frozenset(subprocess.run(command, capture_output=True, text=True, check=False).stdout.split())


def postmap(reference: str, key: str) -> tuple[int, str]:
    assert POSTMAP is not None
    done = subprocess.run(
        [POSTMAP, "-c", silent_configuration(), "-q", key, reference],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def postmap_each(reference: str, keys: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The same for many keys: in one process if no answer is an error, else one each, all at once (after an
    error postmap sleeps for a second).
    """
    keys = list(keys)
    together = _together(reference, keys)
    if together is not None:
        return together
    with ThreadPoolExecutor(len(keys)) as pool:
        return dict(zip(keys, pool.map(lambda key: postmap(reference, key), keys), strict=True))


def _together(reference: str, keys: list[str]) -> dict[str, tuple[int, str]] | None:
    assert POSTMAP is not None
    if not all(keys) or any("\n" in key for key in keys):
        return None
    done = subprocess.run(
        [POSTMAP, "-c", silent_configuration(), "-q", "-", reference],
        input="".join(f"{key}\n" for key in keys),
        capture_output=True,
        text=True,
        check=False,
    )
    if "fatal:" in done.stderr:
        return None
    found = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    return {key: (0, f"{found[key]}\n") if key in found else (1, "") for key in keys}


def lookup(reference: str, key: str) -> tuple[int, str]:
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()):
        status = main(["lookup", reference, "--", key])
    return status, stdout.getvalue()
