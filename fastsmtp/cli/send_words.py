"""What `fastsmtp send` says, to the shell and to people, with one worker and with several.

    exit_status(books)        for the shell, of a job that stands so
    say(options, text)        a line on standard error, unless quiet was asked for
    stopping(sessions)        what the first Ctrl-C is answered
Source: design page, section 2.
"""

import click

from fastsmtp.cli.send_options import SendOptions
from fastsmtp.spool.records import Books

ALL_SENT = 0
SOME_FAILED = 1
SOME_WAIT = 75


def exit_status(books: Books) -> int:
    """What the shell is told of a job that stands so."""
    if books.waiting:
        return SOME_WAIT
    failed = books.bounced + books.expired + books.rejected + books.unknown + books.cancelled
    return SOME_FAILED if failed else ALL_SENT


def say(options: SendOptions, text: str) -> None:
    """A line for people, unless they asked for quiet."""
    if not options.quiet:
        click.echo(f"fastsmtp send: {text}", err=True)


def stopping(sessions: int) -> str:
    return f"stopping; {sessions} deliveries are being finished (once more ends them at once)"
