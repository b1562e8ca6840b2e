"""The concurrency window against the traces of the queue specification, 4.2 to 4.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsmtp.queue.window import Feedback, Window, WindowRules, parse_feedback

ONE = Feedback(1, 1)
BY_WINDOW = Feedback(1, 0)


def window(initial=5, limit=20, positive=ONE, negative=ONE, cohort_limit=1.0):
    return Window(WindowRules(initial, limit, positive, negative, cohort_limit))


def sizes_after_failures(w, count):
    sizes = []
    for _ in range(count):
        w.bad()
        sizes.append("closed" if w.closed else w.size)
    return sizes


def test_window_shrinks_by_whole_steps():
    assert sizes_after_failures(window(cohort_limit=100), 4) == [3, 2, 1, 1]


def test_window_shrinks_by_its_own_inverse():
    assert sizes_after_failures(window(negative=BY_WINDOW, cohort_limit=100), 8) == [4, 4, 4, 3, 3, 3, 2, 2]


def test_third_failure_closes_the_window_by_default():
    assert sizes_after_failures(window(), 3) == [3, 2, "closed"]


def test_cohort_limit_zero_never_closes():
    assert "closed" not in sizes_after_failures(window(cohort_limit=0), 50)


def test_busy_backlog_grows_one_a_delivery_up_to_the_limit():
    w = window()
    seen = []
    for _ in range(20):
        w.good(w.size)
        seen.append(w.size)
    assert seen[:3] == [6, 7, 8]
    assert seen[-1] == 20


def test_inverse_feedback_grows_after_as_many_deliveries_as_it_is_wide():
    w = window(positive=BY_WINDOW)
    seen = []
    for _ in range(12):
        w.good(w.size)
        seen.append(w.size)
    assert seen[4] == 6
    assert seen[3] == 5


def test_window_does_not_grow_past_what_runs_and_the_start_together():
    w = window()
    for _ in range(50):
        w.good(1)
    assert w.size == 6


def test_success_forgets_failed_cohorts():
    w = window()
    w.bad()
    w.bad()
    w.good(5)
    w.bad()
    assert not w.closed


@pytest.mark.parametrize(("busy", "size"), [(0, 5), (3, 3)])
def test_success_reopens_a_closed_window_as_wide_as_what_runs(busy, size):
    w = window()
    sizes_after_failures(w, 3)
    w.good(busy)
    assert (w.closed, w.size) == (False, size)


def test_initial_width_is_lowered_to_the_limit():
    assert window(initial=5, limit=2).size == 2


@given(st.lists(st.booleans(), max_size=200), st.integers(1, 30), st.integers(0, 30))
def test_window_stays_between_one_and_the_limit(events, initial, limit):
    w = window(initial=initial, limit=limit, cohort_limit=0)
    for good in events:
        if good:
            w.good(w.size)
        else:
            w.bad()
        assert w.size >= 1
        assert not limit or w.size <= limit


@pytest.mark.parametrize(
    ("text", "feedback"),
    [
        ("1", Feedback(1, 1)),
        ("0.5", Feedback(0.5, 1)),
        ("1/4", Feedback(1, 4)),
        ("1 / concurrency", Feedback(1, 0)),
        ("1/ SQRT_concurrency", Feedback(1, -1)),
        ("2/sqrt_concurrency", None),
        ("0", Feedback(0, 1)),
        ("2", None),
        ("3/2", None),
        ("-1", None),
        ("x", None),
        ("1/0", None),
    ],
)
def test_feedback_is_a_number_from_0_to_1_in_three_forms(text, feedback):
    assert parse_feedback(text) == feedback


def test_feedback_by_the_root_of_the_window():
    feedback = parse_feedback("1/sqrt_concurrency")
    assert feedback is not None
    assert feedback.value(16) == 0.25
