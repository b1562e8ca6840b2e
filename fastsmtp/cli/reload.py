"""`fastsmtp reload JOB.toml`: has the send of a job that runs read its settings anew.

The running program decides and answers; this waits for it. Only the job's name is taken from the job file:
its own [settings] stand as they were when the run began.
Source: postfix(1), reload; spec: config, 10.
"""

from pathlib import Path

import click

from fastsmtp.cli.options import warn
from fastsmtp.cli.send_reload import RELOAD, WARNINGS
from fastsmtp.daemon.control import PROBLEMS, NobodyError, ask
from fastsmtp.errors import UsageError
from fastsmtp.job import jobfile
from fastsmtp.worker.run import spool_directory


@click.command("reload", short_help="Have a running send read its settings anew.")
@click.option(
    "--spool",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the state of the job is kept, as for send. Default: .fastsmtp beside the job file.",
)
@click.argument("job", type=click.Path(path_type=Path), metavar="JOB.toml")
def command(job: Path, spool: Path | None) -> None:
    """Have the running `fastsmtp send JOB.toml` read its main.cf anew, as SIGHUP does.

    Sessions and deliveries under way end by the settings that they began with; deliveries that start later
    go by the new ones. Settings that cannot be used change nothing: the problems are printed, and the exit
    status is 2.
    """
    directory = spool_directory(jobfile.load(job), spool)
    try:
        answer = ask(directory, RELOAD)
    except NobodyError as error:
        raise UsageError(f"no send of {job} runs: {error}") from None
    for text in answer.get(WARNINGS, []):
        warn(text)
    if answer.get(PROBLEMS):
        raise UsageError(*answer[PROBLEMS])
