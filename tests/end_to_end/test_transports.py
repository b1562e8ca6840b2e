"""Transports with settings of their own, as users have them: a pool of source addresses, with names."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.process import LOOPBACK
from tests.support.receiver import Receiver

FASTSMTP = [sys.executable, "-m", "fastsmtp"]
MAIN_CF = """\
smtp_transports = smtp, pool1, pool2
transport_maps = inline:{{ {{ one.test = pool1:{relay} }}, {{ two.test = pool2:{relay} }} }}
relayhost = {relay}
smtp_helo_name = usual.example
pool1_bind_address = 127.0.0.31
pool1_helo_name = pool1.example
pool2_bind_address = 127.0.0.32
pool2_bind_address_enforce = yes
"""


class Met(Receiver):
    """Keeps who came from where."""

    def __init__(self) -> None:
        super().__init__()
        self.met: set[tuple[str, str, str]] = set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        domain = envelope.rcpt_tos[0].partition("@")[2]
        assert session.peer is not None
        self.met.add((domain, session.peer[0], str(session.host_name)))
        return await super().handle_DATA(server, session, envelope)


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*FASTSMTP, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def job(folder: Path, main_cf: str, recipients: Sequence[str]) -> None:
    (folder / "main.cf").write_text(main_cf)
    (folder / "m.eml").write_text("Subject: x\n\nx\n")
    (folder / "job.toml").write_text('sender = "s@x.example"\nmessage = "m.eml"\nrecipients = "list.txt"\n')
    (folder / "list.txt").write_text("\n".join(recipients))


def test_each_transport_comes_from_its_own_address_under_its_own_name(tmp_path: Path) -> None:
    with Met() as receiver:
        job(
            tmp_path,
            MAIN_CF.format(relay=f"[{LOOPBACK}]:{receiver.port}"),
            [f"u{number}@{name}.test" for number in range(3) for name in ("one", "two", "three")],
        )
        done = run(tmp_path, "send", "job.toml", "-c", "main.cf", "--quiet", "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert receiver.met == {
        ("one.test", "127.0.0.31", "pool1.example"),
        ("two.test", "127.0.0.32", "usual.example"),
        ("three.test", LOOPBACK, "usual.example"),
    }


def test_address_that_cannot_be_had_defers_the_mail_of_its_transport_alone(tmp_path: Path) -> None:
    with Met() as receiver:
        relay = f"[{LOOPBACK}]:{receiver.port}"
        main_cf = (
            MAIN_CF.format(relay=relay)
            .replace("127.0.0.32", "203.0.113.1")
            .replace("127.0.0.31", "203.0.113.2")
        )
        job(tmp_path, main_cf, ["u@one.test", "u@two.test"])
        done = run(
            tmp_path,
            "send",
            "job.toml",
            "-c",
            "main.cf",
            "--quiet",
            "--once",
            "--log",
            "log",
            "--results",
            "r.csv",
        )
    assert done.returncode == 75
    assert receiver.met == {("one.test", LOOPBACK, "pool1.example")}  # not enforced: from another address
    results = (tmp_path / "r.csv").read_text().splitlines()
    (deferred,) = [line for line in results if line.startswith("u@two.test")]
    assert ",deferred,4.4.0,server configuration error," in deferred
    assert "bind 203.0.113.2: Cannot assign requested address" in (tmp_path / "log").read_text()


def test_conf_shows_and_checks_what_is_set_for_a_transport(tmp_path: Path) -> None:
    main_cf = MAIN_CF.format(relay="[127.0.0.1]") + "pool2_helo_timeout = never\npool3_helo_name = a\n"
    job(tmp_path, main_cf, [])
    shown = run(
        tmp_path, "conf", "-c", "main.cf", "pool1_bind_address", "pool1_helo_timeout", "pool2_helo_name"
    )
    assert shown.stdout.splitlines() == [
        "pool1_bind_address = 127.0.0.31",
        "pool1_helo_timeout = $smtp_helo_timeout",
        "pool2_helo_name = $smtp_helo_name",
    ]
    assert shown.returncode == 2
    assert "main.cf:9: pool2_helo_timeout = never: expected a time" in shown.stderr
    assert "pool3_helo_name is not a parameter" in shown.stderr
    assert "smtp_transports does not name pool3" in shown.stderr
    given = run(tmp_path, "conf", "-c", "main.cf", "-n").stdout
    assert "pool1_helo_name = pool1.example\n" in given
