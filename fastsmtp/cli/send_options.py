"""`fastsmtp send`: its options, checked and put together; sending itself is the worker's.

    declare(send) -> click.Command      `send(options)` runs the job and returns the exit status
    resume_command(options) -> str      the command that takes the job up again, for the summary

Source: ours (design page, section 2).
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from fastsmtp.cli.options import SETTINGS
from fastsmtp.outcome.outcome import BOUNCED, CANCELLED, DEFERRED, EXPIRED, UNKNOWN

RESENDABLE = (BOUNCED, CANCELLED, DEFERRED, EXPIRED, UNKNOWN)
RESULT_SUFFIXES = (".csv", ".jsonl")


@dataclass(frozen=True, slots=True)
class SendOptions:
    """A run of a job, as the command line asks for it."""

    job: Path
    spool: Path | None = None  # None: .fastsmtp/ beside the job file
    results: Path | None = None
    once: bool = False
    workers: int = 1
    quiet: bool = False
    log: str | None = None  # as fastsmtp.report.log.Log.open takes it
    only: frozenset[str] = frozenset()  # statuses of the ended run; empty: not a run of its rows
    config: Path | None = None
    overrides: tuple[str, ...] = ()


def resume_command(options: SendOptions) -> str:
    """The same command without --once: who continues wants the rest done."""
    words = ["fastsmtp", "send", str(options.job)]
    if options.spool is not None:
        words += ["--spool", str(options.spool)]
    if options.results is not None:
        words += ["--results", str(options.results)]
    if options.workers != 1:
        words += ["--workers", str(options.workers)]
    if options.quiet:
        words.append("--quiet")
    if options.log is not None:
        words += ["--log", options.log]
    if options.only:
        words += ["--only", ",".join(sorted(options.only))]
    if options.config is not None:
        words += ["-c", str(options.config)]
    for override in options.overrides:
        words += ["-o", override]
    return shlex.join(words)


def statuses(_context: click.Context, _parameter: click.Parameter, value: str | None) -> frozenset[str]:
    """`deferred,bounced` as a set."""
    if value is None:
        return frozenset()
    words = [word.strip() for word in value.split(",")]
    for word in words:
        if word not in RESENDABLE:
            raise click.BadParameter(f"{word!r} is none of {', '.join(RESENDABLE)}")
    return frozenset(words)


def results_file(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and value.suffix not in RESULT_SUFFIXES:
        raise click.BadParameter(f"'{value}' ends neither in .csv nor in .jsonl")
    return value


HELP = """Send a job, in the foreground, to its end.

Run the same command again after an interruption, a crash or --once, and the job goes on where it stood.
Recipients that are done are never sent to again. Ctrl-C lets the transactions in flight finish.

\b
Exit status:
   0  all were sent
   1  finished, but some bounced, expired, were rejected or are unknown
   2  the command line, a setting or the job file is wrong; nothing was sent
  75  some recipients wait for a retry, or the results could not be written:
      run the same command again
"""

# Each is named after its field of SendOptions.
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(["job"], type=click.Path(path_type=Path), metavar="JOB.toml"),
    click.Option(
        ["--spool"],
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Where the state of the job is kept. Default: .fastsmtp beside the job file.",
    ),
    click.Option(
        ["--results"],
        type=click.Path(dir_okay=False, path_type=Path),
        callback=results_file,
        metavar="FILE",
        help="Write a row for each recipient to this .csv or .jsonl file.",
    ),
    click.Option(
        ["--once"], is_flag=True, help="Try each recipient once, then stop: the deferred ones wait."
    ),
    click.Option(
        ["--only"],
        callback=statuses,
        metavar="STATUSES",
        help="Send anew, as a run of its own, to the recipients that ended so in the last run, e.g. "
        "deferred,unknown.",
    ),
    click.Option(
        ["--workers"],
        type=click.IntRange(min=1),
        metavar="N",
        default=1,
        help="Send with N processes, which divide the list and the limits. What a job begins with stands. "
        "Default: 1.",
    ),
    click.Option(["--quiet"], is_flag=True, help="Show no progress and no summary. Errors are still told."),
    click.Option(
        ["--log"],
        metavar="FILE",
        help="Log each delivery in Postfix's format. `-` is stderr, `syslog` the system's log. Default: "
        "maillog_file, or the system's log.",
    ),
    *SETTINGS,
)


def declare(send: Callable[[SendOptions], int]) -> click.Command:
    """The command, with `send` to do the work."""
    return click.Command(
        "send",
        params=list(PARAMETERS),
        callback=lambda **words: send(SendOptions(**words)),
        help=HELP,
        short_help="Send a job, in the foreground, to its end.",
    )
