"""Plain twin of fastsmtp.wire.mime, quoted and tokens: 8bit entities to quoted-printable, block by block.

    downgrade(content)      the bytes after DATA for a peer without 8BITMIME
    encoding(content)       "8bit" or "7bit"
    quote(line)             the output lines of one line of text in quoted-printable
    items(value)            a structured header value as lists of (kind, text)
    QUIRKS                  where Postfix does otherwise; downgrade(..., quirks=QUIRKS) is Postfix to the byte
Source: spec: content, 5.
"""

import re
from dataclasses import dataclass, field

from fastsmtp.errors import MimeError
from tests.reference.lines import normalise, pieces

SEGMENT = 2048
WAITING_LIMIT, WAITING_COST = 1 << 20, 128
TYPE_SPECIALS = b'()<>@,;:\\"/[]?='
LABEL_SPECIALS = b'()<>@,;:\\".[]'
HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:", re.DOTALL)
BLANKS = b" \t\n\v\f\r"

QUIRKS = frozenset(
    {
        "a type that is not known leaves what was there",  # and so an image in a digest is read as a message
        "a label before an 8bit one stays",  # two labels
        "message/* is called 7bit and encoded all the same",
        "a soft break may make a line that looks like a boundary",
    }
)
STICKY_TYPE, KEPT_LABEL, MESSAGE_LABEL, BARE_DASHES = (
    next(quirk for quirk in QUIRKS if word in quirk)
    for word in ("not known", "before an", "message/*", "soft")
)

Items = list[list[tuple[str, bytes]]]


# Structured values


def items(value: bytes, specials: bytes) -> Items:
    """`;`-separated items, each a list of ("word" | "quoted" | "special", text)."""
    found: Items = [[]]
    at = 0
    while at < len(value):
        c = value[at : at + 1]
        if c in BLANKS:
            at += 1
        elif c == b"(":
            at = _behind_comment(value, at)
        elif c == b'"':
            text, at = _quoted(value, at + 1)
            found[-1].append(("quoted", text))
        elif _is_single(c, specials):
            at += 1
            if c == b";":
                found.append([])
            else:
                found[-1].append(("special", c))
        else:
            start = at
            while at < len(value) and value[at : at + 1] not in BLANKS:
                if _is_single(value[at : at + 1], specials):
                    break
                at += 1
            found[-1].append(("word", value[start:at]))
    return found


def _is_single(c: bytes, specials: bytes) -> bool:
    return c < b" " or c == b"\x7f" or c in specials


def _behind_comment(value: bytes, at: int) -> int:
    depth = 0
    while at < len(value):
        c = value[at : at + 1]
        at += 2 if c == b"\\" else 1
        depth += {b"(": 1, b")": -1}.get(c, 0)
        if depth == 0:
            break
    return at


def _quoted(value: bytes, at: int) -> tuple[bytes, int]:
    text = b""
    while at < len(value):
        c = value[at : at + 1]
        at += 1
        if c == b'"':
            break
        if c == b"\n":
            text = text.rstrip(BLANKS)
        elif c == b"\\":
            text += value[at : at + 1]
            at += 1
        else:
            text += c
    return text, at


# Quoted-printable


def quote(line: bytes, *, guard_first: bool = False, guard_next: bool = False) -> list[bytes]:
    """Output lines for `line`. Guarded ones that would start with "--" start with "=2D-"."""
    done: list[bytes] = []
    current = b""
    guarded = guard_first
    for byte in line:
        if len(current) > 72:
            done.append(current + b"=")
            current = b""
            guarded = guard_next
        literal = byte == 9 or (32 <= byte < 127 and byte != 61)
        current += bytes([byte]) if literal else b"=%02X" % byte
        if guarded and current == b"--":
            current = b"=2D-"
    if current.endswith((b" ", b"\t")):
        current = current[:-1] + b"=%02X" % current[-1]
    return [*done, current]


# Messages


@dataclass(eq=False)
class Boundary:
    text: bytes
    part_shape: str


@dataclass
class Entity:
    """What a header block says: `shape` is leaf, multipart, message, global or partial (other message/*)."""

    shape: str = "leaf"
    is_8bit: bool = False
    headers: list[tuple[bool, list[bytes]]] = field(default_factory=list)  # (is a label, lines)


