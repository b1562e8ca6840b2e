"""Rows of a list, a job and outcomes for whoever tests what is around the spool.

job(), rows("b@x.example", ...), outcome(recipient, "sent"), shard(directory, addresses...)
"""

from collections.abc import Iterable
from pathlib import Path

from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import DEFERRED, Delays, Outcome
from fastsmtp.spool.records import JobRecord, Row
from fastsmtp.spool.shard import Shard

STARTED_AT = 1_790_000_000.0  # 2026-09-21T14:13:20Z


def job(**changes: object) -> JobRecord:
    """A job that asks for nothing special; `changes` by field."""
    fields: dict[str, object] = {
        "name": "newsletter",
        "created_at": STARTED_AT,
        "sender": "bounces@news.example",
        "template": "none",
        "duplicates": "skip",
        "fields_format": "tsv",
        "columns": ("name", "città"),
        "message": b"Subject: hello\r\n\r\nhello\r\n",
        "fingerprint": "sha256:00",
        "settings": {"relayhost": "[relay.example]:587"},
    }
    return JobRecord(**(fields | changes))  # type: ignore[arg-type]


def rows(*addresses: str, first_line: int = 1) -> list[Row]:
    """Rows of a list as the job reads them, a line each."""
    return [
        (line, address, address.rpartition("@")[2].lower(), address.lower(), f"fields of {line}")
        for line, address in enumerate(addresses, first_line)
    ]


def shard(directory: Path, *addresses: str, **changes: object) -> Shard:
    """A new shard in `directory` with these recipients."""
    return Shard.create(directory / "shard-0.db", job(**changes), [(rows(*addresses), [])])


def outcome(recipient: Recipient, status: str = "sent", **changes: object) -> Outcome:
    """An outcome of one more attempt; `changes` by field."""
    made = Outcome(
        recipient=recipient,
        status=status,
        dsn="4.2.0" if status == DEFERRED else "2.0.0",
        reply="250 2.0.0 Ok: queued",
        relay="mx.example[192.0.2.1]:25",
        attempts=recipient.attempts + 1,
        first_attempt_at=recipient.first_attempt_at or STARTED_AT,
        finished_at=STARTED_AT + 1.5,
        delays=Delays(0.1, 0.2, 0.3, 0.4),
        tls="",
        queue_id="4AB3C1F00D",
        retry_at=STARTED_AT + 300 if status == DEFERRED else 0.0,
        sender="bounces@news.example",
        conn_use=1,
    )
    return made._replace(**changes)  # type: ignore[arg-type]


def addresses(recipients: Iterable[Recipient]) -> list[str]:
    """Who they are, in their order."""
    return [recipient.address for recipient in recipients]
