"""The options that every command shares, and how settings are loaded from them.

    @settings_options            gives a command `config` (-c) and `overrides` (-o)
    load_settings(...)           the Settings that they mean; warnings go to standard error
Source: postconf(1) for -c and -o; exit status 2 is ours for all that is wrong before anything was sent.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from fastsmtp.conf.settings import Settings
from fastsmtp.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])


class Refused(click.ClickException):
    """What the user gave cannot be used: a line for each fault, exit status 2."""

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)

    def show(self, file: Any = None) -> None:
        for problem in self.problems:
            click.echo(f"fastsmtp: {problem}", err=True, file=file)


def settings_options(command: Command) -> Command:
    """Add -c and -o to a click command."""
    config = click.option(
        "-c",
        "config",
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="A main.cf, or the directory that holds one. Without it MAIL_CONFIG is looked at; without that "
        "the built-in defaults hold: /etc/postfix is not read unless you say so.",
    )
    overrides = click.option(
        "-o",
        "overrides",
        multiple=True,
        metavar="NAME=VALUE",
        help="Set a parameter over main.cf; may be given again. '{ NAME = VALUE }' for values with blanks.",
    )
    return config(overrides(command))


def load_settings(
    config: Path | None,
    overrides: Sequence[str],
    job: Mapping[str, str] | None = None,
    *,
    job_file: str = "",
    check: bool = True,
) -> Settings:
    """The settings in force; `Refused` with every problem if they cannot be used."""
    try:
        settings = Settings.load(config, overrides, job or {}, job_file=job_file, check=check)
    except UsageError as error:
        raise Refused(error.problems) from None
    for warning in settings.warnings:
        click.echo(f"fastsmtp: warning: {warning}", err=True)
    return settings
