"""Jobs through a Postfix that speaks TLS: what arrives, what it saw of the handshake, what never leaves."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import postfix as postfixes
from tests.support.certificates import Certified, authority
from tests.support.commands import Finished, fastsmtp
from tests.support.jobs import Job
from tests.support.postfix import Postfix
from tests.support.waiting import eventually

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(bool(postfixes.missing()), reason="Postfix cannot run here"),
]
COUNT = 200
CA = authority()
LEAF = CA.issue("mx.example.net", ["mx.example.net", "127.0.0.1"])
OWN = CA.issue("client.example.org", usage=ExtendedKeyUsageOID.CLIENT_AUTH)
ARRIVAL_LIMIT = 60.0


@contextmanager
def receiving(leaf: Certified, main: str = "smtpd_tls_security_level = may\n") -> Iterator[Postfix]:
    with postfixes.scratch() as name:
        root = Path(name)
        certificate = leaf.write(root)
        CA.write_certificate(root)
        lines = f"smtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {certificate}\n"
        lines += f"smtpd_tls_CAfile = {root}/ca.pem\nsmtpd_tls_loglevel = 1\n"
        with Postfix(root, postfixes.receiving(root) + lines + main) as postfix:
            yield postfix


def send(job: Job, postfix: Postfix, folder: Path, *settings: str) -> Finished:
    log = folder / "mail.log"
    trusted = f"smtp_tls_CAfile={CA.write_certificate(folder)}"
    options = job.arguments(postfix.port, trusted, "smtp_tls_loglevel=1", *settings)
    return fastsmtp("send", *options, "--once", "--log", log)


def log(folder: Path) -> str:
    return (folder / "mail.log").read_text()


def statuses(job: Job) -> set[tuple[str, str]]:
    return {(row["status"], row["dsn"]) for row in job.results()}


@pytest.mark.parametrize(
    ("level", "word"),
    [("may", "Trusted"), ("encrypt", "Trusted"), ("verify", "Verified"), ("secure", "Verified")],
)
def test_messages_arrive_whole_inside_tls(tmp_path: Path, level: str, word: str) -> None:
    job = Job.write(tmp_path, COUNT)
    with receiving(LEAF, "smtpd_tls_security_level = encrypt\n") as postfix:
        done = send(job, postfix, tmp_path, f"smtp_tls_security_level={level}")
        assert done.status == 0, done.said
        assert statuses(job) == {("sent", "2.0.0")}
        eventually(lambda: postfix.inbox_size() == COUNT, ARRIVAL_LIMIT)
        arrived = {each.recipient: each.content.replace(b"\n", b"\r\n") for each in postfix.inbox()}
        seen = postfix.log()
    assert arrived == job.expected
    assert f"{word} TLS connection established to 127.0.0.1[127.0.0.1]:{postfix.port}: TLSv1.3 with" in log(
        tmp_path
    )
    assert "TLS connection established from localhost[127.0.0.1]: TLSv1.3 with cipher" in seen


def test_wrong_name_is_deferred_and_nothing_arrives(tmp_path: Path) -> None:
    job = Job.write(tmp_path, 3)
    with receiving(CA.issue("other.example.net")) as postfix:
        done = send(job, postfix, tmp_path, "smtp_tls_security_level=verify")
        assert done.status == 75, done.said
        assert postfix.inbox_size() == 0
    assert statuses(job) == {("deferred", "4.7.5")}
    assert "Server certificate not verified" in log(tmp_path)
    assert "num=64:IP address mismatch" in log(tmp_path)


def test_no_tls_at_the_peer_defers_what_requires_it(tmp_path: Path) -> None:
    job = Job.write(tmp_path, 3)
    with receiving(LEAF, "smtpd_tls_security_level = none\n") as postfix:
        done = send(job, postfix, tmp_path, "smtp_tls_security_level=encrypt")
        assert done.status == 75, done.said
    assert statuses(job) == {("deferred", "4.7.4")}
    assert "TLS is required, but was not offered by host 127.0.0.1[127.0.0.1]" in log(tmp_path)


def test_our_certificate_is_shown_to_a_peer_that_asks(tmp_path: Path) -> None:
    job = Job.write(tmp_path, 3)
    own = OWN.write(tmp_path)
    with receiving(LEAF, "smtpd_tls_security_level = encrypt\nsmtpd_tls_req_ccert = yes\n") as postfix:
        bare = send(job, postfix, tmp_path, "smtp_tls_security_level=encrypt")
        assert bare.status == 75, bare.said
        shown = send(job, postfix, tmp_path, "smtp_tls_security_level=encrypt", f"smtp_tls_cert_file={own}")
        assert shown.status == 0, shown.said
        seen = postfix.log()
    assert "Trusted TLS connection established from localhost[127.0.0.1]" in seen


def test_policy_table_decides_by_the_relay_as_configured(tmp_path: Path) -> None:
    job = Job.write(tmp_path, 3)
    with receiving(LEAF) as postfix:
        table = f"smtp_tls_policy_maps=inline:{{ {{[127.0.0.1]:{postfix.port} = encrypt match=x}} }}"
        done = send(job, postfix, tmp_path, "smtp_tls_security_level=may", table)
        assert done.status == 75, done.said
    assert {row["relay"] for row in job.results()} == {"none"}
    assert statuses(job) == {("deferred", "4.7.5")}
    assert "client TLS configuration problem" in log(tmp_path)
    assert 'attribute "match" invalid at security level "encrypt"' in log(tmp_path)
