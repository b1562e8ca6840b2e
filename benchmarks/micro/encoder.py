"""What the wire encoder does a second, beside a copy of the same bytes and what CPython has for the task.

    python -m benchmarks.micro.encoder [--rounds 9] [--results]      with --results the page gets a section

Each row: input bytes over the best CPU time of its rounds, and its share of the speed of `memcpy` (bytes to
bytes) of the same input in the same round: on a busy machine that share is the figure to compare.
Promised: 7bit text 1 GB/s, 8bit to quoted-printable 400 MB/s, a newsletter of 30 KiB with two text parts and
a picture 300 MB/s.
Source: ours; seeded texts.
"""

import argparse
import binascii
import email
import email.policy
import quopri
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks import machine, results
from benchmarks.data import SEED, SMALL, WORDS, text
from fastsmtp.delivery.rendering import RowRenderer
from fastsmtp.mail.fields import FieldsFormat
from fastsmtp.mail.recipient import Recipient
from fastsmtp.render.template import Template
from fastsmtp.wire.encoder import Encoder, encode, scan

RESULTS = Path(__file__).parent.parent / "RESULTS.md"
INTRODUCTION = (
    "Message content to wire bytes, on one core: best CPU time of the rounds, beside a plain copy of the\n"
    "same input and what CPython has for the task (quopri, binascii, email). `make micro` writes this.\n"
    "Promised are 1 GB/s for 7bit text, 400 MB/s for 8bit to quoted-printable, 300 MB/s for the\n"
    "newsletter, 25 us for the template. On a busy machine read the shares.\n"
)
BIG = 8 << 20  # bytes of the long texts: more than the caches of one core hold
NEWSLETTER = 30 << 10
LEAST_TIME = 0.02  # seconds that one measurement lasts at least
GERMAN = "Grüße über Äcker, süße Öfen für fünf schöne Mädchen; größer, weiß: später".split()  # noqa: SIM905
RUSSIAN = "письмо новость сегодня большой привет каждый город вечером хорошо читать".split()  # noqa: SIM905
LABEL = b"Content-Transfer-Encoding: 8bit\n\n"


class Case(NamedTuple):
    name: str
    content: bytes
    work: Callable[[bytes], object]


def prose(size: int, words: list[str], ending: bytes = b"\n") -> bytes:
    """Lines of 60 to 75 characters."""
    chance = random.Random(SEED)
    lines: list[bytes] = []
    length = 0
    while length < size:
        line = chance.choice(words)
        while len(line) < 62:
            line += " " + chance.choice(words)
        lines.append(line.encode() + ending)
        length += len(lines[-1])
    return b"".join(lines)


def newsletter() -> bytes:
    """multipart/related of alternative texts, labelled 8bit, and a base64 picture."""
    html = [
        f'<td style="padding:{n}px"><a href="https://news.example.com/{n}">{line}</a></td>\n'
        for n, line in enumerate(prose(6000, WORDS + GERMAN).decode().splitlines())
    ]
    picture = base64_lines(random.Random(SEED).randbytes(9000))
    part = b"--%b\nContent-Type: %b\nContent-Transfer-Encoding: %b\n\n%b\n"
    return b"".join(
        (
            b"From: News <news@example.com>\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMIME-Version: 1.0\n",
            b'Content-Type: multipart/related; boundary="=_outer"\n\n',
            b'--=_outer\nContent-Type: multipart/alternative; boundary="=_inner"\n\n',
            part % (b"=_inner", b"text/plain; charset=utf-8", b"8bit", prose(5000, WORDS + GERMAN)),
            part % (b"=_inner", b"text/html; charset=utf-8", b"8bit", "".join(html).encode()),
            b"--=_inner--\n",
            part % (b"=_outer", b"image/png", b"base64", picture),
            b"--=_outer--\n",
        )
    )


def base64_lines(data: bytes) -> bytes:
    return b"".join(binascii.b2a_base64(data[at : at + 57]) for at in range(0, len(data), 57))


def downgraded(content: bytes) -> bytes:
    return encode(content, downgrade=True)


def streamed(content: bytes, downgrade: bool = False) -> None:
    encoder = Encoder(downgrade=downgrade)
    view = memoryview(content)
    for at in range(0, len(view), 1 << 16):
        encoder.feed(view[at : at + (1 << 16)])
    encoder.finish()


def stream_downgraded(content: bytes) -> None:
    streamed(content, downgrade=True)


def copied(content: bytes) -> bytes:
    return bytes(memoryview(content))


