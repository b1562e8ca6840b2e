"""What is remembered of hosts: aging, limits, and what reaches the store."""

from fastsmtp.mail.destination import Host
from fastsmtp.mail.known_host import UNKNOWN_HOST, KnownHost
from fastsmtp.session import memory
from fastsmtp.session.memory import HostMemory

DAY = 86400.0
LIFETIME = 30 * DAY
MX = Host("mx.example", "192.0.2.1", 25, 10, best=True)
OTHER = Host("mx2.example", "192.0.2.2", 25, 10, best=True)
KEY = ("192.0.2.1", 25)


class Clock:
    def __init__(self):
        self.now = 1_790_000_000.0

    def __call__(self):
        return self.now


class Kept:
    """A store that holds what it is given, and may be busy."""

    def __init__(self):
        self.hosts = {}
        self.asked = []
        self.busy = False
        self.writes = 0

    def read(self, address, port):
        self.asked.append((address, port))
        return self.hosts.get((address, port))

    def write(self, hosts, oldest):
        self.writes += 1
        if self.busy:
            return False
        self.hosts.update(hosts)
        return True


def made(lifetime=LIFETIME):
    store, clock = Kept(), Clock()
    return HostMemory(store, lifetime, clock), store, clock


def learned(host_memory, *, offers="DSN PIPELINING", window=4, plain=False):
    host_memory.learn(MX, offers, window, plain=plain)


def test_host_that_nobody_met_is_unknown_and_asked_for_once():
    m, store, _ = made()
    assert m.recall(MX) == m.recall(MX) == UNKNOWN_HOST
    assert store.asked == [KEY]


def test_what_was_learned_is_recalled_and_saved():
    m, store, clock = made()
    learned(m)
    assert m.recall(MX) == KnownHost("DSN PIPELINING", window=4, seen_at=clock.now)
    assert store.hosts == {}
    m.save()
    assert store.hosts == {KEY: m.recall(MX)}
    m.save()
    assert store.writes == 1


def test_another_run_starts_from_what_was_saved():
    m, store, clock = made()
    learned(m, plain=True)
    m.save()
    again = HostMemory(store, LIFETIME, clock)
    assert again.recall(MX).plain
    assert again.recall(MX).window == 4
    assert again.recall(OTHER) == UNKNOWN_HOST


def test_fault_is_forgotten_though_the_host_is_met_every_day():
    m, _, clock = made()
    learned(m, plain=True)
    for _ in range(29):
        clock.now += DAY
        learned(m, plain=m.recall(MX).plain)
        assert m.recall(MX).plain
    clock.now += DAY
    assert not m.recall(MX).plain
    assert m.recall(MX).window == 4


def test_limit_of_messages_needs_two_sessions_that_end_alike():
    m, _, _ = made()
    m.ended_after(MX, 10)
    assert m.recall(MX).messages_limit == 0
    m.ended_after(MX, 7)
    assert m.recall(MX).messages_limit == 0
    m.ended_after(MX, 7)
    assert m.recall(MX).messages_limit == 7


def test_limit_of_messages_is_tried_anew_after_the_lifetime():
    m, _, clock = made()
    m.ended_after(MX, 7)
    m.ended_after(MX, 7)
    clock.now += LIFETIME / 2
    learned(m)
    assert m.recall(MX).messages_limit == 7
    clock.now += LIFETIME / 2
    assert m.recall(MX).messages_limit == 0
    assert m.recall(MX).offers == "DSN PIPELINING"


def test_sessions_that_teach_nothing_new_are_written_down_once_a_day():
    m, store, clock = made()
    learned(m)
    m.save()
    for _ in range(100):
        clock.now += 600
        learned(m)
    assert store.writes == 1
    clock.now += DAY
    learned(m)
    assert store.writes == 2


def test_what_is_new_is_saved_at_intervals():
    m, store, clock = made()
    clock.now += memory.SAVE_INTERVAL
    learned(m)
    assert store.writes == 1


def test_store_that_is_busy_gets_it_the_next_time():
    m, store, _ = made()
    learned(m)
    store.busy = True
    m.save()
    store.busy = False
    m.save()
    assert KEY in store.hosts


def test_memory_is_bounded_and_the_store_has_the_rest(monkeypatch):
    monkeypatch.setattr(memory, "LIMIT", 3)
    m, store, _ = made()
    for number in range(10):
        m.learn(MX._replace(address=f"192.0.2.{number}"), "DSN", 1, plain=False)
    assert len(m._hosts) <= 3
    m.save()
    assert len(store.hosts) == 10
    assert m.recall(MX._replace(address="192.0.2.0")).offers == "DSN"


def test_lifetime_of_nothing_remembers_nothing():
    m, store, _ = made(lifetime=0.0)
    learned(m, plain=True)
    m.ended_after(MX, 1)
    m.ended_after(MX, 1)
    m.save()
    assert m.recall(MX) == UNKNOWN_HOST
    assert store.writes == 0
