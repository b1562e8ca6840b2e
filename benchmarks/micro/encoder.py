"""What the wire encoder does a second, beside a copy of the same bytes and what CPython has for the task.

    python -m benchmarks.micro.encoder [--rounds 9]

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
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.data import SEED, SMALL, WORDS, text
from fastsmtp.wire.encoder import Encoder, encode, scan

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
    ]


def seconds(work: Callable[[bytes], object], content: bytes, least: float = LEAST_TIME) -> float:
    """Time of one call, over as many as last long enough to be measured."""
    calls = 0
    started_at = time.process_time()
    while (spent := time.process_time() - started_at) < least or not calls:
        work(content)
        calls += 1
    return spent / calls


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    for case in cases():
        copy, best = (min(seconds(work, case.content) for _ in range(rounds)) for work in (copied, case.work))
        speed = len(case.content) / best
        print(
            f"{case.name:30}{speed / 1e6:9,.0f} MB/s  {copy / best:7.3f} of memcpy  "
            f"{len(case.content):10,} bytes  {best * 1e6:12,.2f} us",
            flush=True,
        )


if __name__ == "__main__":
    main()
