"""Jobs through TLS to servers that are not ours: each message whole, sessions used again, TLS resumed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import exim, postfix
from tests.support.certificates import Certified, authority
from tests.support.commands import fastsmtp
from tests.support.exim import Exim
from tests.support.jobs import Job
from tests.support.postfix import Postfix
from tests.support.waiting import eventually

COUNT = 400
ARRIVAL_LIMIT = 60.0  # seconds; Postfix delivers behind the reply
NAME = "mx.example.net"
RECEIVING_BY_TLS = """\
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = {chain}
smtpd_tls_loglevel = 1
"""


@pytest.fixture(scope="module")
def ca() -> Certified:
    return authority()


@pytest.fixture
def secure_postfix(ca: Certified) -> Iterator[Postfix]:
    if reason := postfix.missing():
        pytest.skip(reason)
    with postfix.scratch() as root:
        chain = ca.issue(NAME).write(Path(root))
        lines = postfix.receiving(Path(root)) + RECEIVING_BY_TLS.format(chain=chain)
        with Postfix(Path(root), lines) as running:
            yield running


def send(job: Job, port: int, *settings: str) -> list[dict[str, str]]:
    log = job.path.with_name("log")
    done = fastsmtp("send", *job.arguments(port, *settings), "--once", "--log", log)
    assert done.status == 0, done.said
    return job.results()


@pytest.mark.peer
@pytest.mark.parametrize("versions", ["TLSv1.2", ">=TLSv1.3"])
def test_job_goes_to_postfix_by_tls_whole(
    tmp_path: Path, secure_postfix: Postfix, ca: Certified, versions: str
) -> None:
    job = Job.write(tmp_path, COUNT)
    rows = send(
        job,
        secure_postfix.port,
        "smtp_tls_security_level=verify",
        f"smtp_tls_verify_cert_match={NAME}",
        f"smtp_tls_CAfile={ca.write_certificate(tmp_path)}",
        f"smtp_tls_mandatory_protocols={versions}",
        "smtp_tls_loglevel=1",
    )
    assert {(row["status"], row["tls"]) for row in rows} == {("sent", "verify")}
    eventually(lambda: secure_postfix.inbox_size() == COUNT, ARRIVAL_LIMIT)
    arrived = {one.recipient: one.content.replace(b"\n", b"\r\n") for one in secure_postfix.inbox()}
    assert arrived == job.expected
    ours = (tmp_path / "log").read_text()
    version = versions.removeprefix(">=")
    handshakes = ours.count("Verified TLS connection established to")
    assert 0 < handshakes < COUNT
    assert ours.count(f": {version} with cipher ") >= handshakes
    assert "tls=verify, dsn=2.0.0" in ours


@pytest.mark.peer
@pytest.mark.parametrize("versions", ["TLSv1.2", ">=TLSv1.3"])
def test_next_session_with_postfix_resumes_tls(
    tmp_path: Path, secure_postfix: Postfix, ca: Certified, versions: str
) -> None:
    job = Job.write(tmp_path, 5)
    rows = send(
        job,
        secure_postfix.port,
        "smtp_tls_security_level=verify",
        f"smtp_tls_verify_cert_match={NAME}",
        f"smtp_tls_CAfile={ca.write_certificate(tmp_path)}",
        "smtp_tls_loglevel=2",
        "smtp_tls_connection_reuse=no",
        "smtp_destination_concurrency_limit=1",
        "initial_destination_concurrency=1",
        f"smtp_tls_mandatory_protocols={versions}",
    )
    assert {(row["status"], row["tls"]) for row in rows} == {("sent", "verify")}
    ours = (tmp_path / "log").read_text()
    assert ours.count("Verified TLS connection established to") == 5
    assert ours.count("re-using old session") == 4


@pytest.mark.peer
def test_postfix_that_insists_on_tls_gets_nothing_in_the_clear(
    tmp_path: Path, secure_postfix: Postfix
) -> None:
    job = Job.write(tmp_path, 3)
    fastsmtp("send", *job.arguments(secure_postfix.port, "smtp_tls_security_level=none"), "--once")
    assert {row["status"] for row in job.results()} == {"bounced"}
    assert all("Must issue a STARTTLS command first" in row["reply"] for row in job.results())


@pytest.mark.peer
def test_job_goes_to_exim_by_tls_and_chunking(tmp_path: Path, ca: Certified) -> None:
    if reason := exim.missing():
        pytest.skip(reason)
    with Exim(leaf=ca.issue("exim.example")) as running:
        job = Job.write(tmp_path, 60)
        rows = send(job, running.port, "smtp_tls_security_level=encrypt", "smtp_tls_loglevel=1")
        assert {(row["status"], row["tls"]) for row in rows} == {("sent", "encrypt")}
        assert len(running.received()) == 60
    assert "TLS connection established to" in (tmp_path / "log").read_text()
