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
    """All at once: after each error postmap sleeps for a second."""
    keys = list(keys)
    with ThreadPoolExecutor(len(keys)) as pool:
        return dict(zip(keys, pool.map(lambda key: postmap(reference, key), keys), strict=True))


def lookup(reference: str, key: str) -> tuple[int, str]:
    with redirect_stdout(StringIO()) as stdout, redirect_stderr(StringIO()):
        status = main(["lookup", reference, "--", key])
    return status, stdout.getvalue()
