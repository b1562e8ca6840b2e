"""The value of a header that holds addresses, taken apart so that addresses in it can be replaced.

    parse(value)            AddressList, or None: what is no list of addresses is left alone
    .addresses              without quotes and backslashes, in the order of the value
    .with_whole_names()     the same, each display name in one piece
    .write(name, replaced)  the header anew, its lines joined by LF; `replaced`: address -> what is written

Display names, comments and groups are kept as they are. What is written is regular: one space after a comma,
a comma where one was missing, comments behind their address. Lines are as long as FOLD_LIMIT allows, an
address never broken; each next line begins with a TAB.
Does not know which headers hold addresses, nor what an address is worth.
Source: RFC 5322 3.2 and 3.4; Postfix smtp_generic_maps (spec: content, 6): the same bytes, but for the
differences in docs/content.md.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from fastsmtp.mail.address import quote

FOLD_LIMIT = 70  # a line that address joins stays shorter than this, its TAB not counted

# A source route (`<@a,@b:c@d>`) is a comment, too: kept, and no address.
ATOM, QUOTED, LITERAL, COMMENT, ADDRESS, GROUP = "atom", "quoted", "literal", "comment", "address", "group"
WORDS = frozenset({ATOM, QUOTED, LITERAL})
SPACED = WORDS | {COMMENT, ADDRESS}  # two of these in a row are set apart by a space

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)
    |"(?P<quoted>(?:\\.|[^"\\])*)"
    |\[(?P<literal>(?:\\.|[^\]\\])*)\]
    |(?P<operator>[|.:;<>@,])
    |(?P<atom>(?:\\.|[^\\ \t\r\n|"(),.:;<>@\[\]])+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LINE_BREAK = re.compile(r"[\t\r\n]")
_IN_COMMENT = re.compile(r"\\.|[()]", re.DOTALL)
_NEEDS_BACKSLASH = {QUOTED: re.compile(r'(["\\])'), LITERAL: re.compile(r"([\]\\])")}
_NO_ATOM = re.compile(r'[\x00-\x20\x7f|"(),.:;<>@\[\]]')


class Piece(NamedTuple):
    """A token, or a whole address; an operator is its own kind."""

    kind: str
    text: str  # without quotes, brackets and backslashes; a comment is as it was written


class AddressList:
    """A header's value."""

    def __init__(self, pieces: list[Piece]) -> None:
        self._pieces = pieces

    @property
    def addresses(self) -> list[str]:
        return [text for kind, text in self._pieces if kind == ADDRESS]

    def write(
        self, name: str, replaced: Mapping[str, str], spell: Callable[[str, str], str] | None = None
    ) -> str:
        """The header. `spell` writes what is no address, word by word: it gets kind and text."""
        spell = spell or written
        lines = [f"{name}: "]
        for index, piece in enumerate(self._pieces):
            if piece.kind == ",":
                lines[-1] += ","
                lines.append("")
                continue
            if piece.kind == ADDRESS:
                lines[-1] += replaced.get(piece.text) or quoted(piece.text)
            else:
                lines[-1] += spell(*piece)
            if index + 1 < len(self._pieces) and _apart(piece.kind, self._pieces[index + 1].kind):
                lines[-1] += " "
        return "\n\t".join(_folded(lines))

    def with_whole_names(self) -> "AddressList":
        """A display name outside ASCII is one piece: encoded words in a row lose the blanks between."""
        pieces: list[Piece] = []
        name: list[Piece] = []
        for piece in self._pieces:
            if piece.kind in WORDS or piece.kind == ".":
                name.append(piece)
                continue
            if piece.kind in ("<", GROUP) and not all(text.isascii() for _, text in name):
                name = [Piece(QUOTED, " ".join(text for _, text in name).replace(" .", "."))]
            pieces += name
            pieces.append(piece)
            name = []
        return AddressList(pieces + name)


def written(kind: str, text: str) -> str:
    """A piece as it stands in a header."""
    if kind in _NEEDS_BACKSLASH:
        text = _NEEDS_BACKSLASH[kind].sub(r"\\\1", text)
        return f'"{text}"' if kind == QUOTED else f"[{text}]"
    return ":" if kind == GROUP else text


def quoted(address: str) -> str:
    """An address as it is written; one of these may lack its domain."""
    local, at, domain = address.rpartition("@")
    return quote(local, domain) if at else quote(domain, "")[:-1]


def _apart(kind: str, follower: str) -> bool:
    return kind == GROUP or follower == "<" or (kind in SPACED and follower in SPACED)


