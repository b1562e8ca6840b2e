"""From outcomes to the books: the spool first, then the log and whoever listens, once a loop turn.

    settler.record(outcomes)       during the turn
    settler.write_ahead(outcomes)  during the turn: what recipients in flight come to if the run ends now
    settler.flush()                at its end: one write for all

Nothing is reported before it is in the spool. A deferral gets its next attempt here, or expires.
Source: design page, section 3; Postfix bounce(8), defer_append(3); spec: queue, 6.
"""

from collections.abc import Callable, Sequence

from fastsmtp.outcome.outcome import DEFERRED, EXPIRED, FINAL, Outcome
from fastsmtp.queue.backoff import Backoff
from fastsmtp.report.log import Log
from fastsmtp.spool.records import Spool

NEVER = float("inf")

Listener = Callable[[Sequence[Outcome]], None]


class Settler:
    """Gathers a loop turn's outcomes."""

    def __init__(
        self, spool: Spool, log: Log, backoff: Backoff, arrived_at: float, *, one_message_each: bool
    ) -> None:
        self._spool = spool
        self._log = log
        self.backoff = backoff  # replaced by a reload
        self._arrived_at = arrived_at
        self._one_message_each = one_message_each  # the end of a recipient is the end of its message
        self._turn: list[Outcome] = []
        self._ahead: list[Outcome] = []
        self.listener: Listener | None = None
        self.earliest_retry = NEVER  # of those recorded since the last flush

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Takes in what was decided, in one way for all of `outcomes`."""
        if outcomes and outcomes[0].status == DEFERRED:
            outcomes = [self._put_off(outcome) for outcome in outcomes]
        self._turn += outcomes

    def write_ahead(self, outcomes: Sequence[Outcome]) -> None:
        """Takes in what is to be on the disk before the next step, and told to nobody."""
        self._ahead += outcomes

    def forget_ahead(self) -> None:
        """The next step is not made."""
        self._ahead.clear()

    def flush(self) -> float:
        """Writes the turn down, then tells of it; gives its earliest retry. SpoolError: nothing more may be
        sent.
        """
        turn = self._turn
        if self._ahead:
            self._spool.append(turn, self._ahead)
            self._ahead = []
        elif turn:
            self._spool.append(turn)
        if not turn:
            return NEVER
        self._turn = []
        self._report(turn)
        if self.listener is not None:
            self.listener(turn)
        earliest, self.earliest_retry = self.earliest_retry, NEVER
        return earliest

    def _report(self, turn: Sequence[Outcome]) -> None:
        log = self._log
        if not log.listening:
            return
        log.outcomes(turn)
        if self._one_message_each:
            for outcome in turn:
                if outcome.status in FINAL:
                    log.removed(outcome.queue_id)
            log.flush()

    def _put_off(self, outcome: Outcome) -> Outcome:
        now = outcome.finished_at
        if self.backoff.expired(now, self._arrived_at):
            return outcome._replace(status=EXPIRED)
        retry_at = self.backoff.retry_at(now, self._arrived_at)
        self.earliest_retry = min(self.earliest_retry, retry_at)
        return outcome._replace(retry_at=retry_at)
