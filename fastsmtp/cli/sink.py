"""`fastsmtp sink`: runs the test receiver until Ctrl-C or SIGTERM, then says what it took.

Prints `listening on HOST:PORT` once it listens (a script may wait for that line; port 0 takes a free one),
and a summary at the end. Exit status 0 however it was stopped, 2 if it could not listen.

Source: ours; the options follow Postfix's smtp-sink(1).
"""

import asyncio
import importlib
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import uvloop

from fastsmtp.errors import UsageError
from fastsmtp.sink.behaviour import Behaviour, Tally
from fastsmtp.sink.limits import Limits
from fastsmtp.sink.maildir import Maildir
from fastsmtp.sink.receiver import Sink


def host_port(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, int]:
    """HOST:PORT, [IPv6]:PORT, or PORT alone, which is on 127.0.0.1."""
    host, _, port = value.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{value!r} does not end in a port from 0 to 65535")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)


def limits_of(_context: click.Context, _parameter: click.Parameter, value: str) -> Limits:
    try:
        return Limits.parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def user_password(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value and not value.partition(":")[0]:
        raise click.BadParameter("expected a user before the colon")
    return value


def server_context(file: Path | None) -> Any:
    """An SSL context. Most demos do without."""
    certificate = importlib.import_module("fastsmtp.sink.certificate")
    try:
        return certificate.context(file, Behaviour().host)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        raise UsageError(
            f"cannot use {file}: expected a PEM file of a key and its certificate: {error}"
        ) from error


class Number(click.FloatRange):
    name = "number"


PERCENT = Number(0, 100)
COUNT = click.IntRange(min=0)


@click.command("sink", short_help="Receive mail for a demo or a test, and throw it away.")
@click.option(
    "--listen",
    callback=host_port,
    metavar="[HOST:]PORT",
    default="127.0.0.1:2525",
    show_default=True,
    help="Where to listen. Port 0 takes a free one.",
)
@click.option(
    "--delay",
    type=Number(min=0),
    metavar="SECONDS",
    default=0.0,
    help="Answer each group of commands this much later, like a distant server.",
)
@click.option(
    "--defer",
    type=PERCENT,
    metavar="PERCENT",
    default=0.0,
    help="Answer 450 for this share of the addresses.",
)
@click.option(
    "--reject",
    type=PERCENT,
    metavar="PERCENT",
    default=0.0,
    help="Answer 550 for this share of the addresses.",
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep every message in this Maildir, its envelope in the first line (X-Envelope).",
)
@click.option("--no-pipelining", is_flag=True, help="Do not offer PIPELINING.")
@click.option("--no-8bitmime", is_flag=True, help="Do not offer 8BITMIME.")
@click.option("--no-chunking", is_flag=True, help="Do not offer CHUNKING.")
@click.option("--binarymime", is_flag=True, help="Offer BINARYMIME.")
@click.option(
    "--limits",
    callback=limits_of,
    metavar="'NAME=N ...'",
    default="",
    help="Offer LIMITS, and refuse what is over them: MAILMAX, RCPTMAX, RCPTDOMAINMAX.",
)
@click.option("--no-esmtp", is_flag=True, help="Refuse EHLO: HELO alone, no extensions.")
@click.option(
    "--max-messages-per-session",
    type=COUNT,
    metavar="N",
    default=0,
    help="Answer 421 to the MAIL after N messages. 0 is no limit.",
)
@click.option(
    "--close-after",
    type=COUNT,
    metavar="N",
    default=0,
    help="Close after N messages, without a word. 0 is never.",
)
@click.option("--tls", is_flag=True, help="Offer STARTTLS, with a self-signed certificate made at the start.")
@click.option(
    "--tls-cert",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Offer STARTTLS with the key and the certificate chain of this PEM file.",
)
@click.option(
    "--auth",
    callback=user_password,
    metavar="USER:PASSWORD",
    default="",
    help="Take mail after AUTH alone, PLAIN or LOGIN; with --tls it is offered under TLS.",
)
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(
    *,
    listen: tuple[str, int],
    delay: float,
    defer: float,
    reject: float,
    keep: Path | None,
    no_pipelining: bool,
    no_8bitmime: bool,
    no_chunking: bool,
    binarymime: bool,
    limits: Limits,
    no_esmtp: bool,
    max_messages_per_session: int,
    close_after: int,
    tls: bool,
    tls_cert: Path | None,
    auth: str,
    quiet: bool,
) -> int:
    """Receive mail for a demo or a test, and throw it away.

    Which addresses --defer and --reject hit depends on the address alone: the same list gives the same
    answers each time. The summary at the end (Ctrl-C) also names what the sender did against the rules of
    SMTP.
    """
    if defer + reject > 100:
        raise click.UsageError("--defer and --reject together are more than 100 per cent")
    behaviour = Behaviour(
        delay=delay,
        defer=defer,
        reject=reject,
        pipelining=not no_pipelining,
        eightbit=not no_8bitmime,
        chunking=not no_chunking,
        binarymime=binarymime,
        limits=limits,
        esmtp=not no_esmtp,
        messages_per_session=max_messages_per_session,
        close_after=close_after,
        tls=server_context(tls_cert) if tls or tls_cert else None,
        login=auth,
    )
    uvloop.run(serve(behaviour, listen, keep, quiet))
    return 0


async def serve(behaviour: Behaviour, listen: tuple[str, int], keep: Path | None, quiet: bool) -> None:
    """Listen, wait for a signal, sum up."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    host, port = listen
    try:
        sink = Sink(behaviour, Maildir(keep) if keep is not None else None)
        port = await sink.start(host, port)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    started_at = time.monotonic()
    if not quiet:
        print(f"listening on {f'[{host}]' if ':' in host else host}:{port}", flush=True)
    await stopped.wait()
    await sink.stop()
    if not quiet:
        print(summary(sink.tally, time.monotonic() - started_at))


def summary(tally: Tally, seconds: float) -> str:
    """What was taken, in one line; another for each kind of violation."""
    counts = asdict(tally)
    lines = [
        "{connections} connections, {messages} messages, {recipients} recipients, {bytes} bytes".format(
            **counts
        )
        + f" in {seconds:.1f} s; {tally.deferred} recipients deferred, {tally.rejected} rejected,"
        + f" {tally.lost} connections lost"
    ]
    if tally.secured or tally.logins:
        lines.append(f"{tally.secured} sessions under TLS, {tally.logins} logins")
    lines += [f"violation: {what}: {count}" for what, count in sorted(tally.violations.items())]
    return "\n".join(lines)
