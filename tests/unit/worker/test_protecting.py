"""TLS as a run reads it from its settings: when it is loaded, what is refused, what a reload changes."""

import subprocess
import sys

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import SettingError
from fastsmtp.worker.protecting import level_word, policy
from tests.support.certificates import authority
from tests.support.tls_policies import NEXTHOP, a_host, policy_of


def loaded(**settings):
    return Settings.load(None, [f"{name}={value}" for name, value in settings.items()])


@pytest.mark.parametrize(
    ("use", "enforce", "peername", "level"),
    [
        ("yes", "yes", "yes", "verify"),
        ("no", "yes", "yes", "verify"),
        ("yes", "yes", "no", "encrypt"),
        ("no", "yes", "no", "encrypt"),
        ("yes", "no", "yes", "may"),
        ("yes", "no", "no", "may"),
        ("no", "no", "yes", "none"),
        ("no", "no", "no", "none"),
    ],
)
def test_older_flags_make_the_level(use, enforce, peername, level):
    settings = loaded(smtp_use_tls=use, smtp_enforce_tls=enforce, smtp_tls_enforce_peername=peername)
    assert level_word(settings) == level


def test_level_of_today_stands_before_the_older_flags():
    assert level_word(loaded(smtp_enforce_tls="yes", smtp_tls_security_level="may")) == "may"


def test_library_is_not_loaded_where_tls_cannot_happen():
    code = (
        "import sys; from fastsmtp.conf.settings import Settings; "
        "from fastsmtp.worker.protecting import policy; "
        "assert policy(Settings.load(None, []), print) is None; "
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('OpenSSL', 'cryptography')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


@pytest.mark.parametrize("text", ["4", "9", "summary, SSL-Developer", "ssl-session-packet-dump"])
def test_log_level_that_would_show_secrets_is_refused(text):
    """Before anything is opened: a reload that asks for it changes nothing."""
    for warn in (None, print):
        with pytest.raises(SettingError, match=r"would put passwords and mail into the log; expected 0 to 3"):
            policy(loaded(smtp_use_tls="yes", smtp_tls_loglevel=text), warn)
    assert policy(loaded(smtp_tls_loglevel=text), None) is None


def test_check_opens_nothing():
    assert policy(loaded(smtp_use_tls="yes", smtp_tls_CAfile="/nonexistent"), None) is None


def test_unknown_log_word_is_warned_of_and_logs_nothing():
    warnings = []
    policy_of(warnings, smtp_use_tls="yes", smtp_tls_loglevel="summary,loud")
    assert warnings == [
        '-o: smtp_tls_loglevel = summary loud: unknown TLS log level "loud": nothing of TLS is logged'
    ]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"smtp_tls_CAfile": "/nonexistent"}, "/nonexistent: cannot be read: No such file or directory"),
        ({"smtp_tls_cert_file": "/nonexistent"}, "/nonexistent: cannot be read: No such file or directory"),
        ({"smtp_tls_chain_files": "/nonexistent"}, "/nonexistent: cannot be read: No such file or directory"),
        ({"smtp_tls_fingerprint_digest": "md55"}, "smtp_tls_fingerprint_digest = md55: no such digest"),
        ({"tls_ssl_options": "NO_SUCH"}, "tls_ssl_options = NO_SUCH: no option NO_SUCH"),
    ],
)
def test_what_the_library_cannot_load_makes_tls_unavailable_and_is_said(settings, problem):
    warnings = []
    found = policy_of(warnings, smtp_tls_security_level="encrypt", **settings)
    protection = found.protection(NEXTHOP, a_host())
    assert (protection.available, protection.required) == (False, True)
    assert warnings == [
        f"TLS cannot be used: {problem}; at level may mail goes out in the clear, above it mail is deferred"
    ]


def test_curve_that_cannot_be_chosen_is_pointed_out():
    warnings = []
    policy_of(warnings, smtp_use_tls="yes", tls_eecdh_auto_curves="X25519 secp384r1")
    assert "only one of prime256v1, secp384r1, secp521r1 can be chosen here" in warnings[0]


def test_reload_keeps_open_sessions_unless_something_changed(tmp_path):
    file = authority().write_certificate(tmp_path)
    settings = {"smtp_tls_security_level": "verify", "smtp_tls_CAfile": str(file)}
    before = policy_of(**settings)
    assert before == policy_of(**settings)
    assert before != policy_of(**(settings | {"smtp_tls_security_level": "secure"}))
    authority("Another CA").write_certificate(tmp_path)
    assert before != policy_of(**settings)


def test_certificates_are_those_of_the_last_reload(tmp_path):
    file = authority().write_certificate(tmp_path)
    found = policy_of(smtp_tls_security_level="verify", smtp_tls_CAfile=str(file))
    file.unlink()
    assert found.protection(NEXTHOP, a_host()).handshake.context is not None


def contexts_of(**settings):
    return policy_of(smtp_tls_security_level="may", **settings)._engine


def test_same_files_are_loaded_once_for_all_transports(tmp_path):
    file = authority().write_certificate(tmp_path)
    one = contexts_of(smtp_tls_CAfile=str(file))
    same = contexts_of(smtp_tls_CAfile=str(file), smtp_bind_address="192.0.2.7")
    assert same.contexts is one.contexts
    assert same.sessions is not one.sessions
    assert contexts_of().contexts is not one.contexts
    authority("Another CA").write_certificate(tmp_path)
    assert contexts_of(smtp_tls_CAfile=str(file)).contexts is not one.contexts


def test_folder_of_authorities_is_read_anew_when_it_changes(tmp_path):
    one = contexts_of(smtp_tls_CApath=str(tmp_path))
    assert contexts_of(smtp_tls_CApath=str(tmp_path)).contexts is one.contexts
    authority().write_certificate(tmp_path, "0a1b2c3d.0")
    assert contexts_of(smtp_tls_CApath=str(tmp_path)).contexts is not one.contexts


def test_certificates_of_our_own_tell_contexts_apart(tmp_path):
    first = authority().issue("a.test").write(tmp_path, "first.pem")
    second = authority().issue("a.test").write(tmp_path, "second.pem")
    one = contexts_of(smtp_tls_cert_file=str(first))
    assert contexts_of(smtp_tls_cert_file=str(second)).contexts is not one.contexts
