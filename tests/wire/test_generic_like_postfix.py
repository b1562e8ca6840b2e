"""smtp_generic_maps against Postfix's own client: the same header, byte for byte, and the same envelope.

One Postfix sends each message twice, with the table and without; what came without is what ours starts from.
Left out are the values that docs/content.md lists: there ours is another one on purpose.
"""

import smtplib
from contextlib import ExitStack
from pathlib import Path

import pytest

from fastsmtp.delivery.rewriting import HEADERS, Rewriting
from fastsmtp.lookup.generic import Generic, GenericRules
from fastsmtp.wire.encoder import encode
from tests.support import messages, postfix
from tests.support.postfix import Postfix
from tests.support.recorder import Recorder

pytestmark = pytest.mark.peer

MAIN = """
local_header_rewrite_clients =
message_drop_headers =
append_dot_mydomain = no
myorigin = origin.test
mydestination = local.test
recipient_delimiter = +
smtp_line_length_limit = 0
default_destination_recipient_limit = 1
message_size_limit = 0
transport_maps = inline:{{ {{plain.test=smtp:[127.0.0.1]:{plain}}}
    {{generic.test=generic:[127.0.0.1]:{generic}}} }}
"""
MASTER = "generic unix - - n - - smtp\n  -o {{ smtp_generic_maps = texthash:{table} }}{more}\n"
TABLE = """\
joe@int.test joe.out@pub.example
@swap.test @pub.example
ext@int.test base@out.example
ext+own@int.test own@out.example
at@int.test @pub.example
bare@int.test bare
many@int.test one@out.example, two@out.example
name@int.test Some Name <named@out.example>
quoted@int.test "a b"@out.example
same@int.test same@int.test
localuser local@out.example
"sp ace"@int.test space@out.example
"""
JOE = "joe@int.test"
VALUES = [
    JOE, f"J. Smith <{JOE}>", f"Joe <{JOE}> (c)", f"<{JOE} (c)>", f"(a) {JOE} (b)", f"a@b (x) {JOE} (y)",
    f"friends: {JOE}, b@c;", f"friends: {JOE}, b@c; , x@y", f"friends:; {JOE}", f"{JOE},", f"{JOE},,x@y",
    f"joe x@int.test {JOE}", f"<{JOE}> b@c", f'"Q \\" x" <{JOE}>', "joe @ int . test", f"a|b@c, {JOE}",
    f"[x y] <{JOE}>", f"{JOE}, a@[1.2.3.4]", f'{JOE}, "a b"@c, a..b@c', f"A\n B\n\tC <{JOE}>",
    f"(a\n b) {JOE}", f'"a\n b" <{JOE}>', f"{JOE}\n ", f"\n {JOE}", f"{JOE}, a!b", f"{JOE} <",
    f"{JOE} : b", f"<>, {JOE}", f"{JOE} ;", f"{JOE};{JOE}", "same@int.test  ,  x@y", "many@int.test",
    "name@int.test", "quoted@int.test", "bare@int.test", "u+tag@swap.test", "ext+tag@int.test",
    "ext+own@int.test", "at+tag@int.test", "localuser@local.test", "localuser@origin.test",
    "localuser+x@local.test", "localuser", "localuser@int.test", '"sp ace"@int.test', "sp\\ ace@int.test",
    "JOE@INT.test", f"Müller <{JOE}>", f'"Müller" <{JOE}>, "x\\y" <a@b>', f"{JOE}, a\\,b@c",
    f"x y z <{JOE}>, p.q r <a@b>", f"(c1)(c2) {JOE}, (only) , x@y (e)", f"undisclosed-recipients:;, {JOE}",
    f"a@b@int.test, {JOE}", f"=?utf-8?q?x=2Cy?= <{JOE}>", f"joe.@int.test, .a@b, {JOE}", f"{JOE} /x=y/z",
    f"<a b@c>, {JOE}", "other@int.test   (no hit)", ", ".join(["user0@example.net", JOE] * 9),
    ", ".join([*(f"user{n}@example.net{'x' * (n % 7)}" for n in range(40)), JOE]),
]  # fmt: skip


class Bench:
    def __init__(self, stack: ExitStack, more: str = "") -> None:
        self.plain, self.generic = (stack.enter_context(Recorder(eightbit=True)) for _ in range(2))
        root = Path(stack.enter_context(postfix.scratch()))
        self.table = root / "table"
        self.table.write_text(TABLE)
        main = MAIN.format(plain=self.plain.port, generic=self.generic.port)
        self.postfix = stack.enter_context(Postfix(root, main, MASTER.format(table=self.table, more=more)))

    def send(self, contents: list[bytes]) -> None:
        with smtplib.SMTP("127.0.0.1", self.postfix.port, local_hostname="tests.example.net") as client:
            client.ehlo()
            for number, content in enumerate(contents):
                client.mail("s@x.example", ["BODY=8BITMIME"])
                for domain in ("plain.test", "generic.test"):
                    client.rcpt(f"m{number}@{domain}")
                assert client.docmd("DATA")[0] == 354
                client.send(encode(content, line_length_limit=0))
                assert client.getreply()[0] == 250
        for recorder in (self.plain, self.generic):
            recorder.wait(len(contents))
            assert len(recorder.messages) == len(contents)

    def pair(self, number: int) -> tuple[bytes, bytes]:
        """Without the table, dots undone, and with it."""
        plain = self.plain.messages[f"m{number}"][:-3].split(b"\r\n")
        return b"\r\n".join(line.removeprefix(b".") for line in plain), self.generic.messages[f"m{number}"]

    def ours(self, propagates: bool = False) -> Rewriting:
        rules = GenericRules((f"texthash:{self.table}",), "+", propagates, "origin.test", ("local.test",))
        return Rewriting(Generic(rules, lambda _: None), 102400)


def check(contents: list[bytes], more: str = "", *, propagates: bool = False) -> None:
    if reason := postfix.missing():
        pytest.skip(reason)
    with ExitStack() as stack:
        bench = Bench(stack, more)
        bench.send(contents)
        rewriting = bench.ours(propagates)
        for number, content in enumerate(contents):
            plain, rewritten = bench.pair(number)
            assert encode(rewriting.message(plain), line_length_limit=0) == rewritten, content


def message(header: str) -> bytes:
    return f"{header}\n\njoe@int.test\n".encode()


def test_values_are_rewritten_as_postfix_does_it() -> None:
    check([message(f"To: {value}") for value in VALUES])


def test_the_same_headers_are_rewritten() -> None:
    names = [name.decode().title() for name in sorted(HEADERS)]
    names += ["TO", "to ", "Delivered-To", "X-To", "Message-ID", "Received", "List-Post", "Comments"]
    check([message(f"{name}: {JOE}") for name in names])


def test_extension_is_propagated_as_postfix_does_it() -> None:
    values = [value for value in VALUES if "+" in value]
    check(
        [message(f"Cc: {value}") for value in values],
        "\n  -o propagate_unmatched_extensions=generic",
        propagates=True,
    )


def test_generated_messages_come_out_the_same() -> None:
    check(
        [message(f"From: {JOE}")[: -len("\njoe@int.test\n")] + messages.message(seed) for seed in range(100)]
    )
