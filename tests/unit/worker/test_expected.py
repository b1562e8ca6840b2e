"""Recipients whose hosts are being looked up: held back, handed on once, bounded."""

from fastsmtp.mail.destination import Destination
from fastsmtp.mail.recipient import Recipient
from fastsmtp.worker import expected as module
from fastsmtp.worker.expected import Expected

A, B = Destination("smtp", "a.example"), Destination("smtp", "b.example")
ONE, TWO, THREE = (Recipient(number, "r@a.example", "a.example", number, "", 0, 0.0) for number in (1, 2, 3))


class Lookups:
    """Look-ups that end when told to."""

    def __init__(self, *known):
        self.known = known
        self.begun = {}

    def __call__(self, destination, found):
        if destination in self.known:
            return False
        self.begun[destination] = found
        return True


def expected(*known):
    handed = []
    made = Expected(lambda destination, recipients: handed.append((destination, recipients)))
    made.look_up = Lookups(*known)
    return made, handed


def test_nothing_waits_where_nothing_is_looked_up():
    made = Expected(lambda destination, recipients: None)
    assert not made.hold(A, [ONE])
    assert (len(made), made.recipients) == (0, 0)


def test_recipients_wait_until_the_hosts_are_known():
    made, handed = expected(B)
    assert made.hold(A, [ONE])
    assert not made.hold(B, [TWO])
    assert (A in made, B in made, made.recipients, handed) == (True, False, 1, [])
    made.look_up.begun[A]()
    assert (A in made, made.recipients, handed) == (False, 0, [(A, [ONE])])


def test_one_look_up_serves_all_who_come_meanwhile():
    made, handed = expected()
    assert made.hold(A, [ONE, TWO])
    made.look_up.begun[A], first = None, made.look_up.begun[A]
    assert made.hold(A, [THREE])
    assert made.look_up.begun[A] is None
    first()
    assert handed == [(A, [ONE, TWO, THREE])]


def test_what_finds_no_place_is_not_held(monkeypatch):
    monkeypatch.setattr(module, "LIMIT", 1)
    made, _ = expected()
    assert made.hold(A, [ONE])
    assert made.full
    assert not made.hold(B, [TWO])
    assert made.hold(A, [THREE])
