"""Settings: layers, typed getters, every problem at once, and the help with names."""

import os
from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import PARAMETERS
from fastsmtp.errors import LocalProtocolError, SettingError


@pytest.fixture(autouse=True)
def _no_config_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAIL_CONFIG", raising=False)


def load(tmp_path: Path, text: str, *overrides: str, **job: str) -> Settings:
    (tmp_path / "main.cf").write_text(text)
    return Settings.load(tmp_path, overrides, job)


def problems(tmp_path: Path, text: str, *overrides: str, **job: str) -> list[str]:
    with pytest.raises(SettingError) as caught:
        load(tmp_path, text, *overrides, **job)
    return [problem.replace(str(tmp_path) + "/", "") for problem in caught.value.problems]


def test_default_gives_way_to_main_cf_then_job_then_override(tmp_path: Path) -> None:
    assert Settings.load().seconds("smtp_helo_timeout") == 300
    assert load(tmp_path, "smtp_helo_timeout = 1").seconds("smtp_helo_timeout") == 1
    assert load(tmp_path, "smtp_helo_timeout = 1", smtp_helo_timeout="2").seconds("smtp_helo_timeout") == 2
    both = load(tmp_path, "smtp_helo_timeout = 1", "smtp_helo_timeout=3", smtp_helo_timeout="2")
    assert both.seconds("smtp_helo_timeout") == 3
    assert both.origin("smtp_helo_timeout") == "-o"


def test_config_is_a_file_a_directory_or_mail_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "main.cf").write_text("smtp_helo_name = one\n")
    (tmp_path / "other.cf").write_text("smtp_helo_name = two\n")
    assert Settings.load(tmp_path).text("smtp_helo_name") == "one"
    assert Settings.load(tmp_path / "other.cf").text("smtp_helo_name") == "two"
    monkeypatch.setenv("MAIL_CONFIG", str(tmp_path))
    assert Settings.load().text("smtp_helo_name") == "one"
    assert Settings.load().text("syslog_name") == "postfix"
    assert Settings.load().raw("config_directory") == str(tmp_path)


def test_missing_main_cf_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read: No such file"):
        Settings.load(tmp_path)


def test_line_without_equals_sign_stops_the_start_and_names_the_line(tmp_path: Path) -> None:
    assert problems(tmp_path, "a = 1\nx\n")[0].startswith("main.cf:2: missing '='")


def test_every_problem_is_reported_at_once_with_line_and_expectation(tmp_path: Path) -> None:
    text = "smtp_helo_timeout = 0\nsmtp_use_tls = true\nx = $x\nrelayhost = $x\n"
    text += "bulk_destination_rate_delay = 1y\n"
    found = problems(tmp_path, text, "smtp_mx_session_limit=-1", soft_bounce="1")
    assert found[0] == (
        "main.cf:1: smtp_helo_timeout = 0: "
        "expected a time like 10s, 5m, 2h, 3d or 1w (without a letter: seconds), at least 1s"
    )
    assert found[1] == "main.cf:2: smtp_use_tls = true: expected yes or no"
    assert found[2].startswith('main.cf:4: relayhost = $x: "$x" is nested deeper')
    assert found[3].startswith("main.cf:5: bulk_destination_rate_delay = 1y: expected a time")
    assert found[4] == "job [settings]: soft_bounce = 1: expected yes or no"
    assert found[5] == "-o: smtp_mx_session_limit = -1: expected a number, 0 or more"
    assert len(found) == 6


def test_problem_shows_what_a_reference_became(tmp_path: Path) -> None:
    assert problems(tmp_path, "n = 3 4\nsmtp_mx_session_limit = $n") == [
        'main.cf:2: smtp_mx_session_limit = $n (that is "3 4"): expected a number, 0 or more'
    ]


