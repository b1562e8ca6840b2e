"""`fastsmtp conf`: settings in the form of postconf, `name = value`.

What is printed is main.cf again: read back, it means the same. A run of blanks prints as one, as postconf has
it. Passwords never print: in a parameter that holds them a table with its contents in its name shows its type
alone.
Source: postconf(1); --foreign and --unused are ours.
"""

from collections.abc import Iterable
from pathlib import Path

import click

from fastsmtp.cli.options import load_settings, say, settings_options, warn
from fastsmtp.conf.expand import ExpansionError, references
from fastsmtp.conf.foreign import is_foreign
from fastsmtp.conf.lists import BLANKS, veil
from fastsmtp.conf.names import hint, mentioned
from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import PARAMETERS
from fastsmtp.conf.usage import unread
from fastsmtp.errors import SettingError

FOLD_COLUMN = 80  # postconf(1) -f
INDENT = "    "
_TO_SPACE = str.maketrans(BLANKS, " " * len(BLANKS))


@settings_options
@click.command(
    "conf",
    short_help="Show settings, as Postfix's postconf does.",
    context_settings={"help_option_names": ["--help"]},  # -h is postconf's
)
@click.option("-d", "defaults", is_flag=True, help="The built-in defaults, whatever main.cf says.")
@click.option("-n", "given", is_flag=True, help="Only what is set, in main.cf or by -o.")
@click.option("-x", "expand", is_flag=True, help="Replace $name by what it stands for.")
@click.option("-h", "values_only", is_flag=True, help="Values without the names.")
@click.option("-H", "names_only", is_flag=True, help="Names without the values.")
@click.option("-f", "fold", is_flag=True, help=f"Fold lines at column {FOLD_COLUMN}.")
@click.option("--foreign", is_flag=True, help="Only what is set and is not about sending.")
@click.option("--unused", is_flag=True, help="Only parameters that are checked, but that nothing reads yet.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def command(
    *,
    config: Path | None,
    overrides: tuple[str, ...],
    defaults: bool,
    given: bool,
    expand: bool,
    values_only: bool,
    names_only: bool,
    fold: bool,
    foreign: bool,
    unused: bool,
    names: tuple[str, ...],
) -> None:
    """Show settings as NAME = VALUE: all of them, or those named.

    The form is that of Postfix's postconf, and what -n prints can be used as a main.cf. Values that cannot be
    used are reported after the list, and the exit status is then 2.
    """
    settings = load_settings(config, overrides, check=False)
    problems = settings.problems()
    if defaults:
        level = {"compatibility_level"} & {override.partition("=")[0].strip("{ ") for override in overrides}
        settings = Settings({name: settings.entries[name] for name in level})
    if foreign:
        chosen = [entry.name for entry in settings.foreign() if not _used(settings, entry.name)]
    elif unused:
        chosen = [row.name for row in unread()]
    else:
        chosen = _chosen(settings, given)
    for name in names or chosen:
        if settings.raw(name) is None:
            warn(f"{name}: unknown parameter")
            continue
        try:
            value = shown(settings, name, expand=expand)
        except ExpansionError as error:
            if defaults or not problems:  # else it is among the problems below
                problems.append(f"{settings.origin(name)}: {name} = {settings.raw(name)}: {error}")
            continue
        say(name if names_only else line(name, value, values_only=values_only, fold=fold))
    if not defaults:
        for warning in oddities(settings):
            warn(warning)
    if problems:
        raise SettingError(*problems)


def _chosen(settings: Settings, given: bool) -> list[str]:
    """The names to print when none was asked for, sorted."""
    names = {name for name in settings.entries if settings.find(name) is not None or _used(settings, name)}
    if not given:
        names |= PARAMETERS.keys()
    elif settings.raw("config_directory"):
        names.add("config_directory")
    return sorted(names)


def _used(settings: Settings, name: str) -> bool:
    """Whether some value refers to `name`, which makes it a parameter of the user's own."""
    return name in settings.entries and name in mentioned(settings.entries.values())


def shown(settings: Settings, name: str, *, expand: bool) -> str:
    """The value of `name` as it is printed: blanks made one, passwords hidden. ExpansionError when
    malformed.
    """
    text = settings.expanded(name) if expand else settings.raw(name) or ""
    if name in secrets(settings):
        text = veil(text)
    return " ".join(word for word in text.translate(_TO_SPACE).split(" ") if word)


def secrets(settings: Settings) -> set[str]:
    """The parameters that may hold passwords, and every name that they refer to."""
    found: set[str] = set()
    rows = (*PARAMETERS.values(), *map(settings.find, settings.entries))
    wanted = {row.name for row in rows if row is not None and row.secret}
    while wanted:
        found |= wanted
        wanted = {other for name in wanted for other in references(settings.raw(name) or "")} - found
    return found


def line(name: str, value: str, *, values_only: bool, fold: bool) -> str:
    """`name = value`, or the value alone, maybe folded between words."""
    text = value if values_only else f"{name} = {value}".rstrip(" ")
    if not fold:
        return text
    lines = [""]
    for word in text.split(" "):
        if lines[-1].strip() and len(lines[-1]) + 1 + len(word) > FOLD_COLUMN:
            lines.append(INDENT + word)
        else:
            lines[-1] += f" {word}" if lines[-1].strip() else word
    return "\n".join(lines)


def oddities(settings: Settings) -> Iterable[str]:
    """Names set for nothing, and names referred to that nobody set."""
    used, known = mentioned(settings.entries.values()), settings.names()
    for entry in settings.foreign():
        if entry.name not in used and not is_foreign(entry.name) and not hint(entry.name, known):
            yield f"{entry.origin}: unused parameter: {entry.name}={veil(entry.value)}"
    for name in sorted(used):
        if settings.raw(name) is None and not is_foreign(name):
            yield f"undefined parameter: {name}"
