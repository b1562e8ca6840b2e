"""Work apart is done by another thread, and nobody waits for it."""

import threading

from fastsmtp.worker.apart import apart


def test_work_is_done_by_another_thread() -> None:
    by: list[threading.Thread] = []
    done = threading.Event()

    def work() -> None:
        by.append(threading.current_thread())
        done.set()

    apart(work)
    assert done.wait(10)
    assert by[0] is not threading.current_thread()
    assert by[0].daemon
