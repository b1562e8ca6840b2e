"""What is set for one transport alone: its names, its layers, and the help with slips in them."""

from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import CLIENT, find
from fastsmtp.errors import SettingError

SLOW = "smtp_transports = smtp, slow, very_slow\n"


@pytest.fixture(autouse=True)
def _no_config_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAIL_CONFIG", raising=False)


def load(tmp_path: Path, text: str, *overrides: str) -> Settings:
    (tmp_path / "main.cf").write_text(text)
    return Settings.load(tmp_path, overrides)


def problems(tmp_path: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(SettingError) as caught:
        load(tmp_path, text, *overrides)
    return [problem.replace(str(tmp_path) + "/", "") for problem in caught.value.problems]


def test_what_is_set_for_a_transport_takes_the_place_of_what_holds_for_all(tmp_path: Path) -> None:
    text = "smtp_helo_name = usual\nslow_helo_name = $myhostname\nmyhostname = own.example\n"
    views = load(tmp_path, SLOW + text).of_transports()
    assert {name: view.text("smtp_helo_name") for name, view in views.items()} == {
        "smtp": "usual",
        "slow": "own.example",
        "very_slow": "usual",
    }


def test_transport_without_settings_of_its_own_has_the_settings_themselves(tmp_path: Path) -> None:
    settings = load(tmp_path, SLOW + "slow_helo_name = a\nslow_destination_concurrency_limit = 3\n")
    views = settings.of_transports()
    assert views["smtp"] is views["very_slow"] is settings
    assert views["slow"] is not settings


def test_without_a_setting_of_its_own_the_value_is_that_of_smtp(tmp_path: Path) -> None:
    settings = load(tmp_path, SLOW + "smtp_helo_name = usual\n")
    assert settings.raw("slow_helo_name") == "$smtp_helo_name"
    assert settings.text("slow_helo_name") == "usual"


def test_reference_to_a_parameter_means_the_one_of_the_transport(tmp_path: Path) -> None:
    text = "slow_tls_cert_file = /slow.pem\nsmtp_tls_cert_file = /usual.pem\n"
    settings = load(tmp_path, SLOW + text)
    assert settings.text("smtp_tls_key_file") == "/usual.pem"
    assert settings.of_transports()["slow"].text("smtp_tls_key_file") == "/slow.pem"


def test_older_name_of_a_transport_is_stronger_than_the_newer_one_of_all(tmp_path: Path) -> None:
    text = "smtp_connection_reuse_count_limit = 9\nslow_connection_cache_reuse_limit = 3\n"
    settings = load(tmp_path, SLOW + text)
    assert settings.number("slow_connection_reuse_count_limit") == 3
    assert settings.of_transports()["slow"].number("smtp_connection_reuse_count_limit") == 3
    assert settings.number("smtp_connection_reuse_count_limit") == 9


def test_transport_may_have_a_line_in_its_name(tmp_path: Path) -> None:
    settings = load(tmp_path, SLOW + "very_slow_bind_address = 127.0.0.9\n")
    assert settings.of_transports()["very_slow"].text("smtp_bind_address") == "127.0.0.9"


def test_value_is_checked_like_the_one_of_smtp(tmp_path: Path) -> None:
    assert problems(tmp_path, SLOW + "slow_bind_address = nowhere\nslow_helo_timeout = 0\n") == [
        "main.cf:2: slow_bind_address = nowhere: expected an IPv4 address, or nothing",
        "main.cf:3: slow_helo_timeout = 0: expected a time like 10s, 5m, 2h, 3d or 1w "
        "(without a letter: seconds), at least 1s",
    ]


def test_values_that_do_not_go_together_are_told_with_their_place(tmp_path: Path) -> None:
    assert problems(tmp_path, SLOW + "slow_sasl_auth_enable = yes\n") == [
        "main.cf:2: slow_sasl_auth_enable: smtp_sasl_auth_enable = yes: "
        "specify a password table via the 'smtp_sasl_password_maps' configuration parameter"
    ]


def test_transport_that_is_not_listed_is_pointed_out(tmp_path: Path) -> None:
    text = "fast_bind_address = 127.0.0.9\nfast_name = x\nours_helo_name = a\nmyhostname = $ours_helo_name\n"
    (warning,) = load(tmp_path, SLOW + text).warnings
    assert warning.endswith(
        "main.cf:2: fast_bind_address is not a parameter: did you mean smtp_bind_address? "
        "smtp_transports does not name fast"
    )
    (problem,) = problems(tmp_path, SLOW, "fast_bind_address=127.0.0.9")
    assert problem.endswith("did you mean smtp_bind_address? smtp_transports does not name fast")


def test_slip_in_a_name_of_a_transport_is_pointed_out(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, SLOW, "slow_bind_adress=127.0.0.9")
    assert problem == (
        "-o: slow_bind_adress = 127.0.0.9: expected the name of a parameter: did you mean slow_bind_address?"
    )


def test_limits_of_the_queue_and_the_list_itself_are_no_settings_of_the_client() -> None:
    assert "transports" not in CLIENT
    assert "destination_concurrency_limit" not in CLIENT
    assert find("slow_bind_address") is None
    assert find("slow_destination_concurrency_limit") is not None


def test_what_changes_nothing_says_so_for_a_transport_too(tmp_path: Path) -> None:
    (warning,) = load(tmp_path, SLOW + "slow_skip_4xx_greeting = no\n").warnings
    assert "slow_skip_4xx_greeting changes nothing here" in warning
