"""`fastsmtp wire`: prints the exact bytes that would follow DATA for a message file, the final dot included.

    --peer-8bit, --peer-7bit    the peer offers 8BITMIME (default) or not, and 8bit parts are converted
    --explain                   what is changed and why, a line each as FILE:LINE: TEXT, instead of the bytes
Exit status 0; 1 when the message cannot be converted for such a peer; 2 for wrong usage, an unreadable file.
Source: ours; the settings that count are smtp_line_length_limit, disable_mime_output_conversion,
force_mime_output_conversion, mime_nesting_limit, mime_boundary_length_limit, header_size_limit, and for
headers smtp_generic_maps.
"""

import sys
from pathlib import Path
from typing import BinaryIO, TypedDict

import click

from fastsmtp.cli.options import load_settings, settings_options
from fastsmtp.conf.settings import Settings
from fastsmtp.delivery.content_rules import ContentRules
from fastsmtp.errors import ContentError, MimeError, UsageError
from fastsmtp.wire.encoder import Encoder, encode, explain, scan
from fastsmtp.worker.asking import answer_rules, answered
from fastsmtp.worker.client import content_rules
from fastsmtp.worker.rewriter import rewriter

PIECE = 1 << 20  # bytes: what is held of the output at a time
STANDARD_INPUT = "-"


class Limits(TypedDict):
    """Arguments of the encoder."""

    line_length_limit: int
    downgrade: bool
    nesting_limit: int
    boundary_limit: int
    header_limit: int
    repair: bool


@settings_options
@click.command("wire", short_help="Print the exact bytes that would follow DATA.")
@click.option(
    "--peer-8bit/--peer-7bit",
    "peer_8bit",
    default=True,
    help="The peer offers 8BITMIME (default), or it does not.",
)
@click.option("--explain", "explaining", is_flag=True, help="Say what is changed, line by line, instead.")
@click.argument("file", type=click.Path(path_type=Path))
def command(
    *, peer_8bit: bool, explaining: bool, config: Path | None, overrides: tuple[str, ...], file: Path
) -> int:
    """Print the exact bytes that would follow DATA for the message in FILE (- is standard input).

    Lines end in CRLF, long ones are broken, leading dots are doubled; for a peer without 8BITMIME, parts
    labelled 8bit or binary become quoted-printable.
    """
    settings = load_settings(config, overrides)
    rules = content_rules(settings)
    original = read(file)
    try:
        message = rewritten(original, settings)
    except ContentError as error:
        print(f"fastsmtp wire: {file}: {error.dsn} {error}", file=sys.stderr)
        return 1
    is_8bit = scan(message).encoding == "8bit"
    limits = Limits(
        line_length_limit=rules.line_length_limit,
        downgrade=is_8bit and rules.converts and not peer_8bit,
        nesting_limit=rules.nesting_limit,
        boundary_limit=rules.boundary_limit,
        header_limit=rules.header_limit,
        repair=rules.repairs,
    )
    try:
        if explaining:
            print(f"{file}: {verdict(is_8bit, rules, peer_8bit)}")
            if message != original:
                print(f"{file}: headers rewritten (smtp_generic_maps); lines are counted after it")
            for note in explain(message, **limits):
                print(f"{file}:{note.line}: {note.text}")
            if limits["downgrade"] and not encode(message, **limits).isascii():
                print(f"{file}: what is not labelled 8bit or binary keeps its bytes above 127")
        else:
            write(sys.stdout.buffer, message, Encoder(**limits))
    except MimeError as error:
        print(f"fastsmtp wire: {file}: {error.dsn} {error}", file=sys.stderr)
        return 1
    return 0


def verdict(is_8bit: bool, rules: ContentRules, peer_8bit: bool) -> str:
    """Whether there is a conversion, and why."""
    if not is_8bit:
        return "a 7bit message: no byte above 127, no label that says 8bit or binary"
    if peer_8bit:
        return "an 8bit message for a peer with 8BITMIME: not converted"
    if not rules.converts:
        return "an 8bit message for a peer without 8BITMIME: disable_mime_output_conversion keeps it as it is"
    if rules.repairs:
        return "an 8bit message for a peer without 8BITMIME: whatever is above 127 is converted"
    return "an 8bit message for a peer without 8BITMIME: what is labelled 8bit or binary is converted"


def rewritten(message: bytes, settings: Settings) -> bytes:
    """With smtp_generic_maps applied to its headers."""
    found = rewriter(settings, lambda text: print(f"fastsmtp wire: {text}", file=sys.stderr))
    if found is None:
        return message
    return answered(answer_rules(settings), lambda: found.message(message))


def read(file: Path) -> bytes:
    """The message as it is."""
    if str(file) == STANDARD_INPUT:
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


def write(output: BinaryIO, message: bytes, encoder: Encoder) -> None:
    """Piece by piece, as a session would send it."""
    view = memoryview(message)
    for at in range(0, len(view), PIECE):
        output.write(encoder.feed(view[at : at + PIECE]))
    output.write(encoder.finish())
    output.flush()
