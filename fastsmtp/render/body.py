"""The text of one part, with fields in it, in the encoding that the part has.

    compile_body(source, mode, encoding, boundaries, place) -> Body    raises JobError
    Body.pieces    octets that never change, or functions from values to octets (raise RenderError)
    Body.fields, .required

Where all marks are plain fields, only the lines that hold one are made anew for each recipient; in base64,
all from the first of them on. Text with blocks (which may repeat or leave out lines) is made anew as a whole.
All lines end in CR LF, whatever a value holds. A value that makes a boundary line of a multipart around it is
refused: it would begin a part.
Source: RFC 2045 6.7, 6.8; RFC 2046 5.1.1.
"""

import re
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

from fastsmtp.errors import RenderError
from fastsmtp.render.expression import Expression, Mode, Place, Values, compile_text, has_marks, is_plain
from fastsmtp.render.quoted_printable import encode_inline, encode_lines, finish_line

Encoding = Literal["8bit", "quoted-printable", "base64"]
Piece = bytes | Callable[[Values], bytes]

_LINE_END = re.compile(r"\r\n|\r|\n")
_LINES_KEPT = re.compile(r"[^\n]*\n|[^\n]+")
_BASE64_LINE_SIZE = 57  # octets in a line of 76


class Body(NamedTuple):
    """The pieces of a part's body, in order."""

    pieces: Sequence[Piece]
    fields: frozenset[str]
    required: frozenset[str]
    plain: bool  # every expression in it is


def compile_body(
    source: str, mode: Mode, encoding: Encoding, boundaries: Sequence[bytes], place: Place
) -> Body:
    """`source` has marks in it; its lines end in CR LF."""
    compiler = _Compiler(mode, boundaries, place)
    if not is_plain(source):
        compiler.whole(source, encoding)
    elif encoding == "base64":
        compiler.base64_lines(_LINES_KEPT.findall(source))
    else:
        compiler.lines(_LINES_KEPT.findall(source), encoding)
    return Body(compiler.pieces, compiler.fields, compiler.required, compiler.plain)


class _Compiler:
    """Gathers pieces, and what they need."""

    def __init__(self, mode: Mode, boundaries: Sequence[bytes], place: Place) -> None:
        self._mode = mode
        self._place = place
        self._boundary_lines = tuple(f"--{boundary.decode('latin-1')}" for boundary in boundaries)
        self.pieces: list[Piece] = []
        self.fields: frozenset[str] = frozenset()
        self.required: frozenset[str] = frozenset()
        self.plain = True

    def _compile(self, source: str, encode: Callable[[str], str] | None = None) -> Expression:
        expression = compile_text(source, self._mode, self._place, encode)
        self.fields |= expression.fields
        self.required |= expression.required
        self.plain &= expression.plain
        return expression

    def whole(self, source: str, encoding: Encoding) -> None:
        self._add(self._text(source), _ENCODERS[encoding])

    def base64_lines(self, lines: list[str]) -> None:
        first = next(number for number, line in enumerate(lines) if has_marks(line))
        literal = "".join(lines[:first]).encode()
        size = len(literal) // _BASE64_LINE_SIZE * _BASE64_LINE_SIZE
        rest = literal[size:]
        render = self._text("".join(lines[first:]))
        self.pieces.append(_base64(literal[:size]))
        self._add(render, lambda text: _base64(rest + text.encode()))

    def _add(self, render: Callable[[Values], str], encode: Callable[[str], bytes]) -> None:
        what = self._place.what

        def piece(values: Values) -> bytes:
            try:
                return encode(render(values))
            except UnicodeEncodeError:
                raise RenderError(f"{what}: a field is no valid Unicode") from None

        self.pieces.append(piece)

    def lines(self, lines: list[str], encoding: Encoding) -> None:
        for is_dynamic, run in groupby(lines, has_marks):
            if not is_dynamic:
                text = "".join(run)
                self.pieces.append(_ENCODERS[encoding](text))
            elif encoding == "8bit":
                self.whole("".join(run), encoding)
            else:
                self.pieces += map(self._quoted_printable_line, run)

    def _quoted_printable_line(self, line: str) -> Callable[[Values], bytes]:
        """A value's line end is encoded like any other octet: the line stays one."""
        text = line.removesuffix("\r\n")
        end = line[len(text) :]
        render = self._compile(text, encode_inline).render
        refuse_boundaries = self._refuse_boundaries

        def piece(values: Values) -> bytes:
            encoded = render(values)
            if encoded.startswith("--"):
                refuse_boundaries(encoded)
            return f"{finish_line(encoded)}{end}".encode("ascii")

        return piece

    def _text(self, source: str) -> Callable[[Values], str]:
        """The text with right line ends; refused where it would be more than text."""
        is_checked = is_plain(source)  # value by value, by _line_ends
        render = self._compile(source, _line_ends if is_checked else None).render

        def text(values: Values) -> str:
            text = render(values)
            if not is_checked:
                text = self._checked(text)
            if text.startswith("--") or "\n--" in text:
                self._refuse_boundaries(text)
            return text

        return text

    def _checked(self, text: str) -> str:
        try:
            ends = text.count("\r\n")
            is_text = text.count("\n") == ends == text.count("\r") and "\0" not in text
            return text if is_text else _line_ends(text)
        except ValueError as error:
            raise RenderError(f"{self._place.what}: {error}") from None

    def _refuse_boundaries(self, text: str) -> None:
        for line in text.split("\n"):
            if line.startswith(self._boundary_lines):
                raise RenderError(f"{self._place.what}: a field makes a boundary line")


def _line_ends(text: str) -> str:
    """With CR LF for every line end. Raises ValueError for what is no text."""
    if text.isprintable():
        return text
    if "\0" in text:
        raise ValueError("NUL in the text")
    return _LINE_END.sub("\r\n", text)


def _base64(data: bytes) -> bytes:
    """Lines of 76, each with its CR LF."""
    encoded = b2a_base64(data, newline=False)
    return b"".join([encoded[start : start + 76] + b"\r\n" for start in range(0, len(encoded), 76)])


_ENCODERS: dict[Encoding, Callable[[str], bytes]] = {
    "8bit": str.encode,
    "quoted-printable": lambda text: encode_lines(text).encode(),
    "base64": lambda text: _base64(text.encode()),
}
