"""The same mail through Postfix and fastsmtp, in a network where every odd answer of a name server occurs.

    python -m tests.support.routing_world FOLDER

Runs inside a network and mount namespace of its own (see `command`): NSD on port 53 of its loopback, its own
resolv.conf, scripted receivers on port 25 of 127.0.0.x, a throw-away Postfix. Prints what each of the two
said of each recipient (`Fate`), and which receivers it spoke to, as JSON. tests/end_to_end/test_routing.py
compares. Nothing of it reaches the machine's own network or its resolv.conf.
"""

import asyncio
import csv
import json
import re
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.support.nsd import Nsd
from tests.support.postfix import Postfix, scratch

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 40.0  # seconds until Postfix has tried all once
PORT = 25
ZONE = """\
a A 127.0.0.11
one MX 10 ok
both MX 10 dead
both MX 20 ok
null MX 0 .
halfnull MX 0 .
halfnull MX 10 ok
gone MX 10 nowhere
gone MX 20 nowhere2
stuck MX 10 nowhere
stuck MX 20 mx.broken.test.
stuck2 MX 10 mx.broken.test.
stuck2 MX 20 nowhere
numeric MX 10 127.0.0.11.
malformed MX 10 -bad-
malformed MX 20 ok
self MX 10 here
backup MX 10 dead
backup MX 20 here
backup MX 20 ok
backup MX 30 ok2
unprimary MX 10 nowhere
unprimary MX 20 here
greet MX 10 rude
greet MX 20 ok
soft3 MX 10 soft
soft3 MX 20 soft2
soft3 MX 30 ok
softdead MX 10 soft
softdead MX 20 dead
hard MX 10 hard
hard MX 20 ok
hello MX 10 nohelo
hello MX 20 ok
drops MX 10 drops
drops MX 20 ok
textonly TXT "nothing"
alias CNAME one
aliasmx MX 10 aliashost
aliashost CNAME ok
ring CNAME ring2
ring2 CNAME ring
equal MX 10 ok
equal MX 10 ok2
closed A 127.0.0.11
later A 127.0.0.11
gulp A 127.0.0.11
strange A 127.0.0.11
ok A 127.0.0.11
ok2 A 127.0.0.12
dead A 127.0.0.90
here A 127.0.0.1
rude A 127.0.0.13
soft A 127.0.0.14
soft2 A 127.0.0.15
hard A 127.0.0.16
nohelo A 127.0.0.17
drops A 127.0.0.18
"""
TRANSPORTS = {
    "closed.r.test": "error:5.1.1 nobody home",
    "later.r.test": "retry:4.2.1 come back",
    "gulp.r.test": "discard:silently",
    "strange.r.test": "uucp:far",
    "fixed.r.test": "smtp:[127.0.0.12]",
    "two.r.test": "smtp:[127.0.0.90], [127.0.0.12]",
    "bare.r.test": "smtp:127.0.0.12",
    "nosuch.r.test": "smtp:[nowhere.r.test]",
}
# Through the fallback relay [127.0.0.20] as well
FALLBACK = ("unknown", "null", "gone", "backup", "self", "soft3", "hard", "stuck", "softdead")
DOMAINS = (
    *("a", "one", "both", "null", "halfnull", "unknown", "gone", "stuck", "stuck2", "numeric", "malformed"),
    *("self", "backup", "unprimary", "greet", "soft3", "softdead", "hard", "hello", "drops", "textonly"),
    *("alias", "aliasmx", "ring", "equal", "closed", "later", "gulp", "strange", "fixed", "two", "bare"),
    "nosuch",
)
RECIPIENTS = [*(f"u@{name}.r.test" for name in DOMAINS), "u@broken.test"]
SETTINGS = {
    "smtp_randomize_addresses": "no",
    "smtp_mx_address_limit": "5",
    "smtp_connect_timeout": "3s",
    "inet_protocols": "ipv4",
    "myhostname": "mx.example.net",
    "inet_interfaces": "loopback-only",
    "smtp_connection_cache_on_demand": "no",
}
# By address: what is said to a verb; "" hangs up
MANNERS: Mapping[str, Mapping[str, str]] = {
    "127.0.0.11": {},
    "127.0.0.12": {},
    "127.0.0.13": {"greeting": "554 5.7.1 go away"},
    "127.0.0.14": {"RCPT": "450 4.2.0 soft one"},
    "127.0.0.15": {"RCPT": "450 4.2.0 soft two"},
    "127.0.0.16": {"RCPT": "550 5.1.1 hard"},
    "127.0.0.17": {"EHLO": "500 5.5.1 what", "HELO": "550 5.7.1 no"},
    "127.0.0.18": {"RCPT": ""},
    "127.0.0.20": {},
}
USUAL = {"greeting": "220 ESMTP", "DATA": "354 go", "QUIT": "221 bye"}


Speaker = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Fate(NamedTuple):
    status: str
    dsn: str
    relay: str
    text: str


