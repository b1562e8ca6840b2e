"""A job to send in a test, and by other means what must arrive of it.

    job = Job.write(directory, count)      job.toml, message.eml, list.csv
    job.path, job.expected                 what to send; {recipient: message with CR LF} as it must arrive
    job.arguments(port), job.results()     what follows `fastsmtp send`; the rows of its results file

The text has what goes wrong easily: lines that begin with dots, UTF-8 in the body, fields outside ASCII, a
last line that is only a dot. It fits into 8BITMIME, so that no peer of these tests makes the sender convert
it.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

SENDER = "bounces@news.example.org"
NAMES = ("Ada", "Björk", "Łukasz", "Ναυσικά", "Zoë O'Neill")
DOMAINS = 100

TEXT = """\
From: News <news@example.org>
To: {{ email }}
Subject: Letter {{ number }}
Message-ID: <{{ number }}@example.org>
Date: Tue, 01 Dec 2026 09:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Dear {{ name }},
.
.. two dots, then ten thousand crêpes
.{{ number }}

Yours
.
"""


@dataclass(frozen=True)
class Job:
    path: Path
    expected: dict[str, bytes]

    @classmethod
    def write(cls, directory: Path, count: int, text: str = TEXT) -> "Job":
        expected: dict[str, bytes] = {}
        with (directory / "list.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("email", "name", "number"))
            for number in range(count):
                fields = {
                    "email": f"reader{number}@list{number % DOMAINS}.example.com",
                    "name": NAMES[number % len(NAMES)],
                    "number": str(number),
                }
                table.writerow(fields.values())
                expected[fields["email"]] = filled_in(text, fields).encode()
        (directory / "message.eml").write_text(text, encoding="utf-8")
        path = directory / "job.toml"
        path.write_text(
            f'sender = "{SENDER}"\nmessage = "message.eml"\nrecipients = "list.csv"\ntemplate = "jinja"\n'
        )
        return cls(path, expected)

    @property
    def results_path(self) -> Path:
        return self.path.with_name("results.csv")

    def arguments(self, port: int, *settings: str) -> list[str | Path]:
        """What follows `fastsmtp send`."""
        options: list[str | Path] = [self.path, "--results", self.results_path, "--quiet"]
        for setting in (f"relayhost=[127.0.0.1]:{port}", "smtp_tls_security_level=", *settings):
            options += ["-o", setting]
        return options

    def results(self) -> list[dict[str, str]]:
        with self.results_path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def filled_in(text: str, fields: dict[str, str]) -> str:
    """The plain twin of the template engine, for texts that hold nothing but {{ names }}."""
    for name, value in fields.items():
        text = text.replace("{{ " + name + " }}", value)
    return text.replace("\n", "\r\n")