@dataclass
class Converter:
    lines: list[bytes]
    nesting_limit: int
    boundary_limit: int
    header_limit: int
    quirks: frozenset[str] = frozenset()
    at: int = 0
    labels_8bit: bool = False  # a header block had nothing but 8bit or binary for its label
    open: list[Boundary] = field(default_factory=list)
    output: list[bytes] = field(default_factory=list)

    def run(self) -> list[bytes]:
        state, entity = "primary", Entity()
        while True:
            if state == "body":
                part_shape = self.body(entity.is_8bit)
                if part_shape is None:
                    return self.output
                entity = Entity() if part_shape == "closed" else Entity(part_shape)
                state = "body" if part_shape == "closed" else "part"
                continue
            self.block(entity)
            if self.at == len(self.lines):
                return self.output
            if self.lines[self.at] == b"":
                self.at += 1
                self.output.append(b"")
                if entity.shape == "message" or (entity.shape == "global" and not entity.is_8bit):
                    state, entity = "nested", Entity()
                    continue
                entity.is_8bit = entity.is_8bit and entity.shape != "multipart"
            elif state == "primary":
                self.output.append(b"")
            state = "body"

    def block(self, entity: Entity) -> None:
        """Reads and writes a block of headers; stops at the line that ends it."""
        while self.at < len(self.lines):
            match = HEADER.match(self.lines[self.at][:SEGMENT])
            if match is None:
                break
            name = match[1]
            folded = [(match.end() - 1, name, self.lines[self.at])]
            self.at += 1
            while self.at < len(self.lines) and self.lines[self.at][:1] in (b" ", b"\t"):
                if not self.lines[self.at]:
                    break
                folded.append((0, b"", self.lines[self.at]))
                self.at += 1
            self.header(entity, name, self.kept(folded))
        self.write(entity.headers, drop_labels=entity.is_8bit and KEPT_LABEL not in self.quirks)
        if entity.is_8bit:
            holders = {"multipart", "message", "partial" if MESSAGE_LABEL in self.quirks else ""}
            label = b"7bit" if entity.shape in holders else b"quoted-printable"
            self.output.append(b"Content-Transfer-Encoding: " + label)

    def write(self, headers: list[tuple[bool, list[bytes]]], drop_labels: bool) -> None:
        """A label can only be dropped while no more than WAITING_LIMIT waits for the end of the block."""
        waiting: list[tuple[bool, list[bytes]]] = []
        for is_label, header in headers:
            waiting.append((is_label, header))
            size = sum(len(b"\n".join(each)) + WAITING_COST for _, each in waiting)
            if not waiting[0][0] or size > WAITING_LIMIT:
                self.output += [line for _, each in waiting for line in each]
                waiting = []
        for is_label, header in waiting:
            if not (is_label and drop_labels):
                self.output += header

    def kept(self, folded: list[tuple[int, bytes, bytes]]) -> list[bytes]:
        """Lines of a header as the limit lets them in, by whole segments; no blanks at the colon."""
        text = b""
        for number, (start, name, line) in enumerate(folded):
            if number and len(text) >= self.header_limit:
                break
            text += b"\n" * bool(number) + name + line[start:SEGMENT]
            for at in range(SEGMENT, len(line), SEGMENT):
                if len(text) < self.header_limit:
                    text += line[at : at + SEGMENT]
        return text.split(b"\n")

    def header(self, entity: Entity, name: bytes, lines: list[bytes]) -> None:
        value = b"\n".join(lines)[len(name) + 1 :]
        is_label = name.lower() == b"content-transfer-encoding"
        if name.lower() == b"content-type":
            self.content_type(entity, items(value, TYPE_SPECIALS))
        elif is_label:
            self.labels_8bit = self.labels_8bit or value.strip(b" \t\n").lower() in (b"8bit", b"binary")
            first = items(value, LABEL_SPECIALS)[0][:1]
            words = {
                b"8bit": True,
                b"binary": True,
                b"7bit": False,
                b"base64": False,
                b"quoted-printable": False,
            }
            if first and first[0][0] == "word":
                entity.is_8bit = words.get(first[0][1].lower(), entity.is_8bit)
        if not (is_label and entity.is_8bit):
            entity.headers.append((is_label, lines))

    def content_type(self, entity: Entity, found: Items) -> None:
        def word(item: list[tuple[str, bytes]], place: int) -> bytes:
            if place < len(item) and item[place][0] == "word":
                return item[place][1].lower()
            return b""

        kind = found[0]
        known = not kind or word(kind, 0) in (b"text", b"message", b"multipart")
        if known or STICKY_TYPE not in self.quirks:
            entity.shape = "leaf"
        subtype = word(kind, 2) if len(kind) > 2 and kind[1] == ("special", b"/") else b""
        if word(kind, 0) == b"message":
            entity.shape = {b"rfc822": "message", b"global": "global"}.get(subtype, "partial")
        if word(kind, 0) != b"multipart":
            return
        entity.shape = "multipart"
        for item in found[1:]:
            if word(item, 0) == b"boundary" and len(item) > 2 and item[1] == ("special", b"="):
                if len(self.open) == self.nesting_limit + 2:
                    raise MimeError("MIME nesting exceeds safety limit", dsn="5.6.0")
                part_shape = "message" if subtype == b"digest" else "leaf"
                self.open.append(Boundary(item[2][1][: self.boundary_limit], part_shape))

    def body(self, encode: bool) -> str | None:
        """Passes lines up to a boundary: gives the shape of the part there, "closed", or None at the end."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            matches = [b for b in self.open if self.starts_with(line, b)]
            if matches:
                self.output.append(line)
                innermost = matches[-1]
                closes = line[2 + len(innermost.text) :].startswith(b"--")
                del self.open[self.open.index(innermost) + (not closes) :]
                return "closed" if closes else innermost.part_shape
            if encode:
                guard = BARE_DASHES not in self.quirks
                quoted = quote(line, guard_next=guard and bool(self.open))
                if guard and any(self.starts_with(quoted[0], b) for b in self.open):
                    quoted = quote(line, guard_first=True, guard_next=True)
                self.output += quoted
            else:
                self.output.append(line)
        return None

    @staticmethod
    def starts_with(line: bytes, boundary: Boundary) -> bool:
        return len(line) > 2 and line.startswith(b"--" + boundary.text)


def encoding(content: bytes) -> str:
    """The encoding attribute of a message."""
    converter = Converter(normalise(content), len(content), 2048, 102400)
    converter.run()
    return "7bit" if content.isascii() and not converter.labels_8bit else "8bit"


def downgrade(
    content: bytes,
    limit: int = 990,
    *,
    nesting_limit: int = 100,
    boundary_limit: int = 2048,
    header_limit: int = 102400,
    quirks: frozenset[str] = frozenset(),
) -> bytes:
    """What follows DATA, the dot line included."""
    lines = Converter(normalise(content), nesting_limit, boundary_limit, header_limit, quirks).run()
    output = [piece for line in lines for piece in pieces(line, limit)]
    return b"".join(line + b"\r\n" for line in [*output, b"."])
