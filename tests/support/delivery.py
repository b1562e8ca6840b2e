"""Runs a small job against scripted peers and gives what became of each recipient.

    outcomes = deliver(["r1@x.example"], peer, other_peer, smtp_mx_session_limit="3")
    outcomes["r1@x.example"].status

Several peers are the sites of the relay's next-hop, in order. One attempt for each; no file is touched.
"""

import asyncio
import time
from pathlib import Path

import uvloop

from fastsmtp.conf.settings import Settings
from fastsmtp.job.jobfile import Job
from fastsmtp.mail.fields import FieldsFormat
from fastsmtp.outcome.outcome import Outcome
from fastsmtp.report.log import Log
from fastsmtp.spool.null import NullSpool
from fastsmtp.worker.run import Run
from tests.support.peer import Peer
from tests.support.spooled import job, rows

MESSAGE = b"Subject: hello\r\n\r\nhello\r\n"
LIMIT = 20.0  # seconds: no dialogue takes as long


def deliver(
    addresses: list[str],
    *peers: Peer | int,
    log: Path | None = None,
    message: bytes = MESSAGE,
    **settings: str,
) -> dict[str, Outcome]:
    """What became of each address; a port instead of a Peer is a site where (perhaps) nobody listens."""
    ports = [peer if isinstance(peer, int) else peer.port for peer in peers]
    relay = ", ".join(f"[127.0.0.1]:{port}" for port in ports)
    options = {
        "relayhost": relay,
        "myhostname": "me.example",
        "smtp_randomize_addresses": "no",
        "initial_destination_concurrency": "1",
        "smtp_destination_concurrency_limit": "1",
    }
    loaded = Settings.load(None, [f"{name}={value}" for name, value in (options | settings).items()])
    return uvloop.run(_deliver(addresses, loaded, log, message))


async def _deliver(
    addresses: list[str], settings: Settings, log: Path | None, message: bytes
) -> dict[str, Outcome]:
    record = job(
        message=message, fields_format=FieldsFormat().to_text(), sender="s@x.example", created_at=time.time()
    )
    spool = NullSpool(record, [(rows(*addresses), [])])
    found: dict[str, Outcome] = {}

    def note(turn: object) -> None:
        for outcome in turn:  # type: ignore[attr-defined]
            assert outcome.recipient.address not in found
            found[outcome.recipient.address] = outcome

    run = Run(small_job(), settings, spool, Log.open(str(log) if log else None), once=True)
    async with asyncio.timeout(LIMIT):
        await run.finish(note)
    return found


def small_job() -> Job:
    return Job(
        path=Path("job.toml"),
        name="job",
        sender="s@x.example",
        message=Path("m.eml"),
        content=MESSAGE,
        recipients=Path("list.txt"),
        template="none",
        duplicates="skip",
        priority=0,
        start=None,
        max_age=None,
        settings={},
        setting_lines={},
        verp=None,
        rendering=None,
        fields_format=FieldsFormat(),
    )
