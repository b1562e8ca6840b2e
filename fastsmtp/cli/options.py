"""The options that every command with settings shares, and the settings that they mean.

    SETTINGS                     -c (`config`) and -o (`overrides`)
    @settings_options            gives them to a click command; stands above @click.command
    load_settings(...)           the Settings in force; warnings go to standard error, problems are raised
    warn(text), say(text)        a line on standard error, on standard output
Source: postconf(1) for -c and -o.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import click

from fastsmtp.conf.settings import Settings

SETTINGS = (
    click.Option(
        ["-c", "config"],
        type=click.Path(path_type=Path),
        metavar="PATH",
        help="Read settings from this main.cf, or the one in this directory. Default: MAIL_CONFIG in the "
        "environment; without that the built-in defaults hold, and /etc/postfix is not read.",
    ),
    click.Option(
        ["-o", "overrides"],
        multiple=True,
        metavar="NAME=VALUE",
        help="Set one parameter, over main.cf. May be repeated. '{ NAME = VALUE }' for values with blanks.",
    ),
)


def settings_options(command: click.Command) -> click.Command:
    """Give -c and -o to `command`."""
    command.params = [*SETTINGS, *command.params]
    return command


def load_settings(
    config: Path | None,
    overrides: Sequence[str],
    job: Mapping[str, str] | None = None,
    *,
    job_file: str = "",
    job_lines: Mapping[str, int] = MappingProxyType({}),
    check: bool = True,
) -> Settings:
    """The settings in force; SettingError with every problem if they cannot be used."""
    settings = Settings.load(
        config, overrides, job or {}, job_file=job_file, job_lines=job_lines, check=check
    )
    for warning in settings.warnings:
        warn(warning)
    return settings


def warn(text: str) -> None:
    """A line on standard error about something that stops nothing."""
    print(f"fastsmtp: warning: {text}", file=sys.stderr)


def say(text: str) -> None:
    """A line on standard output; bytes that are no UTF-8 leave as they came in."""
    try:
        print(text)
    except UnicodeEncodeError:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape") + b"\n")
        sys.stdout.buffer.flush()
