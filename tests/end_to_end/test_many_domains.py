"""A list of thousands of domains, each with hosts of its own: some do not exist, some name servers fail, some
are silent. Nothing of that holds up the others.
"""

import collections
import csv
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.nameserver import NameServer, Zone
from tests.support.smtp_sink import SmtpSink

COUNTS = {"good": 2000, "plain": 300, "unknown": 200, "servfail": 200, "silent": 400, "null": 100}
FATES = {
    "good": ("sent", "2.0.0"),
    "plain": ("sent", "2.0.0"),
    "unknown": ("bounced", "5.4.4"),
    "servfail": ("deferred", "4.4.3"),
    "silent": ("deferred", "4.4.3"),
    "null": ("bounced", "5.1.0"),
}
ZONES: Mapping[str, Callable[[str], Zone]] = {
    "good": lambda name: {(name, "MX"): [f"10 mx.{name}."], (f"mx.{name}", "A"): ["127.0.0.1"]},
    "plain": lambda name: {(name, "A"): ["127.0.0.1"]},
    "unknown": lambda name: {},
    "servfail": lambda name: {(name, "MX"): "SERVFAIL"},
    "silent": lambda name: {(name, "MX"): "SILENCE"},
    "null": lambda name: {(name, "MX"): ["0 ."]},
}
NAMES = [f"{kind}{number}.test" for kind, count in COUNTS.items() for number in range(count)]


def kind_of(address: str) -> str:
    return address.partition("@")[2].removesuffix(".test").rstrip("0123456789")


def test_names_without_an_answer_hold_up_no_others(tmp_path: Path) -> None:
    (tmp_path / "m.eml").write_text("Subject: x\n\nx\n")
    (tmp_path / "job.toml").write_text('sender = "s@x.example"\nmessage = "m.eml"\nrecipients = "list.txt"\n')
    (tmp_path / "list.txt").write_text("".join(f"u@{name}\n" for name in NAMES))
    zone: dict[tuple[str, str], Sequence[str] | str] = {}
    for name in NAMES:
        zone |= ZONES[kind_of(f"@{name}")](name)
    with NameServer(zone) as dns, SmtpSink() as sink:
        settings = [
            f"smtp_dns_nameservers=[127.0.0.1]:{dns.port}",
            f"smtp_tcp_port={sink.port}",
            "inet_protocols=ipv4",
        ]
        command = [sys.executable, "-m", "fastsmtp", "send", "job.toml", "--quiet", "--once"]
        done = subprocess.run(
            [*command, "--results", "r.csv", "--log", "log", *(f"-o{setting}" for setting in settings)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert (done.returncode, done.stderr) == (75, "")
    with (tmp_path / "r.csv").open() as file:
        fates = {row["email"]: (row["status"], row["dsn"]) for row in csv.DictReader(file)}
    assert collections.Counter((kind_of(email), fate) for email, fate in fates.items()) == {
        (kind, FATES[kind]): count for kind, count in COUNTS.items()
    }
    # Four times as many names are silent as there are sessions, and everyone else is served before they end
    order = [kind_of(line.partition("to=<")[2].partition(">")[0]) for line in lines(tmp_path / "log")]
    assert set(order[-COUNTS["silent"] :]) == {"silent"}
    assert max(collections.Counter(dns.asked).values()) <= 2  # nothing is asked for twice, but what failed


def lines(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if " to=<" in line]
