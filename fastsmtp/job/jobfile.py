"""The job file: what is to be sent to whom, checked whole before anything is sent.

    load(path) -> Job    raises JobError with every fault: `FILE:LINE: key: what was found; what was expected`

Checked here: the TOML, keys, types and values; that message and list can be read; the list's header; that the
message begins with headers; that its template compiles and asks for no field that the list lacks; the same
for the sender. Not checked here: names and values of [settings] (fastsmtp.conf knows them) and the rows (a
bad row is a result).

Source: ours (design page, section 2, "The job file").
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastsmtp.errors import JobError
from fastsmtp.job import rows
from fastsmtp.job.jobkeys import SENDER_EXPECTED, Faults, JobKeys, read_keys
from fastsmtp.job.toml_lines import error_line, key_lines
from fastsmtp.mail.address import parse, quote
from fastsmtp.mail.fields import FieldsFormat
from fastsmtp.render.template import Template
from fastsmtp.render.verp import Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job file that holds no fault."""

    path: Path
    name: str  # fit to be a file's name
    sender: str  # wire form; "" is the null sender; with fields in it, `verp` makes it
    message: Path
    content: bytes  # of `message`: what was checked is what is sent
    recipients: Path
    template: str  # "none" or "jinja"
    duplicates: str  # "skip" or "allow"
    priority: int
    start: datetime | None  # with its offset
    max_age: float | None  # seconds; None: maximal_queue_lifetime
    settings: Mapping[str, str]
    setting_lines: Mapping[str, int]  # where in the job file each of them stands
    verp: Sender | None  # None: all recipients have the same sender
    rendering: Template | None  # None: all recipients get `content`
    fields_format: FieldsFormat  # for rows.read, and for unpacking what it packed


def load(path: Path) -> Job:
    """The job in a job file; paths in it are relative to it."""
    try:
        text = path.read_bytes().decode()
        document = tomllib.loads(text)
    except OSError as error:
        raise JobError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise JobError(f"{path}: not UTF-8 at octet {error.start + 1}; expected TOML, which is") from error
    except tomllib.TOMLDecodeError as error:
        line, reason = error_line(error, text)
        raise JobError(f"{path}:{line}: not TOML: {reason}") from error
    lines = key_lines(text)
    faults = Faults(path, lines)
    keys = read_keys(document, path, faults)
    setting_lines = {name: lines[key] for name in keys.settings if (key := ("settings", name)) in lines}
    job = _build(path, keys, setting_lines, faults)
    faults.raise_any()
    assert job is not None  # else there was a fault
    return job


def _build(path: Path, keys: JobKeys, setting_lines: Mapping[str, int], faults: Faults) -> Job | None:
    """Looks into the files that the keys name; None where that brought a fault."""
    content = _read_message(keys.message, faults) if keys.message else None
    sender, verp = _sender(keys.sender, faults) if keys.sender is not None else (None, None)
    rendering = _compile(content, keys, faults) if content is not None and keys.template == "jinja" else None
    columns = _columns(keys.recipients, faults) if keys.recipients else None
    for key, names in (
        ("sender", verp.fields if verp else frozenset()),
        ("message", rendering.required_fields if rendering else frozenset()),
    ):
        missing = sorted(names.difference(columns)) if columns is not None else []
        for name in missing:
            offered = ", ".join(f"`{column}`" for column in columns or ())
            faults.add(key, f"asks for the field `{name}`; expected one of the list's: {offered}")
    if faults or sender is None or content is None or keys.message is None or keys.recipients is None:
        return None
    needed = (verp.fields if verp else frozenset()) | (rendering.fields if rendering else frozenset())
    return Job(
        path=path,
        name=keys.name,
        sender=sender,
        message=keys.message,
        content=content,
        recipients=keys.recipients,
        template=keys.template,
        duplicates=keys.duplicates,
        priority=keys.priority,
        start=keys.start,
        max_age=keys.max_age,
        settings=keys.settings,
        setting_lines=setting_lines,
        verp=verp,
        rendering=rendering,
        fields_format=rows.fields_format(keys.recipients, needed),
    )


def _read_message(path: Path, faults: Faults) -> bytes | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        faults.add("message", f"{path} cannot be read ({error.strerror}); expected an RFC 5322 message")
        return None
    first_line = content.partition(b"\n")[0]
    name, colon, _ = first_line.partition(b":")
    name = name.rstrip(b" \t")
    if not colon or not name or any(octet <= 32 or octet >= 127 for octet in name):
        faults.add_at(f"{path}:1", "no header; expected an RFC 5322 message, which begins with headers")
        return None
    return content


def _sender(text: str, faults: Faults) -> tuple[str | None, Sender | None]:
    if "{{" in text or "{%" in text:
        try:
            return text, Sender(text)
        except JobError as error:
            faults.add("sender", str(error))
            return None, None
    if not text:
        return "", None
    parsed = parse(text, utf8=True)  # open_spool asks whether it may be
    if isinstance(parsed, str):
        faults.add("sender", f"`{text}`: {parsed}; expected {SENDER_EXPECTED}")
        return None, None
    return quote(*parsed), None


def _compile(content: bytes, keys: JobKeys, faults: Faults) -> Template | None:
    try:
        return Template(content, str(keys.message))
    except JobError as error:
        faults.extend(error)
        return None


def _columns(path: Path, faults: Faults) -> tuple[str, ...] | None:
    try:
        kind = rows.kind_of(path)
    except JobError:
        faults.add(
            "recipients", f"{path.name}; expected a name in .csv, .jsonl or .txt, or in one of them and .gz"
        )
        return None
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        faults.add("recipients", f"{path} cannot be read ({error.strerror}); expected a .{kind} list")
        return None
    try:
        return rows.columns(path)
    except JobError as error:
        faults.extend(error)
        return None
