"""The table: every parameter of the old manual with its default, and rows that hold together."""

import re
from pathlib import Path

import pytest

from fastsmtp.conf import reference
from fastsmtp.conf.expand import references
from fastsmtp.conf.foreign import is_foreign
from fastsmtp.conf.parameter import P
from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import PARAMETERS, find
from fastsmtp.conf.usage import unread

ROOT = Path(__file__).parents[3]

# smtp(8) of Postfix 2.2, in its order. config_directory and process_id are computed, so empty in the table.
MANUAL = """\
ignore_mx_lookup_error = no
smtp_always_send_ehlo = yes
smtp_never_send_ehlo = no
smtp_defer_if_no_mx_address_found = no
smtp_line_length_limit = 990
smtp_pix_workaround_delay_time = 10s
smtp_pix_workaround_threshold_time = 500s
smtp_quote_rfc821_envelope = yes
smtp_skip_5xx_greeting = yes
smtp_skip_quit_response = yes
smtp_skip_4xx_greeting = yes
smtp_discard_ehlo_keyword_address_maps =
smtp_discard_ehlo_keywords =
smtp_generic_maps =
disable_mime_output_conversion = no
mime_boundary_length_limit = 2048
mime_nesting_limit = 100
smtp_send_xforward_command = no
smtp_sasl_auth_enable = no
smtp_sasl_password_maps =
smtp_sasl_security_options = noplaintext, noanonymous
smtp_sasl_path =
smtp_sasl_mechanism_filter =
smtp_use_tls = no
smtp_enforce_tls = no
smtp_sasl_tls_security_options = $smtp_sasl_security_options
smtp_starttls_timeout = 300s
smtp_tls_CAfile =
smtp_tls_CApath =
smtp_tls_cert_file =
smtp_tls_cipherlist =
smtp_tls_dcert_file =
smtp_tls_dkey_file = $smtp_tls_dcert_file
smtp_tls_enforce_peername = yes
smtp_tls_key_file = $smtp_tls_cert_file
smtp_tls_loglevel = 0
smtp_tls_note_starttls_offer = no
smtp_tls_per_site =
smtp_tls_scert_verifydepth = 5
smtp_tls_session_cache_database =
smtp_tls_session_cache_timeout = 3600s
tls_daemon_random_bytes = 32
smtp_destination_concurrency_limit = $default_destination_concurrency_limit
smtp_destination_recipient_limit = $default_destination_recipient_limit
smtp_connect_timeout = 30s
smtp_helo_timeout = 300s
smtp_xforward_timeout = 300s
smtp_mail_timeout = 300s
smtp_rcpt_timeout = 300s
smtp_data_init_timeout = 120s
smtp_data_xfer_timeout = 180s
smtp_data_done_timeout = 600s
smtp_quit_timeout = 300s
smtp_mx_address_limit = 0
smtp_mx_session_limit = 2
smtp_rset_timeout = 20s
smtp_connection_cache_destinations =
smtp_connection_cache_on_demand = yes
smtp_connection_cache_reuse_limit = 10
smtp_connection_cache_time_limit = 2s
debug_peer_level = 2
debug_peer_list =
error_notice_recipient = postmaster
notify_classes = resource, software
best_mx_transport =
config_directory =
daemon_timeout = 18000s
disable_dns_lookups = no
fallback_relay =
inet_interfaces = all
inet_protocols = ipv4
ipc_timeout = 3600s
max_idle = 100s
max_use = 100
process_id =
process_name = smtp
proxy_interfaces =
smtp_bind_address =
smtp_bind_address6 =
smtp_helo_name = $myhostname
smtp_host_lookup = dns
smtp_randomize_addresses = yes
syslog_facility = mail
syslog_name = postfix
"""

BY_HAND = {line.partition(" =")[0]: line.partition(" =")[2].strip() for line in MANUAL.splitlines()}


def test_manual_names_84_parameters() -> None:
    assert len(BY_HAND) == 84


@pytest.mark.parametrize(("name", "default"), BY_HAND.items(), ids=BY_HAND)
def test_parameter_of_the_manual_has_its_default(name: str, default: str) -> None:
    assert re.sub(r"[\s,]+", " ", PARAMETERS[name].default) == re.sub(r"[\s,]+", " ", default)


def test_main_cf_of_all_defaults_loads_without_a_warning(tmp_path: Path) -> None:
    fixed = {"config_directory", "process_id", "process_name"}
    text = "".join(f"{name} = {default}\n" for name, default in BY_HAND.items() if name not in fixed)
    (tmp_path / "main.cf").write_text(text)
    assert Settings.load(tmp_path).warnings == ()


@pytest.mark.parametrize("row", PARAMETERS.values(), ids=PARAMETERS)
def test_row_holds_together(row: P) -> None:
    assert PARAMETERS[row.name] is row
    assert row.doc.endswith(".")
    assert row.source.startswith(("Postfix ", "ours"))
    assert all(name in PARAMETERS for name in (*row.aliases, row.successor) if name)
    assert all(name in PARAMETERS for name in references(row.default))
    assert not is_foreign(row.name)
    assert find(row.name) is row


def test_every_transport_has_its_own_limits() -> None:
    row = find("bulk-eu_destination_concurrency_limit")
    assert row is not None
    assert row.default == "$default_destination_concurrency_limit"
    assert find("_destination_concurrency_limit") is None
    assert find("lmtp_destination_concurrency_limit") is None
    assert find("bulk_helo_timeout") is None


def test_reference_page_is_current() -> None:
    page = (ROOT / "docs" / "parameters.md").read_text()
    assert page == reference.page(), "run: python -m fastsmtp.conf.reference docs/parameters.md"


def test_every_parameter_has_its_heading_once() -> None:
    headings = re.findall(r"^### (\w+)$", reference.page(), re.MULTILINE)
    assert sorted(headings) == sorted(PARAMETERS)


def test_unread_parameters_are_those_that_no_module_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "user.py").write_text(
        'settings.seconds("smtp_helo_timeout")\n'
        'settings.words("smtp_fallback_relay")\n'
        'settings.number(f"{transport}_destination_concurrency_limit")\n'
        'settings.text(f"{transport} mail_owner")\n'
        '"""mail_owner in a sentence"""\n'
    )
    (tmp_path / "room" / "bystander.py").write_text('PatternList.open("mail_owner", words, warn)\n')
    monkeypatch.setattr("fastsmtp.conf.usage.PACKAGE", tmp_path)
    names = {row.name for row in unread()}
    read = {
        "smtp_helo_timeout",
        "smtp_fallback_relay",
        "fallback_relay",
        "smtp_destination_concurrency_limit",
    }
    read |= {"relay_destination_concurrency_limit", "default_destination_concurrency_limit"}
    assert not names & read
    assert {"mail_owner", "smtp_mail_timeout", "smtp_recipient_limit"} <= names
    assert "max_use" not in names
    assert "process_id" not in names
