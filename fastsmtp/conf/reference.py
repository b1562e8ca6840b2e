"""The reference page of all parameters, docs/parameters.md, made from the table.

    python -m fastsmtp.conf.reference docs/parameters.md     writes it; a test says when that is due
Source: ours, after postconf(5).
"""

import sys
from pathlib import Path

from fastsmtp.conf.parameter import P
from fastsmtp.conf.table import PARAMETERS, SECTIONS

INTRODUCTION = """\
# Parameters

Made from the table in `fastsmtp/conf` by `python -m fastsmtp.conf.reference docs/parameters.md`.

[Settings](settings.md) says how they are written and where they come from. In short: they stand in a file in
the syntax of Postfix's `main.cf`, under Postfix's names: `-c` names the file or
its directory, or the environment's `MAIL_CONFIG` does; without either the defaults below hold. A job's
`[settings]` override the file, `-o NAME=VALUE` overrides both. `$name` in a value stands for the value of
`name`.

A default is that of the Postfix 2.2 manual. Where a newer Postfix has another one, it holds as soon as
`compatibility_level` says at least that version. A time without a letter counts in the unit that its default
is written in. For any transport T, `T_destination_concurrency_limit` and the others of the last section
exist; and for one of `smtp_transports`, `T_...` for every `smtp_...` here, which holds for that transport
in its place (`bulk_bind_address`, `bulk_helo_name`).
"""


def page() -> str:
    """The whole page, Markdown."""
    parts = [INTRODUCTION]
    for title, rows in SECTIONS:
        parts.append(f"\n## {title}\n")
        parts += [section(row) for row in rows if PARAMETERS[row.name] is row]
    return "".join(parts)


def section(row: P) -> str:
    """One parameter: heading, sentence, and a line of facts."""
    facts = [f"Default: {f'`{row.default}`' if row.default else 'empty'}"]
    if row.newer is not None:
        facts.append(f"from Postfix {row.newer[1]} on `{row.newer[0]}`")
    facts.append(row.kind.describe())
    if row.aliases:
        facts.append("also read as " + ", ".join(f"`{name}`" for name in row.aliases))
    if row.successor:
        facts.append(f"newer name: `{row.successor}`")
    if row.accepted:
        facts.append(f"changes nothing: {row.accepted}")
    if row.fixed:
        facts.append("set by the program")
    if not row.reload:
        facts.append("a change needs a restart")
    return f"\n### {row.name}\n\n{row.doc}\n\n{'; '.join(facts)}. *{row.source}*\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page())
