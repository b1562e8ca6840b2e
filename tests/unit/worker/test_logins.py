"""Which credentials a host gets; what is said where a table or a setting is no good."""

from contextlib import suppress
from pathlib import Path

import pytest

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import Pending, SettingError, TableError
from fastsmtp.worker.logins import logins

ON = ["smtp_sasl_auth_enable=yes", "myorigin=my.test", "mydestination=here.test", "recipient_delimiter=+"]


def unexpected(warning: str) -> None:
    raise AssertionError(warning)


def tables(maps: str, *overrides: str, warn=unexpected):
    settings = Settings.load(None, [*ON, f"smtp_sasl_password_maps={maps}", *overrides])
    return logins(settings, warn)


def found(maps: str, *overrides: str, sender="s+x@x.test", host="mx.test", destination="[mx.test]:587"):
    login = tables(maps, *overrides).find(sender, host, destination)
    return None if login is None else (login.user, login.password)


def test_nothing_is_opened_where_sessions_do_not_authenticate() -> None:
    settings = Settings.load(None, ["smtp_sasl_password_maps=fail:x"])
    assert logins(settings, unexpected) is None


def test_values_are_checked_without_opening_anything() -> None:
    assert logins(Settings.load(None, [*ON, "smtp_sasl_password_maps=hash:/missing"]), None) is None


@pytest.mark.parametrize(
    ("maps", "expected"),
    [
        ("inline:{{mx.test=a:1},{[mx.test]:587=b:2}}", ("a", "1")),
        ("inline:{{mx.test:587=a:1},{[mx.test]:587=b:2}}", ("b", "2")),
        ("inline:{{[mx.test]=a:1},{[mx.test]:submission=b:2}}", None),
        ("inline:{MX.test=a:1:2}", ("a", "1:2")),
        ("inline:{mx.test=a}", ("a", "")),
        ("inline:{{mx.test=a : 1}}", ("a ", " 1")),
        ("inline:{s+x@x.test=a:1}", None),
        ("inline:{other=a:1} static:b:2", ("b", "2")),
    ],
)
def test_host_name_then_destination(maps: str, expected: object) -> None:
    assert found(maps) == expected


@pytest.mark.parametrize(
    ("key", "sender", "hit"),
    [
        ("s+x@x.test", "s+x@x.test", True),
        ("s@x.test", "s+x@x.test", True),
        ("@x.test", "s+x@x.test", True),
        ("x.test", "s+x@x.test", False),
        ("s", "s+x@x.test", False),
        ("s", "s+x@here.test", True),
        ("s", "s@my.test", True),
        ("@x.test", "", False),
        ("<>", "", False),
    ],
)
def test_sender_comes_first_where_it_shall(key: str, sender: str, hit: bool) -> None:
    maps = f"inline:{{{{{key}=a:1}},{{mx.test=b:2}}}}"
    by_sender = found(maps, "smtp_sender_dependent_authentication=yes", sender=sender)
    assert by_sender == (("a", "1") if hit else ("b", "2"))
    assert found(maps, sender=sender) == ("b", "2")


def test_delimiter_is_the_settings() -> None:
    assert found("static:a|1:2", "smtp_sasl_password_result_delimiter=|") == ("a", "1:2")


def test_table_without_an_answer_stops_the_search() -> None:
    with pytest.raises(TableError, match="smtp_sasl_password_maps"):
        found("fail:x static:a:1")
    with pytest.raises(TableError, match="empty"):
        found("inline:{{mx.test=},{[mx.test]:587=b:2}}")


def test_table_that_asks_a_server_is_waited_for() -> None:
    with pytest.raises(Pending):
        found("tcp:127.0.0.1:9")


def test_errors_and_warnings_do_not_show_what_a_table_holds() -> None:
    warnings: list[str] = []
    maps = "inline:{{mx.test=},{b=user:pencil}} unionmap:{static:user:pencil,pencil}"
    made = tables(maps, warn=warnings.append)
    with pytest.raises(TableError) as caught:
        made.find("", "mx.test", "mx.test")
    said = "\n".join([*warnings, str(caught.value), repr(made)])
    assert "inline:{...}" in said
    assert 'lookup of "mx.test"' in said
    assert "unavailable" in said
    assert "pencil" not in said


@pytest.mark.parametrize("kind", ["regexp", "pcre", "cidr", "texthash"])
def test_faulty_line_of_a_table_is_not_shown(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text("tim@x.test:pencil\nkey tim@x.test:pencil\n/x tim@x.test:pencil\n/(/ tim@x.test:pencil\n")
    file.chmod(0o600)
    warnings: list[str] = []
    made = tables(f"{kind}:{file}", warn=warnings.append)
    with suppress(TableError):
        made.find("", "mx.test", "mx.test")
    assert warnings
    assert "pencil" not in "\n".join(warnings)


def test_password_file_that_others_may_read_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "passwords"
    file.write_text("mx.test a:1\n")
    file.chmod(0o600)
    assert found(f"texthash:{file}") == ("a", "1")
    file.chmod(0o640)
    warnings: list[str] = []
    tables(f"texthash:{file}", warn=warnings.append)
    assert warnings == [
        f"{file}: holds passwords, and others than its owner may use it (-rw-r-----): expected mode 0600"
    ]


def test_changed_password_file_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "passwords"
    file.write_text("mx.test a:1\n")
    file.chmod(0o600)
    now = 0.0
    monkeypatch.setattr("fastsmtp.worker.login_tables.monotonic", lambda: now)
    made = tables(f"texthash:{file}")
    assert made.find("", "mx.test", "").password == "1"
    file.write_text("mx.test a:changed\n")
    assert made.find("", "mx.test", "").password == "1"
    now = 2.0
    assert made.find("", "mx.test", "").password == "changed"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("smtp_sasl_password_result_delimiter=::", "expected one character"),
        ("smtp_sasl_auth_cache_name=btree:cache", "expected type:/path, or internal:name"),
        ("smtp_sasl_mechanism_filter=tcp:127.0.0.1:9", "expected tables in files"),
        ("smtp_sasl_path=no.such.module", "expected a Python module"),
        ("smtp_sasl_security_options=nonsense", "expected"),
    ],
)
def test_value_that_cannot_be_used_is_refused(setting: str, expected: str) -> None:
    with pytest.raises(SettingError, match=expected) as caught:
        tables("static:a:1", setting)
    assert setting.partition("=")[0] in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        tables("static:a:1", "smtp_sasl_auth_cache_name=x", "smtp_sasl_password_result_delimiter=::")
    assert len(caught.value.problems) == 2


def test_same_settings_serve_the_sessions_that_are_open() -> None:
    assert tables("static:a:1") == tables("static:a:1")
    assert hash(tables("static:a:1")) == hash(tables("static:a:1"))
    assert tables("static:a:1") != tables("static:a:2")
    assert tables("static:a:1") != tables("static:a:1", "smtp_sasl_mechanism_filter=plain")
    assert tables("static:a:1") != tables("static:a:1", "smtp_sasl_security_options=noanonymous")
    assert tables("static:a:1") != 3
