"""main.cf files as people have them: they load as they are, and what they hear of is what concerns them."""

from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import find
from fastsmtp.errors import SettingError
from fastsmtp.worker import configure, unbuilt

HERE = Path(__file__).parents[2] / "data" / "main.cf"
FILES = sorted(HERE.glob("*.cf"))

# Said at the start, by name; all other names pass in silence.
WARNED = {
    "debian.cf": ["smtp_tls_session_cache_database"],
    "smarthost.cf": ["smtp_tls_session_cache_database"],
    "postfix_2_2.cf": ["fallback_relay", "hash_queue_depth", "hash_queue_names", "max_use", "smtp_use_tls"],
}
FOREIGN = {
    "debian.cf": [
        *("alias_database", "alias_maps", "append_dot_mydomain", "biff", "mailbox_size_limit", "mynetworks"),
        *("readme_directory", "smtpd_banner", "smtpd_relay_restrictions", "smtpd_tls_cert_file"),
        *("smtpd_tls_key_file", "smtpd_tls_security_level"),
    ],
    "level_3_6.cf": [
        *("hostpart", "maillog_file_rotate_suffix", "postscreen_dnsbl_sites", "postscreen_greet_action"),
        *("respectful_logging", "smtpd_forbid_bare_newline"),
    ],
    "list_sender.cf": [
        *("local_recipient_maps", "milter_default_action", "mynetworks", "non_smtpd_milters"),
        *("smtpd_milters", "smtpd_recipient_restrictions"),
    ],
    "multi_instance.cf": [
        *("alias_maps", "authorized_submit_users", "command_directory", "daemon_directory"),
        *("local_recipient_maps", "master_service_disable", "multi_instance_enable", "multi_instance_group"),
        *("multi_instance_name", "multi_instance_wrapper"),
    ],
    "postfix_2_2.cf": [
        *("command_directory", "daemon_directory", "debugger_command", "default_privs", "html_directory"),
        *("in_flow_delay", "mailq_path", "manpage_directory", "mynetworks", "newaliases_path"),
        *("readme_directory", "sample_directory", "sendmail_path", "setgid_group"),
        "unknown_local_recipient_reject_code",
    ],
    "smarthost.cf": ["alias_maps", "local_transport", "mynetworks_style", "setgid_group"],
}


def test_there_are_files() -> None:
    assert [file.name for file in FILES] == sorted(FOREIGN)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_existing_main_cf_loads_as_it_is(file: Path) -> None:
    settings = Settings.load(file)
    warned = [warning.split(": ")[1].split(" ")[0] for warning in settings.warnings]
    assert sorted(warned) == WARNED.get(file.name, [])
    assert [entry.name for entry in settings.foreign()] == FOREIGN[file.name]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_cannot_be_honoured_is_refused_by_line_and_nothing_else(file: Path) -> None:
    """With each remedy that a refusal names the file is used; only what changes nothing yet is still said."""
    overrides = []
    try:
        unbuilt.check(Settings.load(file))
    except SettingError as error:
        for problem in error.problems:
            place, name = problem.split(": ")[:2]
            name = name.split(" ")[0]
            assert file.read_text().splitlines()[int(place.rpartition(":")[2]) - 1].startswith(name)
            assert "not supported yet" in problem
            overrides.append(problem.partition("(-o ")[2].partition(" ")[0])
    settings = Settings.load(file, overrides)
    configure.check(settings)
    assert all("changes nothing yet" in warning for warning in unbuilt.check(settings))


def test_values_are_those_that_the_files_mean() -> None:
    debian = Settings.load(HERE / "debian.cf")
    assert debian.text("smtp_tls_session_cache_database") == "btree:/var/lib/postfix/smtp_scache"
    assert debian.words("mydestination")[-2:] == ("localhost.example.com", "localhost")
    assert debian.number("smtp_line_length_limit") == 998
    sender = Settings.load(HERE / "list_sender.cf")
    assert sender.number("bulk_destination_concurrency_limit") == 30
    assert sender.number("gmail_destination_concurrency_limit") == 20
    assert sender.seconds("slow_destination_rate_delay") == 1
    assert sender.words("transport_maps") == (
        "texthash:/etc/postfix/transport",
        "cidr:/etc/postfix/pools.cidr",
    )
    assert find("yahoo_transport_rate_delay") is not None
    old = Settings.load(HERE / "postfix_2_2.cf")
    assert old.words("smtp_fallback_relay") == ("backup.oldtimer.example", "[backup2.oldtimer.example]")
    assert old.number("smtp_connection_reuse_count_limit") == 10
    assert old.number("smtp_mx_address_limit") == 0
    modern = Settings.load(HERE / "level_3_6.cf")
    assert modern.text("smtp_helo_name") == "mx7.example.net"
    assert modern.text("smtp_tls_security_level") == "may"
    instance = Settings.load(HERE / "multi_instance.cf")
    assert instance.text("syslog_name") == "postfix-out"
