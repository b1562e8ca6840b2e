"""What is not built is refused or pointed out, never passed over where it matters."""

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError
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
        "transport_maps=inline:{a=b}",
        "smtp_generic_maps=inline:{a=b}",
        "smtp_header_checks=static:IGNORE",
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
        check(loaded("smtp_enforce_tls=yes", "transport_maps=inline:{a=b}"))
    assert len(caught.value.problems) == 2


def test_harmless_one_is_pointed_out():
    (warning,) = check(loaded("fallback_relay=[a.example]"))[:1]
    assert "fallback_relay changes nothing yet" in warning
