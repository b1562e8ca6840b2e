"""A bulk sender as one writes it with aiosmtplib: N connections, each takes the next message of the list.

    python -m benchmarks.aiosmtplib_sender DIRECTORY PORT CONNECTIONS

Kept as light as the library allows: fields are filled in by str.replace, nothing is recorded, the loop is
uvloop.
"""

import asyncio
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import aiosmtplib
import uvloop

from benchmarks.data import SENDER
from tests.support.process import LOOPBACK

Work = Iterator[tuple[str, bytes]]


def messages(directory: Path) -> Work:
    template = (directory / "message.eml").read_text(encoding="utf-8").replace("\n", "\r\n")
    with (directory / "list.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            text = template.replace("{{ email }}", row["email"]).replace("{{ code }}", row["code"])
            yield row["email"], text.encode()


async def send_all(work: Work, port: int) -> None:
    client = aiosmtplib.SMTP(hostname=LOOPBACK, port=port, local_hostname="mx.example.net", start_tls=False)
    async with client:
        for recipient, message in work:
            await client.sendmail(SENDER, [recipient], message)


async def main(directory: Path, port: int, connections: int) -> None:
    work = messages(directory)
    await asyncio.gather(*(send_all(work, port) for _ in range(connections)))


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
