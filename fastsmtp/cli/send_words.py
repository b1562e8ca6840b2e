"""What `fastsmtp send` says, to the shell and to people, with one worker and with several.

    exit_status(books)        for the shell, of a job that stands so
    say(options, text)        a line on standard error, unless quiet was asked for
    display(options, settings)    the progress, whose say() is for lines while it is shown
    stopping(sessions)        what the first Ctrl-C is answered
Source: design page, section 2.
"""

import sys

import click

from fastsmtp.cli.progress import Progress
from fastsmtp.cli.send_options import SendOptions
from fastsmtp.conf.settings import Settings
from fastsmtp.report.log import STDERR
from fastsmtp.spool.records import Books

COMMAND = "fastsmtp send"
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
        click.echo(f"{COMMAND}: {text}", err=True)


def display(options: SendOptions, settings: Settings) -> Progress:
    """Nothing live on a terminal that gets the log too."""
    logs_here = (options.log or settings.text("maillog_file")) == STDERR
    return Progress(0, sys.stderr, options.quiet, plain=logs_here)


def stopping(sessions: int) -> str:
    """After the first Ctrl-C."""
    if not sessions:
        return f"{COMMAND}: stopping"
    return f"{COMMAND}: stopping; deliveries still under way: {sessions} (once more ends them at once)"
