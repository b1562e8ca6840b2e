"""Recipients whose destination's hosts are being looked up: they wait here and not in the queue, so that no
delivery waits for a name server while others could start.

    expected.look_up                        starts a look-up; False: there is nothing to wait for
    expected.hold(destination, recipients)  True: they wait here; `ready` gets them when the hosts are known,
                                            or known not to be
    destination in expected, expected.full, expected.recipients

A name that nobody answers for keeps one place here for as long as that takes, and no session waits for it.
What is full lets others pass: their deliveries look up for themselves.
Source: ours; Postfix has a process for each delivery, which waits.
"""

from collections.abc import Callable, Sequence
from functools import partial

from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient

LIMIT = 2000  # destinations

Ready = Callable[[Destination, list[Recipient]], None]


class Expected:
    """The waiting ones of one worker."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._waiting: dict[Destination, list[Recipient]] = {}
        self.look_up: Callable[[Destination, Callable[[], None]], bool] = _nothing_to_look_up
        self.recipients = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, destination: Destination) -> bool:
        return destination in self._waiting

    @property
    def full(self) -> bool:
        return len(self._waiting) >= LIMIT

    def hold(self, destination: Destination, recipients: Sequence[Recipient]) -> bool:
        waiting = self._waiting.get(destination)
        if waiting is None:
            if self.full or not self.look_up(destination, partial(self._found, destination)):
                return False
            waiting = self._waiting[destination] = []
        waiting += recipients
        self.recipients += len(recipients)
        return True

    def _found(self, destination: Destination) -> None:
        recipients = self._waiting.pop(destination)
        self.recipients -= len(recipients)
        self._ready(destination, recipients)


def _nothing_to_look_up(destination: Destination, found: Callable[[], None]) -> bool:
    return False
