"""What is sent, the same for every contender and every run: seeded lists, messages and the job around them.

    write_job(directory, case, settings)     message.eml, list.csv and job.toml; returns the job file's path
    write_list(path, count)                  a list alone
    rows(count), text(case)                  the same for a contender that is not fed by files

A message is `case.size` bytes long (a few more or less with the length of the fields), 7bit text with lines
of ordinary length, and distinct: subject, greeting and link come from the row.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SEED = 20261201
DOMAINS = 100
LINE_LENGTH = 72
SENDER = "bounces@news.example.com"

WORDS = """
    about autumn before bright carry change clear common detail early evening every farther figure garden
    gentle glass green harbour honest island journey kettle kind large letter light little market meadow
    morning music narrow often open orchard paper patient plain quiet rather reason river round season
    second silver simple slow small steady stone story street summer table teacher thought travel under
    valley velvet village voice water weather window winter wonder yellow
""".split()  # noqa: SIM905 (a list of ninety lines otherwise)
NAMES = ("Ada", "Björk", "Chloé", "Dmitri", "Émile", "Fatima", "Håkon", "Inés", "João", "Łukasz", "Māra")


class Case(NamedTuple):
    """One workload."""

    name: str
    messages: int
    size: int  # of a message, bytes


SMALL = Case("4 KiB", 20_000, 4096)
LARGE = Case("100 KB", 2_000, 100_000)


class Row(NamedTuple):
    email: str
    name: str
    code: str


def rows(count: int) -> Iterator[Row]:
    chance = random.Random(SEED)
    for number in range(count):
        domain = f"list{chance.randrange(DOMAINS):02d}.example.com"
        yield Row(f"reader{number}@{domain}", chance.choice(NAMES), f"{chance.getrandbits(64):016x}")


HEAD = """\
From: News <news@example.com>
To: {{ email }}
Subject: Your letter {{ code }}
Message-ID: <{{ code }}@news.example.com>
Date: Tue, 01 Dec 2026 09:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
List-Unsubscribe: <https://news.example.com/leave/{{ code }}>

Good morning,
your link: https://news.example.com/read/{{ code }}

"""


def text(case: Case) -> str:
    """The template of the message. Names stay out of it: a message is 7bit text."""
    chance = random.Random(SEED)
    lines = [HEAD]
    size = len(HEAD) + 40  # what the fields add
    while size < case.size:
        line = chance.choice(WORDS).capitalize()
        while len(line) < LINE_LENGTH - 10:
            line += " " + chance.choice(WORDS)
        line = line[: max(1, case.size - size - 1)] + "\n"
        lines.append(line)
        size += len(line)
    return "".join(lines)


def write_list(path: Path, count: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,code\n")
        file.writelines(f"{row.email},{row.name},{row.code}\n" for row in rows(count))


def write_job(directory: Path, case: Case, template: str = "jinja") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "message.eml").write_text(text(case), encoding="utf-8")
    write_list(directory / "list.csv", case.messages)
    job = directory / "job.toml"
    job.write_text(
        f'sender = "{SENDER}"\nmessage = "message.eml"\nrecipients = "list.csv"\ntemplate = "{template}"\n'
    )
    return job