def test_default_that_refers_to_a_bad_value_is_reported_by_its_source(tmp_path: Path) -> None:
    found = problems(tmp_path, "fallback_relay = ${\n")
    assert [problem.split(" = ")[0] for problem in found] == [
        "main.cf:1: fallback_relay",
        "default: smtp_fallback_relay",
    ]


def test_zero_connect_timeout_is_accepted(tmp_path: Path) -> None:
    assert load(tmp_path, "smtp_connect_timeout = 0").seconds("smtp_connect_timeout") == 0


def test_getter_of_the_wrong_shape_or_name_is_our_bug() -> None:
    settings = Settings.load()
    for name in ("smtp_use_tls", "no_such_name", "smtpd_banner"):
        with pytest.raises(LocalProtocolError):
            settings.number(name)


def test_every_default_is_of_its_kind() -> None:
    settings = Settings.load()
    for name, row in PARAMETERS.items():
        getattr(settings, row.kind.shape)(name)


def test_fallback_relay_is_read_under_its_newer_name(tmp_path: Path) -> None:
    assert load(tmp_path, "fallback_relay = a").words("smtp_fallback_relay") == ("a",)
    both = "fallback_relay = a\nsmtp_fallback_relay = b"
    assert load(tmp_path, both).words("smtp_fallback_relay") == ("b",)


def test_alias_counts_until_the_newer_name_is_set(tmp_path: Path) -> None:
    name = "smtp_connection_reuse_count_limit"
    assert Settings.load().number(name) == 0
    old = load(tmp_path, "smtp_connection_cache_reuse_limit = 7")
    assert old.number(name) == 7
    assert old.origin(name).endswith("main.cf:1")
    assert "newer name smtp_connection_reuse_count_limit" in old.warnings[0]
    both = "smtp_connection_cache_reuse_limit = 7\nsmtp_connection_reuse_count_limit = 9"
    assert load(tmp_path, both).number(name) == 9


def test_units_are_those_of_the_default(tmp_path: Path) -> None:
    settings = load(tmp_path, "maximal_queue_lifetime = 3\nsmtp_helo_timeout = 3\ndelay_warning_time = 3")
    assert settings.seconds("maximal_queue_lifetime") == 3 * 86400
    assert settings.seconds("smtp_helo_timeout") == 3
    assert settings.seconds("delay_warning_time") == 3 * 3600


def test_compatibility_level_selects_newer_defaults(tmp_path: Path) -> None:
    old, new = Settings.load(), load(tmp_path, "compatibility_level = 3.6")
    assert (old.number("smtp_line_length_limit"), new.number("smtp_line_length_limit")) == (990, 998)
    assert (old.words("inet_protocols"), new.words("inet_protocols")) == (("ipv4",), ("all",))
    assert old.number("smtp_mx_address_limit") == 0
    assert load(tmp_path, "compatibility_level = 2.4").number("smtp_tls_scert_verifydepth") == 5
    assert new.text("syslog_name") == "postfix"
    assert problems(tmp_path, "compatibility_level = x") == [
        "main.cf:1: compatibility_level = x: expected a Postfix version like 3.6"
    ]


def test_program_sets_process_name_whatever_main_cf_says(tmp_path: Path) -> None:
    settings = load(tmp_path, "process_name = x\nsmtp_helo_name = $process_name\n")
    assert settings.text("smtp_helo_name") == "smtp"
    assert "process_name is set by the program" in settings.warnings[0]


@pytest.mark.parametrize(
    ("text", "host", "domain"),
    [
        ("myhostname = a.b.c\n", "a.b.c", "b.c"),
        ("myhostname = a\n", "a", "localdomain"),
        ("myhostname = mail.$mydomain\n", "mail.", ""),
        ("myhostname = mail.$mydomain\nmydomain = e.com\n", "mail.e.com", "e.com"),
    ],
)
def test_domain_follows_the_host_name(tmp_path: Path, text: str, host: str, domain: str) -> None:
    settings = load(tmp_path, text)
    assert settings.text("myhostname") == host
    assert settings.text("mydomain") == domain


