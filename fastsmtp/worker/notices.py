"""Notices to the postmaster about peers that broke the protocol: a message each, with the transcript of the
session.

    spools(transcripts, settings, warn)    each a job of its own, small enough to be held in memory

They go out by the way of all mail, after the run that had the errors, from double-bounce@$myorigin to
error_notice_recipient. What becomes of them stands in the log alone. Content and credentials are not in
them: a transcript never had them.
Source: Postfix smtp_chat(3), notify_classes, error_notice_recipient; spec: session, 2.
"""

import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from email.utils import formatdate

from fastsmtp.conf.settings import Settings
from fastsmtp.mail.address import Address, parse, quote
from fastsmtp.mail.fields import FieldsFormat
from fastsmtp.session.transcript import Transcript
from fastsmtp.spool.null import NullSpool
from fastsmtp.spool.records import JobRecord

APART = 0.001  # seconds between two of them: their queue ids must differ
WIDTH = 79  # Postfix's, with an indent of two for what is continued


def spools(
    transcripts: Iterable[Transcript], settings: Settings, warn: Callable[[str], None]
) -> Iterator[NullSpool]:
    """Nothing, and a warning, where error_notice_recipient is no address."""
    origin = settings.text("myorigin")
    recipient = settings.text("error_notice_recipient")
    if "@" not in recipient:
        recipient = f"{recipient}@{origin}"
    found = parse(recipient)
    if not isinstance(found, Address):
        warn(f"error_notice_recipient: {recipient}: {found}: notices are not sent")
        return
    sender = f"double-bounce@{origin}"
    row = (1, quote(*found), found.domain, recipient.lower(), "")
    for number, transcript in enumerate(transcripts):
        created_at = time.time() + number * APART
        message = notice(transcript, recipient, sender, origin, created_at)
        yield NullSpool(_record(message, sender, created_at), [([row], [])])


def notice(transcript: Transcript, recipient: str, sender: str, origin: str, now: float) -> bytes:
    """The message."""
    lines = [
        f"From: MAILER-DAEMON@{origin} (Mail Delivery System)",
        f"To: {recipient} (Postmaster)",
        f"Subject: fastsmtp SMTP client: errors from {transcript.name}",
        f"Date: {formatdate(now)}",
        f"Message-ID: <{now:.6f}.{sender}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "Auto-Submitted: auto-generated",
        "",
        f"Unexpected response from {transcript.name}.",
        "",
        "Transcript of session follows.",
        "",
    ]
    for line in transcript.lines:
        shown = "".join(character if character.isprintable() else "?" for character in line)
        lines += textwrap.wrap(shown, WIDTH, initial_indent=" ", subsequent_indent="    ") or [""]
    lines += ["", "For other details, see the local mail logfile", ""]
    return "\r\n".join(lines).encode("utf-8", "replace")


def _record(message: bytes, sender: str, created_at: float) -> JobRecord:
    return JobRecord(
        name="notice",
        created_at=created_at,
        sender=sender,
        template="none",
        duplicates="allow",
        fields_format=FieldsFormat().to_text(),
        columns=(),
        message=message,
        fingerprint="",
    )