def mailed(content: bytes) -> bytes:
    """CPython's way to wire form: parse, then write with CR LF."""
    return email.message_from_bytes(content, policy=email.policy.SMTP).as_bytes()


def cases() -> list[Case]:
    plain = prose(BIG, WORDS)
    german, russian = prose(BIG, WORDS + GERMAN), prose(BIG, RUSSIAN)
    letter, small = newsletter(), text(SMALL).encode()
    return [
        Case("7bit, LF", plain, encode),
        Case("7bit, CR LF", prose(BIG, WORDS, b"\r\n"), encode),
        Case("7bit, base64 lines", base64_lines(bytes(BIG * 3 // 4)), encode),
        Case("7bit, streamed by 64 KiB", plain, streamed),
        Case("7bit, 4 KiB message", small, Encoder().encode),
        Case("8bit -> QP, 4 KiB, German", LABEL + german[:4000], Encoder(downgrade=True).encode),
        Case("7bit, 4 KiB message: scan", small, scan),
        Case("8bit -> QP, German", LABEL + german, downgraded),
        Case("8bit -> QP, Russian", LABEL + russian, downgraded),
        Case("8bit -> QP, German, streamed", LABEL + german, stream_downgraded),
        Case("8bit -> QP, Russian, streamed", LABEL + russian, stream_downgraded),
        Case("  quopri, German", german, quopri.encodestring),
        Case("  binascii, German", german, binascii.b2a_qp),
        Case("  binascii, Russian", russian, binascii.b2a_qp),
        Case("newsletter, 8bit -> QP", letter, downgraded),
        Case("newsletter, scan", letter.replace("ü".encode(), b"u"), scan),
        Case("newsletter, as it is", letter, encode),
        Case("  email package", letter, mailed),
        Case("template of 4 KiB: rendered, 8bit -> QP", bytes(4096), rendered()),
        Case("form of 4 KiB, filled in", bytes(4096), filled()),
    ]


def seconds(work: Callable[[bytes], object], content: bytes, least: float = LEAST_TIME) -> float:
    """Time of one call, over as many as last long enough to be measured."""
    calls = 0
    started_at = time.process_time()
    while (spent := time.process_time() - started_at) < least or not calls:
        work(content)
        calls += 1
    return spent / calls


def rendered() -> Callable[[bytes], object]:
    """A template of 4 KiB with German text, rendered for a row and converted for a 7bit peer."""
    head = "To: {{ email }}\nSubject: Für {{ name }}\nMIME-Version: 1.0\n"
    kind = "Content-Type: text/plain; charset=utf-8\n" + LABEL.decode()
    body = prose(3900, WORDS + GERMAN).decode() + "{{ name }}\n"
    template = Template((head + kind + body).encode())
    encoder = Encoder(downgrade=True)
    return lambda _: encoder.encode(template.render({"email": "reader@list.example.com", "name": "Chloé"}))


def filled() -> Callable[[bytes], object]:
    """The comparison's message for a row whose values are harmless: encoded before, only copied now."""
    template = Template(text(SMALL).encode())
    renderer = RowRenderer(FieldsFormat("columns", ("code",)), template, None)
    recipient = Recipient(
        1, "reader1@list01.example.com", "list01.example.com", 1, "0123456789abcdef", 0, 0.0
    )
    return lambda _: renderer.message(recipient)


def rows(rounds: int) -> Iterator[list[str]]:
    """Name, MB/s, share of memcpy's speed, bytes, microseconds."""
    for case in cases():
        copy, best = (min(seconds(work, case.content) for _ in range(rounds)) for work in (copied, case.work))
        size = len(case.content)
        yield [
            case.name.strip(),
            f"{size / best / 1e6:,.0f}",
            f"{copy / best:.3f}",
            f"{size:,}",
            f"{best * 1e6:,.2f}",
        ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--results", action="store_true", help="write the table into RESULTS.md")
    options = parser.parse_args()
    table = [["", "MB/s", "of memcpy", "bytes", "us a call"], ["---"] * 5]
    for row in rows(options.rounds):
        table.append(row)
        name, speed, share, size, time_each = row
        print(
            f"{name:36}{speed:>9} MB/s  {share:>7} of memcpy  {size:>10} bytes  {time_each:>12} us",
            flush=True,
        )
    if options.results:
        lines = [f"| {' | '.join(row)} |" for row in table]
        results.write_section(
            RESULTS,
            results.MICRO,
            [INTRODUCTION, "", *(f"- {line}" for line in machine.describe()[::2]), "", *lines],
        )


if __name__ == "__main__":
    main()