def test_host_name_always_has_a_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastsmtp.conf.settings.nodename", lambda: "vm")
    assert Settings.load().text("smtp_helo_name") == "vm.localdomain"
    assert load(tmp_path, "mydomain = e.com").text("smtp_helo_name") == "vm.e.com"
    monkeypatch.setattr("fastsmtp.conf.settings.nodename", lambda: "vm.example.net")
    assert load(tmp_path, "mydomain = e.com").text("smtp_helo_name") == "vm.example.net"


def test_postfix_parameters_not_about_sending_pass_silently(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "smtpd_banner = x\nlocal_recipient_limit = 1\nmine = 5\nrelayhost = ${mine?[x]}\n"
    )
    assert settings.warnings == ()
    assert [entry.name for entry in settings.foreign()] == ["local_recipient_limit", "mine", "smtpd_banner"]


def test_slip_in_a_name_is_pointed_out_in_main_cf(tmp_path: Path) -> None:
    settings = load(tmp_path, "smtp_hello_timeout = 5\nunheard_of = 1\n")
    assert len(settings.warnings) == 1
    assert settings.warnings[0].endswith(
        "main.cf:1: smtp_hello_timeout is not a parameter: did you mean smtp_helo_timeout?"
    )


def test_unknown_name_in_job_or_override_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "", "smtp_hello_timeout=5", unheard_of="1") == [
        "job [settings]: unheard_of = 1: expected the name of a parameter",
        "-o: smtp_hello_timeout = 5: expected the name of a parameter: did you mean smtp_helo_timeout?",
    ]


def test_name_of_the_users_own_may_be_overridden(tmp_path: Path) -> None:
    assert load(tmp_path, "mine = a\nrelayhost = $mine", "mine=b").words("relayhost") == ("b",)


def test_parameter_that_changes_nothing_says_so(tmp_path: Path) -> None:
    assert "max_use changes nothing here" in load(tmp_path, "max_use = 5").warnings[0]
    assert load(tmp_path, "max_use = 100").warnings == ()


def test_authentication_without_passwords_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "smtp_sasl_auth_enable = yes") == [
        "main.cf:1: smtp_sasl_auth_enable = yes: specify a password table via the 'smtp_sasl_password_maps' "
        "configuration parameter"
    ]


def test_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "main.cf"
    file.write_text("relayhost = half")
    texts = [b"relayhost = ha"]

    def saved_meanwhile(path: Path) -> bytes:
        if texts:
            path.write_text("relayhost = whole")
            return texts.pop()
        return b"relayhost = whole"

    monkeypatch.setattr(Path, "read_bytes", saved_meanwhile)
    assert Settings.load(file).words("relayhost") == ("whole",)


def test_settings_cannot_be_changed() -> None:
    settings = Settings.load()
    with pytest.raises(TypeError):
        settings.entries["a"] = None  # type: ignore[index]


def test_main_cf_that_can_be_read_only_once_is_read_once() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"relayhost = x\n")
    os.close(writer)
    try:
        assert Settings.load(Path(f"/dev/fd/{reader}")).words("relayhost") == ("x",)
    finally:
        os.close(reader)


def test_comment_in_a_list_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    text = "relay_domains = a.example\n  b.example # ours\n  c.example\nsmtp_sasl_path = x # y\n"
    settings = load(tmp_path, text + "smtp_sasl_password_maps = hash:/x #SECRET\n")
    assert settings.words("relay_domains") == ("a.example", "b.example")
    assert settings.text("smtp_sasl_path") == "x # y"
    assert [warning.replace(f"{tmp_path}/", "") for warning in settings.warnings] == [
        'main.cf:1: relay_domains: no comment can follow other text: passed over: "# ours  c.example"',
        'main.cf:5: smtp_sasl_password_maps: no comment can follow other text: passed over: "#..."',
    ]
