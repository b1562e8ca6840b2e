"""What is not built is refused or pointed out, never passed over where it matters."""

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.conf.usage import unread
from fastsmtp.errors import SettingError
from fastsmtp.worker import unbuilt
from fastsmtp.worker.unbuilt import check


def loaded(*overrides):
    return Settings.load(None, list(overrides))


def test_defaults_are_no_trouble():
    assert check(loaded()) == []


def test_opportunistic_tls_may_go_in_the_clear():
    assert check(loaded("smtp_tls_security_level=may")) == []


@pytest.mark.parametrize(
    "setting",
    [
        "smtp_tls_security_level=encrypt",
        "smtp_tls_security_level=secure",
        "smtp_enforce_tls=yes",
        "smtp_tls_policy_maps=static:encrypt",
        "smtp_body_checks=static:IGNORE",
        "smtp_header_checks=static:IGNORE",
        "smtp_destination_rate_delay=1s",
        "default_destination_rate_delay=1s",
    ],
)
def test_promise_that_cannot_be_kept_stops_the_run(setting):
    name, _, value = setting.partition("=")
    with pytest.raises(SettingError) as caught:
        check(loaded(setting))
    (problem,) = caught.value.problems
    assert f"{name} = {value}: not supported yet" in problem
    assert f"-o {name}=" in problem


def test_every_refusal_is_told_at_once():
    with pytest.raises(SettingError) as caught:
        check(loaded("smtp_enforce_tls=yes", "smtp_body_checks=static:x"))
    assert len(caught.value.problems) == 2


def test_harmless_one_is_pointed_out():
    (warning,) = check(loaded("defer_transports=smtp"))
    assert "defer_transports changes nothing yet" in warning


def test_class_of_notices_that_tells_nothing_is_pointed_out():
    assert check(loaded("notify_classes=resource, software, protocol, data")) == []
    (warning,) = check(loaded("notify_classes=protocol, delay"))
    assert warning == "-o: notify_classes: delay changes nothing yet"


def test_older_flag_that_the_level_overrides_demands_nothing():
    assert check(loaded("smtp_enforce_tls=yes", "smtp_tls_security_level=may")) == []


def test_remedy_that_is_named_is_one():
    for setting in ("smtp_enforce_tls=yes", "smtp_destination_rate_delay=1s", "smtp_body_checks=static:x"):
        with pytest.raises(SettingError) as caught:
            check(loaded(setting))
        remedy = caught.value.problems[0].partition("(-o ")[2].partition(" ")[0]
        assert check(loaded(setting, remedy)) == []


def test_names_in_the_lists_still_count_as_unread():
    unread_names = {row.name for row in unread()}
    of_tls = {name for name in (*unbuilt.SWITCHES, *unbuilt.REFUSED) if "_tls" in name}
    assert {
        *unbuilt.SWITCHES,
        *unbuilt.REFUSED,
        *unbuilt.PAUSES,
        *unbuilt.PASSED_OVER,
    } - of_tls <= unread_names
