"""What a reload cannot change stands as it was, and is pointed out."""

from fastsmtp.conf.restart import hold
from fastsmtp.conf.settings import Settings


def load(*overrides: str) -> Settings:
    return Settings.load(None, overrides)


def test_nothing_to_hold_gives_what_was_found() -> None:
    found = load("smtp_helo_timeout=3")
    assert hold(load(), found) == (found, [])


def test_value_that_needs_a_restart_stands_with_a_warning() -> None:
    settings, warnings = hold(load("queue_directory=/a"), load("queue_directory=/b", "smtp_helo_timeout=3"))
    assert settings.text("queue_directory") == "/a"
    assert settings.seconds("smtp_helo_timeout") == 3
    assert warnings == ["-o: queue_directory = /b: a change needs a restart; /a stands"]


def test_value_that_is_taken_away_stands_too() -> None:
    settings, warnings = hold(load("inet_protocols=ipv6"), load())
    assert settings.words("inet_protocols") == ("ipv6",)
    assert warnings == ["default: inet_protocols = ipv4: a change needs a restart; ipv6 stands"]


def test_dollar_sign_of_the_value_stays_one() -> None:
    settings, _ = hold(load("queue_directory=/a$$b"), load())
    assert settings.text("queue_directory") == "/a$b"
    again, warnings = hold(settings, load("queue_directory=/a$$b"))
    assert (again.text("queue_directory"), warnings) == ("/a$b", [])


def test_change_of_what_it_refers_to_is_one() -> None:
    settings, warnings = hold(
        load("base=/a", "queue_directory=$base/q"), load("base=/b", "queue_directory=$base/q")
    )
    assert settings.text("queue_directory") == "/a/q"
    assert len(warnings) == 1
