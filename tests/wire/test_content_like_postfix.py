"""The content path against Postfix's own client: the same bytes, but for what docs/content.md lists.

Each message goes into one Postfix, which sends it three times: unbroken to a peer with 8BITMIME (so we see
what is queued, with what cleanup(8) did to it), broken to such a peer, and to a peer without. The second and
third must be what encode() makes of the first. Where Postfix is left on purpose, the plain twin does both:
with all its quirks it must be Postfix, without them it must be us.
"""

import email
import re
import smtplib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fastsmtp.errors import MimeError
from fastsmtp.wire.encoder import encode
from tests.reference import lines, mime
from tests.support import messages, postfix
from tests.support.postfix import Postfix
from tests.support.recorder import Recorder

pytestmark = pytest.mark.peer

GENERATED = 1000
LIMITS = 300  # generated messages for the run with other limits

MAIN = """
local_header_rewrite_clients =
transport_maps = inline:{{ {{queued.test=unbroken:[127.0.0.1]:{queued}}}
    {{broken.test=smtp:[127.0.0.1]:{broken}}} {{seven.test=smtp:[127.0.0.1]:{seven}}} }}
default_destination_recipient_limit = 1
message_size_limit = 0
mailbox_size_limit = 0
"""
MASTER = "unbroken unix - - n - - smtp\n  -o smtp_line_length_limit=0\n"


class Bench:
    """A Postfix, and what its three deliveries of each message were."""

    def __init__(self, stack: ExitStack, extra: str) -> None:
        self.queued, self.broken = (stack.enter_context(Recorder(eightbit=True)) for _ in range(2))
        self.seven = stack.enter_context(Recorder(eightbit=False))
        main = MAIN.format(queued=self.queued.port, broken=self.broken.port, seven=self.seven.port) + extra
        root = Path(stack.enter_context(postfix.scratch()))
        self.postfix = stack.enter_context(Postfix(root, main, MASTER))

    def send(self, corpus: dict[str, bytes]) -> None:
        """Labels everything 8bit in the envelope: so conversion is on for the peer that cannot take it."""
        recipients = ("queued.test", "broken.test", "seven.test")
        with smtplib.SMTP("127.0.0.1", self.postfix.port, local_hostname="tests.example.net") as client:
            client.ehlo()
            for name, content in corpus.items():
                assert client.mail("", ["BODY=8BITMIME"])[0] == 250
                for domain in recipients:
                    assert client.rcpt(f"{name}@{domain}")[0] == 250
                assert client.docmd("DATA")[0] == 354
                client.send(lines.encode(content, 0))
                assert client.getreply()[0] == 250
        for recorder in (self.queued, self.broken, self.seven):
            recorder.wait(len(corpus))
            assert len(recorder.messages) == len(corpus)

    def content(self, name: str) -> bytes:
        """As it was queued, trace header included."""
        sent = self.queued.messages[name]
        assert sent.endswith(b"\r\n.\r\n")
        return b"\r\n".join(line.removeprefix(b".") for line in sent[:-3].split(b"\r\n"))


def python_messages() -> dict[str, bytes]:
    """CPython's own test messages for its e-mail package, where they are installed."""
    data = Path(email.__file__).parent.parent / "test" / "test_email" / "data"
    return {path.stem: path.read_bytes() for path in sorted(data.glob("*.txt"))}


def start(extra: str) -> Iterator[Bench]:
    if reason := postfix.missing():
        pytest.skip(reason)
    with ExitStack() as stack:
        yield Bench(stack, extra)


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from start("smtp_line_length_limit = 990\n")


@pytest.fixture
def narrow_bench() -> Iterator[Bench]:
    """Limits so low that generated messages run into them."""
    yield from start("smtp_line_length_limit = 60\nmime_nesting_limit = 1\nmime_boundary_length_limit = 3\n")


def test_bytes_are_those_of_postfix_but_for_the_listed_differences(bench: Bench) -> None:
    corpus = {f"m{seed}": messages.message(seed) for seed in range(GENERATED)} | python_messages()
    bench.send(corpus)
    differing = 0
    for name in corpus:
        queued = bench.content(name)
        assert bench.broken.messages[name] == encode(queued), name
        seven = bench.seven.messages[name]
        assert seven == mime.downgrade(queued, quirks=mime.QUIRKS), name
        assert encode(queued, downgrade=True) == mime.downgrade(queued), name
        differing += seven != encode(queued, downgrade=True)
    assert differing < len(corpus) / 4  # the quirks are what the generator is after; real mail hardly has one


def test_real_messages_are_converted_as_postfix_does_it(bench: Bench) -> None:
    corpus = python_messages()
    if not corpus:
        pytest.skip("this Python was installed without its tests")
    bench.send(corpus)
    for name in corpus:
        assert bench.seven.messages[name] == encode(bench.content(name), downgrade=True), name


def test_limits_are_those_of_postfix(narrow_bench: Bench) -> None:
    bench = narrow_bench
    corpus = {f"m{seed}": messages.message(seed) for seed in range(5000, 5000 + LIMITS)}
    bench.send(corpus)
    bounce = r"to=<{}@seven\.test>.* dsn=5\.6\.0, status=bounced \(MIME nesting exceeds safety limit\)"
    refused = 0
    for name in corpus:
        queued, seven = bench.content(name), bench.seven.messages[name]
        try:
            expected = mime.downgrade(queued, 60, nesting_limit=1, boundary_limit=3, quirks=mime.QUIRKS)
        except MimeError:
            refused += 1
            assert not seven.endswith(b"\r\n.\r\n"), name
            assert re.search(bounce.format(name), bench.postfix.log())
            with pytest.raises(MimeError):
                encode(queued, downgrade=True, nesting_limit=1, boundary_limit=3)
        else:
            assert seven == expected, name
    assert refused
