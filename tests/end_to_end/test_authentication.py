"""Logging in at servers that are not ours: by each mechanism that they share with us, rightly and wrongly."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastsmtp.sink.behaviour import Behaviour
from fastsmtp.sink.certificate import context
from tests.support import exim, postfix, sasl_postfix
from tests.support.background_sink import BackgroundSink
from tests.support.commands import fastsmtp
from tests.support.exim import Exim
from tests.support.jobs import Job
from tests.support.sasl_postfix import PASSWORD, REALM, AuthenticatingPostfix

ON = ("smtp_sasl_auth_enable=yes", "smtp_sasl_security_options=")
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture(scope="module")
def cyrus() -> Iterator[AuthenticatingPostfix]:
    if reason := sasl_postfix.missing():
        pytest.skip(reason)
    with postfix.scratch() as root, AuthenticatingPostfix(Path(root)) as running:
        yield running


@pytest.fixture(scope="module")
def authenticating_exim() -> Iterator[Exim]:
    if reason := exim.missing():
        pytest.skip(reason)
    with Exim(PASSWORD.replace(":", "-")) as running:
        yield running


def send(tmp_path: Path, port: int, password: str, *settings: str) -> dict[str, str]:
    """One message: what became of it."""
    job = Job.write(tmp_path, 1)
    table = f"smtp_sasl_password_maps=inline:{{127.0.0.1=tim:{password}}}"
    done = fastsmtp("send", *job.arguments(port, *ON, table, *settings), "--once", "--log", tmp_path / "log")
    (row,) = job.results()
    everything = done.said + (tmp_path / "log").read_text() + str(row)
    assert password not in everything
    return row


@pytest.mark.peer
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_postfix_and_cyrus_take_the_login(
    tmp_path: Path, cyrus: AuthenticatingPostfix, mechanism: str
) -> None:
    before = len(cyrus.methods())
    row = send(tmp_path, cyrus.port, PASSWORD, f"smtp_sasl_mechanism_filter={mechanism}")
    assert (row["status"], row["dsn"]) == ("sent", "2.0.0")
    assert cyrus.methods()[before:] == [(mechanism, f"tim@{REALM}")]


@pytest.mark.peer
def test_strongest_mechanism_of_postfix_and_cyrus_is_chosen(
    tmp_path: Path, cyrus: AuthenticatingPostfix
) -> None:
    assert send(tmp_path, cyrus.port, PASSWORD)["status"] == "sent"
    assert cyrus.methods()[-1][0] == "SCRAM-SHA-512"


@pytest.mark.peer
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_postfix_and_cyrus_refuse_a_wrong_password(
    tmp_path: Path, cyrus: AuthenticatingPostfix, mechanism: str
) -> None:
    row = send(tmp_path, cyrus.port, "wrongwrong", f"smtp_sasl_mechanism_filter={mechanism}")
    assert (row["status"], row["dsn"]) == ("deferred", "4.7.8")
    assert "SASL authentication failed; server 127.0.0.1[127.0.0.1] said: 535 5.7.8" in row["reply"]


@pytest.mark.peer
def test_postfix_refuses_mail_without_a_login(tmp_path: Path, cyrus: AuthenticatingPostfix) -> None:
    row = send(tmp_path, cyrus.port, PASSWORD, "smtp_sasl_auth_enable=no")
    assert (row["status"], row["dsn"]) == ("bounced", "5.7.1")


@pytest.mark.peer
@pytest.mark.parametrize(
    ("mechanism", "named"), [("PLAIN", "plain"), ("LOGIN", "login"), ("CRAM-MD5", "cram")]
)
def test_exim_takes_the_login(tmp_path: Path, authenticating_exim: Exim, mechanism: str, named: str) -> None:
    password = PASSWORD.replace(":", "-")
    row = send(tmp_path, authenticating_exim.port, password, f"smtp_sasl_mechanism_filter={mechanism}")
    assert row["status"] == "sent", row
    assert authenticating_exim.methods()[-1] == (named, "tim")


@pytest.mark.peer
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_exim_refuses_a_wrong_password(tmp_path: Path, authenticating_exim: Exim, mechanism: str) -> None:
    row = send(tmp_path, authenticating_exim.port, "wrongwrong", f"smtp_sasl_mechanism_filter={mechanism}")
    assert (row["status"], row["dsn"][:1]) == ("deferred", "4")


@pytest.mark.parametrize("given", ["pencil-and-paper", "pencil-and-pen"], ids=["right", "wrong"])
@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_nothing_that_is_written_holds_the_password(tmp_path: Path, given: str, mechanism: str) -> None:
    """Two processes, as loud as they can be: output, log, results and all files of the spool are searched."""
    passwords = tmp_path / "passwords"
    passwords.write_text(f"[127.0.0.1]:PORT tim:{given}\n")
    passwords.chmod(0o600)
    job = Job.write(tmp_path, 20)
    settings = (
        *ON,
        f"smtp_sasl_password_maps=texthash:{passwords}",
        f"smtp_sasl_mechanism_filter={mechanism}",
        "debug_peer_list=127.0.0.1",
        "debug_peer_level=9",
        "notify_classes=protocol",
        f"smtp_sasl_auth_cache_name=btree:{tmp_path}/cache",
    )
    with BackgroundSink(behaviour=Behaviour(login="tim:pencil-and-paper")) as sink:
        passwords.write_text(passwords.read_text().replace("PORT", str(sink.port)))
        options = ("--once", "--workers", "2", "--log", tmp_path / "log")
        done = fastsmtp("send", *job.arguments(sink.port, *settings), *options)
    passwords.unlink()
    right = given == "pencil-and-paper"
    assert (done.status, len(sink)) == ((0, 20) if right else (75, 0)), done.said
    assert f"AUTH {mechanism.upper()}" in (tmp_path / "log").read_text()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"log", "results.csv", "cache.refused"} <= {path.name for path in files}
    everything = b"\n".join([done.said.encode(), *(path.read_bytes() for path in files)])
    secrets = {given, *(base64.b64encode(text.encode()).decode() for text in (given, f"\0tim\0{given}"))}
    assert {secret for secret in secrets if secret.encode() in everything} == set()


UNDER_TLS = ("smtp_tls_security_level=encrypt", "smtp_sasl_security_options=noplaintext, noanonymous")


@pytest.mark.parametrize(
    ("options", "status", "dsn"), [("noanonymous", "sent", "2.0.0"), ("noplaintext", "deferred", "4.7.0")]
)
def test_password_goes_through_tls_where_the_settings_allow_it_there(
    tmp_path: Path, options: str, status: str, dsn: str
) -> None:
    behaviour = Behaviour(tls=context(None, "sink.example"), login="tim:pencil-and-paper")
    with BackgroundSink(behaviour=behaviour) as sink:
        settings = (*UNDER_TLS, f"smtp_sasl_tls_security_options={options}")
        row = send(tmp_path, sink.port, "pencil-and-paper", *settings)
    assert (row["status"], row["dsn"]) == (status, dsn), row


@pytest.mark.peer
def test_password_goes_to_postfix_through_tls(tmp_path: Path, cyrus: AuthenticatingPostfix) -> None:
    settings = (*UNDER_TLS, "smtp_sasl_tls_security_options=noanonymous", "smtp_sasl_mechanism_filter=plain")
    row = send(tmp_path, cyrus.port, PASSWORD, *settings)
    assert (row["status"], row["tls"]) == ("sent", "encrypt")
    assert cyrus.methods()[-1] == ("PLAIN", f"tim@{REALM}")