def command(folder: Path) -> list[str]:
    """What runs it: as root, with util-linux's unshare."""
    return ["unshare", "--mount", "--net", sys.executable, "-m", "tests.support.routing_world", str(folder)]


class Receivers:
    """On port 25 of each address in MANNERS; `spoken` says who heard of which recipient."""

    def __init__(self) -> None:
        self.spoken: list[tuple[str, str]] = []
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait(10)

    async def _serve(self) -> None:
        for address in MANNERS:
            await asyncio.start_server(self._speaker(address), address, PORT)
        self._ready.set()
        await asyncio.Event().wait()

    def _speaker(self, address: str) -> Speaker:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                await converse(reader, writer)
            writer.close()

        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            manner = {**USUAL, **MANNERS[address]}
            verb = "greeting"
            while (answer := manner.get(verb, "250 2.0.0 ok")) != "":
                writer.write(answer.encode() + b"\r\n")
                if verb == "DATA" and answer.startswith("3"):
                    await reader.readuntil(b"\r\n.\r\n")
                    verb = "end"
                    continue
                line = await reader.readline()
                verb = line[:4].decode().upper()
                if verb == "RCPT":
                    self.spoken.append((address, line.decode().partition("<")[2].partition(">")[0]))
                if not line or verb == "QUIT":
                    break

        return speak


def through_postfix(receivers: Receivers, folder: Path) -> dict[str, dict[str, Fate]]:
    (folder / "transport").write_text("".join(f"{key} {value}\n" for key, value in TRANSPORTS.items()))
    main = "".join(f"{name} = {value}\n" for name, value in SETTINGS.items())
    main += "default_transport = smtp\nappend_dot_mydomain = no\nsmtpd_reject_unlisted_recipient = no\n"
    found = {}
    for name, extra in VARIANTS.items():
        with scratch() as directory:
            table = f"transport_maps = texthash:{folder}/transport\n"
            with Postfix(Path(directory), main + table + extra.replace("=", " = ", 1) + "\n") as postfix:
                recipients = recipients_of(name)
                for recipient in recipients:
                    with smtplib.SMTP("127.0.0.1", postfix.port) as session:
                        session.sendmail("", [recipient], "Subject: x\r\n\r\nx\r\n")
                found[name] = fates(postfix, recipients)
    return found


def fates(postfix: Postfix, recipients: list[str]) -> dict[str, Fate]:
    """What its log says, once it says something of each."""
    pattern = re.compile(r"to=<(.*?)>,.* relay=(.*?), .*dsn=(.*?), status=(\w+) \((.*)\)$", re.MULTILINE)
    give_up_at = time.monotonic() + PATIENCE
    found: dict[str, Fate] = {}
    while not found.keys() >= set(recipients):
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"nothing of {set(recipients) - found.keys()}:\n{postfix.log()}")
        time.sleep(0.2)
        for to, relay, dsn, status, text in pattern.findall(postfix.log()):
            found.setdefault(to, Fate(status, dsn, relay, text))
    return found


def through_fastsmtp(folder: Path) -> dict[str, dict[str, Fate]]:
    found = {}
    for name, extra in VARIANTS.items():
        work = folder / f"job-{name}"
        work.mkdir()
        (work / "m.eml").write_text("Subject: x\n\nx\n")
        (work / "list.txt").write_text("\n".join(recipients_of(name)))
        (work / "job.toml").write_text('sender = ""\nmessage = "m.eml"\nrecipients = "list.txt"\n')
        settings = {**SETTINGS, "transport_maps": f"texthash:{folder}/transport"}
        options = [f"{key}={value}" for key, value in settings.items()] + ([extra] if extra else [])
        subprocess.run(
            [
                *(sys.executable, "-m", "fastsmtp", "send", str(work / "job.toml"), "--quiet", "--once"),
                *("--results", str(work / "r.csv")),
                *(word for option in options for word in ("-o", option)),
            ],
            cwd=ROOT,
            check=False,
            timeout=60,
        )
        with (work / "r.csv").open() as file:
            found[name] = {
                row["email"]: Fate(row["status"], row["dsn"], row["relay"], row["reply"])
                for row in csv.DictReader(file)
            }
    return found


VARIANTS = {"direct": "", "fallback": "smtp_fallback_relay=[127.0.0.20]"}


def recipients_of(variant: str) -> list[str]:
    return RECIPIENTS if variant == "direct" else [f"u@{name}.r.test" for name in FALLBACK]


def main(folder: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf"], check=True)
    receivers = Receivers()
    with Nsd({"r.test": ZONE, "broken.test": None}, port=53):
        theirs, heard_of_theirs = through_postfix(receivers, folder), list(receivers.spoken)
        receivers.spoken.clear()
        ours = through_fastsmtp(folder)
    said = {"postfix": theirs, "fastsmtp": ours}
    heard = {"postfix": heard_of_theirs, "fastsmtp": receivers.spoken}
    (folder / "said.json").write_text(json.dumps({"said": said, "heard": heard}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