def _folded(lines: list[str]) -> Iterator[str]:
    """Each joins the one before it while that stays short."""
    current = lines[0]
    for line in lines[1:]:
        if len(current) + 1 + len(line) < FOLD_LIMIT:
            current += f" {line}"
        else:
            yield current
            current = line
    yield current


# Reading


def parse(value: str) -> AddressList | None:
    """None where brackets, quotes or groups do not match."""
    tokens = _tokens(value)
    if tokens is None:
        return None
    reader = _Reader(tokens)
    return AddressList(reader.pieces) if reader.read() else None


def _tokens(value: str) -> list[Piece] | None:
    found: list[Piece] = []
    at = 0
    while at < len(value):
        if value[at] == "(":
            end = _comment_end(value, at)
            if end < 0:
                return None
            found.append(Piece(COMMENT, _LINE_BREAK.sub(" ", value[at:end])))
            at = end
            continue
        token = _TOKEN.match(value, at)
        if token is None:
            return None
        at = token.end()
        kind = token.lastgroup
        assert kind is not None
        if kind == "operator":
            found.append(Piece(token[0], token[0]))
        elif kind != "blank":
            text = _LINE_BREAK.sub(" ", _ESCAPED.sub(r"\1", token[kind]))
            found.append(Piece(QUOTED if kind == ATOM and _NO_ATOM.search(text) else kind, text))
    return found


def _comment_end(value: str, at: int) -> int:
    """Behind the comment that starts at `at`; -1 if it never ends."""
    depth = 0
    for token in _IN_COMMENT.finditer(value, at):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if not depth:
            return token.end()
    return -1


class _Reader:
    """Tokens to pieces, from left to right."""

    def __init__(self, tokens: list[Piece]) -> None:
        self._tokens = tokens
        self._run: list[Piece] = []  # since the last separator: a display name, or addresses
        self._comma_due = False  # what comes next needs one before it
        self._in_group = False
        self.pieces: list[Piece] = []

    def read(self) -> bool:
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            at += 1
            if token.kind == "<":
                at = self._take_route(at)
                if at < 0:
                    return False
            elif token.kind in (",", ";"):
                self._close(token.kind)
            elif token.kind == ":":
                if self._in_group or not self._group_ends(at):
                    return False
                self._in_group = True
                self._put(*self._run, Piece(GROUP, ":"))
                self._run = []
            elif token.kind == ">":
                return False
            else:
                self._run.append(token)
        self._take_addresses()
        return not self._in_group

    def _close(self, separator: str) -> None:
        """A `;` ends a group; some also write it for a comma."""
        self._take_addresses()
        self.pieces.append(Piece(separator, separator))
        self._comma_due = separator == ";"
        self._in_group = self._in_group and separator != ";"

    def _group_ends(self, at: int) -> bool:
        return any(token.kind == ";" for token in self._tokens[at:])

    def _put(self, *pieces: Piece) -> None:
        if self._comma_due and pieces:
            self.pieces.append(Piece(",", ","))
        self._comma_due = False
        self.pieces += pieces

    def _take_route(self, at: int) -> int:
        """What stands between angle brackets; the run before it is a display name."""
        inside: list[Piece] = []
        while at < len(self._tokens) and self._tokens[at].kind != ">":
            inside.append(self._tokens[at])
            at += 1
        if at == len(self._tokens) or any(piece.kind == "<" for piece in inside):
            return -1
        if any(piece.kind in ":;," for piece in inside):
            inside = [Piece(COMMENT, "".join(written(*piece) for piece in inside))]
        words = [piece for piece in inside if piece.kind != COMMENT]
        comments = [piece for piece in inside if piece.kind == COMMENT]
        address = [_address(words)] if words else []
        self._put(*self._run, Piece("<", "<"), *address, *comments, Piece(">", ">"))
        self._run = []
        self._comma_due = True
        return at + 1

    def _take_addresses(self) -> None:
        """The run is addresses, each of words that operators join; comments go behind their address."""
        words: list[Piece] = []
        comments: list[Piece] = []
        held: list[Piece] = []  # comments behind a word: of the next address, if there is one
        for piece in self._run:
            if piece.kind == COMMENT:
                held.append(piece)
                continue
            if words and piece.kind in WORDS and words[-1].kind in WORDS:
                self._put(_address(words), *comments)
                self._comma_due = True
                words, comments = [], []
            words.append(piece)
            comments += held
            held = []
        if words:
            self._put(_address(words), *comments, *held)
        elif held:
            self.pieces += held
        self._comma_due = self._comma_due and not words
        self._run = []


def _address(words: list[Piece]) -> Piece:
    return Piece(ADDRESS, "".join(f"[{text}]" if kind == LITERAL else text for kind, text in words))
