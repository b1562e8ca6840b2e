"""Work that takes long and touches nothing else: done by a thread, so that sessions go on meanwhile.

    apart(work)     begins it; nobody waits for its end
Source: ours.
"""

from collections.abc import Callable
from threading import Thread


def apart(work: Callable[[], None]) -> None:
    """A run that ends does not wait for it either."""
    Thread(target=work, daemon=True).start()
