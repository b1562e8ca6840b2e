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


@pytest.mark.parametrize("level", ["may", "encrypt", "fingerprint", "dane", "dane-only", "verify", "secure"])
def test_levels_of_tls_are_built(level):
    assert check(loaded(f"smtp_tls_security_level={level}")) == []


@pytest.mark.parametrize(
    "setting",
    [
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
        check(loaded("smtp_header_checks=static:x", "smtp_body_checks=static:x"))
    assert len(caught.value.problems) == 2


def test_harmless_one_is_pointed_out():
    (warning,) = check(loaded("defer_transports=smtp"))
    assert "defer_transports changes nothing yet" in warning


def test_reports_on_tls_that_nobody_gets_are_pointed_out():
    (warning,) = check(loaded("smtp_tlsrpt_enable=yes"))
    assert warning == "-o: smtp_tlsrpt_enable changes nothing yet"
    assert check(loaded("smtp_tlsrpt_enable=no")) == []


def test_class_of_notices_that_tells_nothing_is_pointed_out():
    assert check(loaded("notify_classes=resource, software, protocol, data")) == []
    (warning,) = check(loaded("notify_classes=protocol, delay"))
    assert warning == "-o: notify_classes: delay changes nothing yet"


def test_remedy_that_is_named_is_one():
    for setting in (
        "smtp_destination_rate_delay=1s",
        "smtp_body_checks=static:x",
    ):
        with pytest.raises(SettingError) as caught:
            check(loaded(setting))
        remedy = caught.value.problems[0].partition("(-o ")[2].partition(" ")[0]
        assert check(loaded(setting, remedy)) == []


def test_names_in_the_lists_still_count_as_unread():
    unread_names = {row.name for row in unread()}
    assert {
        *unbuilt.REFUSED,
        *unbuilt.PAUSES,
        *unbuilt.PASSED_OVER,
    } <= unread_names
