"""Parameters whose change needs a restart, at a reload: the value in force stands, and a warning says so.

    hold(running, found)     `found` with what must stand from `running`, and a warning for each that differs
Source: `reload=False` in the tables; postfix(1), reload.
"""

from fastsmtp.conf.maincf import Entry
from fastsmtp.conf.settings import Settings
from fastsmtp.conf.table import PARAMETERS


def hold(running: Settings, found: Settings) -> tuple[Settings, list[str]]:
    """Both can be used: values that cannot be read were refused before."""
    entries = dict(found.entries)
    warnings = []
    for row in PARAMETERS.values():
        if row.reload:
            continue
        before, after = running.expanded(row.name), found.expanded(row.name)
        if before != after:
            warnings.append(
                f"{found.origin(row.name)}: {row.name} = {after}: a change needs a restart; {before} stands"
            )
            entries[row.name] = Entry(row.name, before.replace("$", "$$"), running.origin(row.name))
    if not warnings:
        return found, warnings
    directory = found.raw("config_directory") or ""
    return Settings(entries, directory, found.warnings), warnings
