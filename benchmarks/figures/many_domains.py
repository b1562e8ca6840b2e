"""A list of which every recipient has a domain of its own: names looked up, a session for each, one message.

    python -m benchmarks.figures.many_domains [--rounds N] [--domains N]

`fastsmtp send` from the list to the results; NSD serves a zone of MX and A records on loopback, smtp-sink
receives on several addresses. Promised is that memory with 100,000 domains is that with 10,000. Told are
domains a second, and the processor time of our process a domain: all that is not the message itself.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import rounds
from benchmarks.contenders import ROOT
from benchmarks.figure import Promise, state
from benchmarks.measure import run
from tests.support import nsd
from tests.support.smtp_sink import SmtpSink

FEW = 10_000
MANY = 100_000
SINKS = 4
PROMISE = Promise("peak memory, 100,000 domains as a multiple of 10,000's", 1.1, at_least=False)
MESSAGE = "Subject: news\nFrom: s@x.example\n\n" + "All the news of the week, in a few lines.\n" * 20
JOB = 'sender = "s@x.example"\nmessage = "m.eml"\nrecipients = "list.txt"\n'


def zone(count: int) -> str:
    return "".join(f"d{n} MX 10 mx.d{n}\nmx.d{n} A 127.0.0.{n % SINKS + 1}\n" for n in range(count))


def measure(server: nsd.Nsd, count: int) -> int:
    """Peak memory in bytes."""
    with ExitStack() as stack:
        first = stack.enter_context(SmtpSink())
        for number in range(2, SINKS + 1):
            stack.enter_context(SmtpSink(address=f"127.0.0.{number}", port=first.port))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="many-domains-")))
        (folder / "m.eml").write_text(MESSAGE)
        (folder / "job.toml").write_text(JOB)
        (folder / "list.txt").write_text("".join(f"u@d{n}.bulk.example\n" for n in range(count)))
        settings = [
            f"smtp_dns_nameservers={server.settings}",
            f"smtp_tcp_port={first.port}",
            "inet_protocols=ipv4",
        ]
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "fastsmtp",
            "send",
            folder / "job.toml",
            "--quiet",
            "--once",
        ]
        command += ["--results", folder / "r.csv", *(f"-o{setting}" for setting in settings)]
        cost = run(command, cwd=ROOT)
        sent = sum(",sent," in line for line in (folder / "r.csv").open())
    if cost.status or sent != count:
        raise SystemExit(f"status {cost.status}, {sent:,} of {count:,} sent")
    rounds.say(
        f"{count:,} domains: {count / cost.seconds:,.0f} a second, "
        f"{cost.cpu_seconds / count * 1e6:,.0f} us each, {cost.memory / 2**20:.1f} MiB"
    )
    return cost.memory


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--domains", type=int, default=MANY)
    options = parser.parse_args()
    if reason := nsd.missing():
        raise SystemExit(reason)
    with nsd.Nsd({"bulk.example": zone(options.domains)}) as server:
        pairs = [(measure(server, FEW), measure(server, options.domains)) for _ in range(options.rounds)]
    state(PROMISE, [many / few for few, many in pairs])


if __name__ == "__main__":
    main()
