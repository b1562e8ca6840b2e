"""The concurrency window of a destination: how many deliveries may run at once, learned from how they end.

    good(busy)    a delivery reached the site: grows by the positive feedback, never past the limit or
                  busy + initial
    bad()         a delivery found the site dead: shrinks by the negative feedback; after `cohort_limit`
                  failed pseudo-cohorts the window closes (`closed`)
    change(rules)  other limits: what was learned stands, as far as they allow
    reopen(busy)  the back-off is over, or a delivery that still ran succeeded

Positive feedback counts at the end of a run of events, negative at its start; the half steps guard against
rounding. The window follows its own value, not the number of deliveries in flight: a slow start would
otherwise never grow.

Source: Postfix qmgr_feedback(3), qmgr_queue(3), default_destination_concurrency_*; spec: queue, 4.2 to 4.4.
"""

import math
from typing import NamedTuple

BY_WINDOW = 0.0
BY_ROOT = -1.0
DENOMINATORS = {"concurrency": BY_WINDOW, "sqrt_concurrency": BY_ROOT}


class Feedback(NamedTuple):
    """`N`, `N/M`, `N/concurrency` or `N/sqrt_concurrency`."""

    numerator: float
    denominator: float  # a number above 0, or BY_WINDOW, BY_ROOT: the window itself, its root

    def value(self, window: int) -> float:
        width = max(window, 1)
        if self.denominator == BY_ROOT:
            return self.numerator / math.sqrt(width)
        return self.numerator / (self.denominator or width)


def parse_feedback(text: str) -> Feedback | None:
    """The value of a feedback parameter; None where it is no number from 0 to 1 in one of the forms."""
    numerator, _, denominator = text.replace(" ", "").lower().partition("/")
    by_window = DENOMINATORS.get(denominator)
    try:
        top, bottom = float(numerator), float(denominator or "1") if by_window is None else by_window
    except ValueError:
        return None
    if top < 0 or (by_window is None and bottom <= 0) or top / (bottom if bottom > 0 else 1) > 1:
        return None
    return Feedback(top, bottom)


class WindowRules(NamedTuple):
    """What is configured for a transport."""

    initial: int
    limit: int  # 0: none
    positive: Feedback
    negative: Feedback
    cohort_limit: float  # 0: a site is never given up


class Window:
    """How wide it is now, and the sums that widen and narrow it."""

    def __init__(self, rules: WindowRules) -> None:
        self._rules = rules
        self.size = min(rules.initial, rules.limit) if rules.limit else rules.initial
        self.closed = False
        self._success = 0.0
        self._failure = 0.0
        self._cohorts = 0.0

    def __repr__(self) -> str:
        return f"<Window {'closed' if self.closed else self.size}>"

    def good(self, busy: int) -> None:
        """A delivery reached the site; `busy` counts it too."""
        rules = self._rules
        self._cohorts = 0.0
        if self.closed:
            self.reopen(busy)
            return
        if (rules.limit and self.size >= rules.limit) or self.size >= busy + rules.initial:
            return
        step = rules.positive.value(self.size)
        self._success += step
        while self._success + step / 2 >= 1:
            self.size += 1
            self._success -= 1
            self._failure = 0.0
        if rules.limit:
            self.size = min(self.size, rules.limit)

    def bad(self) -> None:
        """A delivery found the site dead."""
        if self.closed:
            return
        rules = self._rules
        self._cohorts += 1 / self.size
        if rules.cohort_limit and self._cohorts >= rules.cohort_limit:
            self.closed = True
            return
        step = rules.negative.value(self.size)
        self._failure -= step
        while self._failure - step / 2 < 0:
            self.size -= 1
            self._failure += 1
            self._success = 0.0
        self.size = max(self.size, 1)

    def change(self, rules: WindowRules) -> None:
        """Goes by other rules from now on."""
        self._rules = rules
        if rules.limit:
            self.size = min(self.size, rules.limit)

    def reopen(self, busy: int) -> None:
        """Open again, as wide as what still runs, else as at the start."""
        rules = self._rules
        initial = min(rules.initial, rules.limit) if rules.limit else rules.initial
        self.closed = False
        self.size = busy if busy > 0 else initial
        self._success = self._failure = self._cohorts = 0.0
