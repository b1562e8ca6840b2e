"""The command `fastsmtp`: runs a subcommand, turns what went wrong into a line and an exit status.

    COMMANDS           name -> one line of help; it is `command` in fastsmtp/cli/NAME.py, imported to run
    main(arguments)    runs one: returns the exit status
    run()              the entry point of the process

A subcommand returns its exit status, or None for 0. What it raises becomes:

    wrong usage        one line on stderr, 2              UsageError    a line a problem on stderr, 2
    SpoolError         one line, 2; 75 if mail was sent   Ctrl-C        130
    ReportError        one line, 75                       a full disk   one line, 1 (behind stdout)
    a closed stdout    nothing, 1                         others        a traceback: a bug of ours

Does not know any option of any command.

Source: ours; 75 is EX_TEMPFAIL of sysexits(3), 130 what a shell reports for SIGINT.
"""

import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence

import click

from fastsmtp.errors import FastsmtpError, ReportError, SpoolError, UsageError

DONE = 0
WRONG_USAGE = 2
TEMPORARY_FAILURE = 75
INTERRUPTED = 130
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
COLLECT_AFTER = 20_000  # objects more than before: what is left behind in circles here is little

COMMANDS = {
    "send": "Send a job, in the foreground, to its end.",
    "reload": "Have a running send read its settings anew.",
    "conf": "Show settings, as Postfix's postconf does.",
    "lookup": "Ask a lookup table, as postmap -q does.",
    "sink": "Receive mail for a demo or a test, and throw it away.",
    "wire": "Print the exact bytes that would follow DATA.",
}


class Commands(click.Group):
    """The group: lists commands from the table and imports none but the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"fastsmtp.cli.{cmd_name}").command
        assert isinstance(command, click.Command), cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def print_version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    """The release as installed; a source tree that was never installed has none."""
    if not wanted or context.resilient_parsing:
        return
    from importlib import metadata  # noqa: PLC0415  (it takes twice as long to import as all the rest)

    try:
        click.echo(f"fastsmtp {metadata.version('fastsmtp')}")
    except metadata.PackageNotFoundError:
        click.echo("fastsmtp (source tree, not installed)")
    context.exit()


@click.command(
    cls=Commands,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`fastsmtp COMMAND --help` describes one command, its options and its exit status.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show the release and exit.",
)
def commands() -> None:
    """Send mail in bulk: a job file, a message and a list go in, and every recipient gets a result.

    Settings have the names and the syntax of Postfix's main.cf.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` as in sys.argv[1:]. Returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    open_closed_streams()
    try:
        status = commands.main(words, prog_name="fastsmtp", standalone_mode=False)
        sys.stdout.flush()
    except (click.ClickException, FastsmtpError) as error:
        return complain(error, words)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return 1
    except OSError as error:
        if error.filename is not None or error.errno not in DISK_FULL:
            raise
        drop_output()
        print(f"fastsmtp: standard output: {error.strerror}", file=sys.stderr)
        return 1
    return status if isinstance(status, int) else DONE


def run() -> int:
    """The same, as a process of its own: this is what the command `fastsmtp` calls."""
    gc.set_threshold(COLLECT_AFTER)
    status = main()
    gc.freeze()  # all that is left goes with the process: its end need not search it
    return status


def open_closed_streams() -> None:
    """What the caller closed is /dev/null: else the next file opened would get its number, and its output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, "r" if number == 0 else "w")  # noqa: SIM115 (open to the end)
            setattr(sys, name, stream)


def drop_output() -> None:
    """The rest of the buffer has no reader: without this the interpreter complains at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(error: click.ClickException | FastsmtpError, words: Sequence[str]) -> int:
    """Say on stderr what is wrong, each line under the command's name; returns the exit status."""
    name = f"fastsmtp {words[0]}" if words and words[0] in COMMANDS else "fastsmtp"
    lines: tuple[str, ...]
    match error:
        case click.UsageError():
            status, lines = WRONG_USAGE, (f"{one_line(error)} (see {name} --help)",)
        case click.ClickException():
            status, lines = error.exit_code, (one_line(error),)
        case UsageError():
            status, lines = WRONG_USAGE, error.problems
        case SpoolError():
            status = TEMPORARY_FAILURE if error.after_sending else WRONG_USAGE
            lines = (" ".join(str(error).split()),)
        case ReportError():
            status, lines = TEMPORARY_FAILURE, (str(error),)
        case _:
            raise error
    for line in lines:
        print(f"{name}: {line}", file=sys.stderr)
    return status


def one_line(error: click.ClickException) -> str:
    """Click's words; some of its messages list choices on lines of their own, and end with a full stop."""
    return " ".join(error.format_message().split()).removesuffix(".")
