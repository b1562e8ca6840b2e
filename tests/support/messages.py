"""Generated message content for the wire modules: seeded, so that a failure can be repeated from its number.

    message(seed)       one message; every feature of the content path turns up within a few hundred of them
    mutate(message, random)    the same with a few bytes, lines or blocks changed
What it makes: nested multiparts, digests, embedded messages, labels of every kind (right, wrong, twice,
folded), boundaries missing, wrong, cut and closing too early, header blocks ended by anything, lines around
every length that counts, 8-bit text, stray CR, NUL, no final line end, header-only messages, huge headers.
"""

import random

TEXTS = [
    b"plain text",
    "Grüße aus Köln = schön".encode(),
    "кириллица и ещё немного текста".encode(),
    b"",
    b".",
    b"..dots",
    b"trailing blank ",
    b"tab at the end\t",
    b"From the start",
    b"-- ",
    b"--",
    b"-",
    b"x = y",
    b"nul \0 inside",
    b"\xff\xfe\x80",
    b"http://www.example.com/?a=b&c=d",
]
LENGTHS = [
    71,
    72,
    73,
    74,
    75,
    76,
    77,
    146,
    147,
    988,
    989,
    990,
    991,
    992,
    997,
    998,
    999,
    1978,
    1980,
    2047,
    2048,
]
LENGTHS += [2049, 2500, 4095, 4096, 4097, 5000]
LABELS = [
    b"8bit", b"8BIT", b"binary", b"7bit", b"base64", b"quoted-printable", b"x-unknown", b"(c) 8bit (d)",
    b'"8bit"', b"8bit; x=y", b"8bit.", b"8bit/x", b"", b"\n 8bit", b"; 8bit",
]  # fmt: skip
TYPES = [
    b"text/plain", b"text/html; charset=utf-8", b"application/octet-stream", b"image/png; name=x.png",
    b"TEXT", b"application/x; boundary=b0", b"text/plain; boundary=b1", b"", b";",
    b"(c) text (d) / (e) plain",
]  # fmt: skip
BOUNDARIES = [
    b"b0",
    b"b1",
    b"b0b",
    b"=_b 2",
    b"a/b:c=d",
    b"----=_Part.3",
    b"x=3Dy",
    b"long" * 18,
    b"b(4",
    b'q"5',
]


class Maker:
    """Writes one message, depth first."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[bytes] = []
        self.open: list[bytes] = []

    def odds(self, chance: float) -> bool:
        return self.random.random() < chance

    def text(self) -> bytes:
        if self.odds(0.15):
            filler = self.random.choice([b"a", b"\xc3\xa9", b"ab ", b". ", b"=-", b"a-"])
            size = self.random.choice(LENGTHS) + self.random.randint(-1, 1)
            tail = self.random.choice([b"", b" ", b"--b0", b"\xc3\xa9", b".", b"\t"])
            return (filler * size)[:size] + tail
        if self.odds(0.05):
            return b"a" * 73 + b"--" + self.random.choice(self.open or BOUNDARIES)
        if self.odds(0.04):
            return b"--" + self.random.choice(BOUNDARIES) + self.random.choice([b"", b"--", b" cruft"])
        if self.odds(0.03):
            return self.random.choice([b"a\rb", b"\r", b"\r.", b"a\r\r"])
        return self.random.choice(TEXTS)

    def body(self) -> None:
        self.lines += [self.text() for _ in range(self.random.randint(0, 6))]

    def header(self) -> None:
        name = self.random.choice([b"Subject", b"X-Long", b"To", b"x-y", b"Received", b"X-Blank \t"])
        value = self.text().replace(b"\r", b"")
        self.lines.append(name + b": " + value)
        while self.odds(0.2):
            self.lines.append(self.random.choice([b" ", b"\t", b"   "]) + self.text())
        if self.odds(0.004):
            self.lines += [b"\t" + b"huge " * 100] * 250

    def label(self) -> None:
        value = self.random.choice(LABELS) if self.odds(0.6) else b"8bit"
        name = self.random.choice(
            [b"Content-Transfer-Encoding", b"content-transfer-encoding ", b"CONTENT-Transfer-ENCODING"]
        )
        self.lines += (name + b": " + value).split(b"\n")

    def block(self, kind: bytes | None) -> None:
        """A header block with `kind` for Content-Type, in any order."""
        writers = [self.header] * self.random.randint(0, 3) + [self.label] * (self.random.randint(1, 8) // 3)
        if kind is not None:
            writers.append(lambda: self.lines.extend((b"Content-Type: " + kind).split(b"\n")))
        self.random.shuffle(writers)
        for write in writers:
            write()
        end = self.random.random()
        if end < 0.9:
            self.lines.append(b"")
        elif end < 0.95:
            self.lines.append(
                self.random.choice([b"garbage", b" folded", "é: x".encode(), b": x", b"a b: c", b"\t"])
            )

    def entity(self, depth: int) -> None:
        choice = self.random.random()
        if depth and choice < 0.35:
            self.multipart(depth)
        elif depth and choice < 0.5:
            subtype = self.random.choice(
                [b"rfc822"] * 5 + [b"global", b"delivery-status", b"partial", b"x", b"RFC822"]
            )
            self.block(b"message/" + subtype)
            self.entity(depth - 1)
        else:
            self.block(self.random.choice([*TYPES, None, None, None, b"text/plain"]))
            self.body()

    def multipart(self, depth: int) -> None:
        boundary = self.random.choice(BOUNDARIES)
        written = b'"' + boundary.replace(b'"', b'\\"') + b'"' if self.odds(0.8) else boundary
        parameter = self.random.choice([b"boundary=", b"BOUNDARY = ", b"(c) boundary=", b"\n boundary="])
        if self.odds(0.08):
            parameter = self.random.choice(
                [b"boundary*0=", b"bound=", b"boundary=zz; boundary=", b"charset=x; boundary="]
            )
        subtype = self.random.choice([b"mixed", b"alternative", b"digest", b"related", b"x"])
        self.block(b"multipart/" + subtype + b"; " + parameter + written)
        self.open.append(boundary)
        self.body()
        for _ in range(self.random.randint(0, 3)):
            self.lines.append(b"--" + boundary + (b" cruft" if self.odds(0.05) else b""))
            self.entity(depth - 1)
        if self.odds(0.85):
            self.lines.append(b"--" + boundary + b"--")
            if self.odds(0.4):
                self.body()
        self.open.pop()

    def message(self) -> bytes:
        if self.odds(0.02):
            self.header()
        else:
            self.entity(self.random.randint(0, 4))
        style = self.random.random()
        ends = [b"\r\n"] if style < 0.2 else [b"\n"] if style < 0.9 else [b"\n", b"\r\n"]
        content = b"".join(line + self.random.choice(ends) for line in self.lines)
        return content[:-1] if self.odds(0.1) else content


def message(seed: int) -> bytes:
    """Message number `seed`."""
    return Maker(seed).message()


def mutate(content: bytes, chance: random.Random) -> bytes:
    """`content` with one to four changes of the kind that breaks parsers."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.choice([0, 1, 1, 2, 8, 80]))
        kind = chance.randint(0, 3)
        if kind == 0:
            data[at:end] = chance.choice(
                [b"", b"\n", b"\r", b"\r\n", b"\r\n.\r\n", b"--", b":", b" ", b"\0", b"=", b"\xe9"]
            )
        elif kind == 1:
            data[at:end] = chance.randbytes(end - at)
        elif kind == 2:
            other = chance.randint(0, len(data))
            data[other:other] = data[at:end]
        else:
            data[at:end] = b""
    return bytes(data)
