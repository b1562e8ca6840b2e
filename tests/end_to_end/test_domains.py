"""A list of many domains, each found by its MX: delivered, bounced or deferred as DNS says."""

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.nameserver import NameServer
from tests.support.peer import Peer

FASTSMTP = [sys.executable, "-m", "fastsmtp"]
TALK = (
    "S: 220 mx ESMTP\nC: EHLO *\nS: 250-mx\nS: 250 PIPELINING\nC: MAIL*\nC: RCPT*\nC: DATA\n"
    "S: 250 ok\nS: 250 ok\nS: 354 go\nC: (message)\nC: QUIT\nS: 250 taken\nS: 221 bye"
)


Job = Callable[..., Path]  # writes the list, returns the folder


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "m.eml").write_text("Subject: x\n\nx\n")
    (tmp_path / "job.toml").write_text('sender = "s@x.example"\nmessage = "m.eml"\nrecipients = "list.txt"\n')

    def write(*addresses: str) -> Path:
        (tmp_path / "list.txt").write_text("\n".join(addresses))
        return tmp_path

    return write


def send(folder: Path, dns_port: int, smtp_port: int, *options: str) -> tuple[int, dict[str, dict[str, str]]]:
    command = [
        *FASTSMTP,
        "send",
        str(folder / "job.toml"),
        "--quiet",
        "--once",
        "--results",
        str(folder / "r.csv"),
    ]
    settings = [f"smtp_dns_nameservers=[127.0.0.1]:{dns_port}", f"smtp_tcp_port={smtp_port}", *options]
    done = subprocess.run(
        [*command, *(word for setting in settings for word in ("-o", setting))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    with (folder / "r.csv").open() as file:
        rows = {row["email"]: row for row in csv.DictReader(file)}
    return done.returncode, rows


def test_each_domain_goes_its_own_way(job: Job) -> None:
    zone = {
        ("mx.test", "MX"): ["10 host.mx.test."],
        ("host.mx.test", "A"): ["127.0.0.1"],
        ("plain.test", "A"): ["127.0.0.1"],
        ("null.test", "MX"): ["0 ."],
        ("dead.test", "MX"): ["10 nowhere.test."],
        ("broken.test", "MX"): "SERVFAIL",
    }
    folder = job(*(f"user@{name}.test" for name in ("mx", "plain", "null", "dead", "broken", "unknown")))
    with NameServer(zone) as dns, Peer(TALK) as peer:
        status, rows = send(folder, dns.port, peer.port)
    assert status == 75
    assert {email: (row["status"], row["dsn"]) for email, row in rows.items()} == {
        "user@mx.test": ("sent", "2.0.0"),
        "user@plain.test": ("sent", "2.0.0"),
        "user@null.test": ("bounced", "5.1.0"),
        "user@dead.test": ("bounced", "5.4.4"),
        "user@broken.test": ("deferred", "4.4.3"),
        "user@unknown.test": ("bounced", "5.4.4"),
    }
    assert rows["user@mx.test"]["relay"] == f"host.mx.test[127.0.0.1]:{peer.port}"


def test_second_host_takes_what_the_first_refuses_softly(job: Job) -> None:
    zone = {
        ("two.test", "MX"): ["10 first.two.test.", "20 second.two.test."],
        ("first.two.test", "A"): ["127.0.0.2"],
        ("second.two.test", "A"): ["127.0.0.1"],
    }
    with NameServer(zone) as dns, Peer(TALK) as peer:  # nobody listens on 127.0.0.2
        status, rows = send(job("user@two.test"), dns.port, peer.port)
    assert status == 0
    assert rows["user@two.test"]["relay"].startswith("second.two.test[127.0.0.1]")


def test_only_two_servers_of_a_domain_ever_see_the_message(job: Callable[..., Path]) -> None:
    soft = TALK[: TALK.index("S: 250 ok")] + "S: 250 ok\nS: 450 {}\nS: 503 no\nC: RSET\nC: QUIT"
    zone = {("many.test", "MX"): [f"{n}0 mx{n}.many.test." for n in (1, 2, 3)]}
    zone |= {(f"mx{n}.many.test", "A"): [f"127.0.0.{n}"] for n in (1, 2, 3)}
    with (
        NameServer(zone) as dns,
        Peer(soft.format("one")) as first,
        Peer(soft.format("two"), address="127.0.0.2", port=first.port),
        Peer(TALK, address="127.0.0.3", port=first.port) as third,
    ):
        status, rows = send(job("user@many.test"), dns.port, first.port)
        assert third.conversations == []
    assert status == 75
    assert "said: 450 two" in rows["user@many.test"]["reply"]


@pytest.mark.parametrize(
    "setting",
    [
        "smtp_dns_nameservers=ns.example",
        "smtp_dns_nameservers=[127.0.0.1",
        "smtp_tcp_port=nosuch",
        "smtp_helo_name=mäil.example",
        "smtp_helo_name=a b",
    ],
)
def test_setting_that_names_no_place_stops_the_run(job: Job, setting: str) -> None:
    folder = job("user@mx.test")
    done = subprocess.run(
        [*FASTSMTP, "send", str(folder / "job.toml"), "-o", setting],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert setting.partition("=")[0] in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / ".fastsmtp").exists()
