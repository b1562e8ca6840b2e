"""The job's message with each recipient's fields in it.

    Template(message, file)            compiled once a job; raises JobError with every fault
    .render(values) -> bytes           lines end in CR LF; raises RenderError for this recipient alone
    .fields, .required_fields          names that it uses; those without which it cannot be rendered
    .shortcut                          the same as literals and holes, for values that are harmless; or None

Works on a real .eml: the message is cut once into octets that never change and pieces that do.

| where a field stands                | what comes out                                                       |
| ----------------------------------- | -------------------------------------------------------------------- |
| From, To, Cc, Reply-To, ...         | one phrase or one address of its mailbox (addresses.py)              |
| Message-ID, References, List-*, ... | ASCII, no blank or angle bracket                                     |
| any other header field              | text; words outside ASCII as encoded words, folded (header.py)       |
| MIME-Version, Content-*, Received,  | refused when the job is loaded                                       |
| signatures, headers of parts        |                                                                      |
| text/* that is no attachment        | text, in HTML escaped; quoted-printable and base64 are decoded,      |
|                                     | filled in, encoded again; else labelled 8bit; always UTF-8 (body.py) |
| attachments, all else               | not looked at                                                        |

Marks are found behind encoded words and in decoded text too: mail programs encode what users type. Header
fields and parts without marks stay as they are, octet by octet. No value adds a header field, an address, a
line to the header or a part: whatever would is a RenderError.
Source: RFC 5322, 2045-2047; Jinja2 (expression.py); ours.
"""

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import cast

from fastsmtp.errors import JobError, RenderError
from fastsmtp.render.addresses import ADDRESS_FIELDS, AddressField
from fastsmtp.render.body import Body, Piece
from fastsmtp.render.expression import Expression, Place, Values, compile_text, has_marks
from fastsmtp.render.header import check, unstructured
from fastsmtp.render.mime import Field, Gap, Part, cut
from fastsmtp.render.shortcut import Shortcut, find_shortcut
from fastsmtp.render.text_part import read_text

_ANGLE_FIELDS = ("message-id", "references", "in-reply-to", "list-")
_FIXED_FIELDS = (
    "content-",
    "mime-version",
    "received",
    "return-path",
    "dkim-",
    "arc-",
    "authentication-results",
)


class Template:
    """A compiled message."""

    def __init__(self, message: bytes, file: str = "message") -> None:
        """`file` is what faults are named after."""
        self._file = file
        self._pieces: list[Piece] = []
        self._faults: list[JobError] = []
        self.fields: frozenset[str] = frozenset()
        self.required_fields: frozenset[str] = frozenset()
        self._is_plain = True
        message = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        for piece in cut(message if message.endswith(b"\r\n") else message + b"\r\n"):
            if isinstance(piece, Gap):
                self._pieces.append(piece.raw)
            else:
                self._compile_part(piece)
        if self._faults:
            raise JobError.gather(self._faults)
        self._join()
        self.shortcut: Shortcut | None = None
        if self._is_plain:
            self.shortcut = find_shortcut(self._literals, self._dynamic, self.fields)

    def render(self, fields: Mapping[str, object]) -> bytes:
        """The message for a row. `fields` as FieldsFormat.unpack gives them."""
        values = fields if type(fields) is Values else Values(fields)
        pieces = self._literals.copy()
        for index, piece in self._dynamic:
            pieces[index] = piece(values)
        return b"".join(pieces)

    @property
    def skeleton(self) -> bytes:
        """What every message has: the literal octets, the dynamic ones left out."""
        return b"".join(self._literals)

    def _join(self) -> None:
        """Neighbours that never change become one."""
        self._literals: list[bytes] = []
        self._dynamic: list[tuple[int, Callable[[Values], bytes]]] = []
        for is_dynamic, run in groupby(self._pieces, callable):
            if not is_dynamic:
                self._literals.append(b"".join(cast(list[bytes], list(run))))
                continue
            for piece in run:
                self._dynamic.append((len(self._literals), cast(Callable[[Values], bytes], piece)))
                self._literals.append(b"")

    def _compile_part(self, part: Part) -> None:
        try:
            text = read_text(part, self._file)
            relabelled = text.relabelled_fields() if text else {}
            body = text.compile() if text else None
        except JobError as error:
            self._faults.append(error)
            relabelled, body = {}, None
        for field in part.fields:
            lower = field.name.lower()
            if lower in relabelled:
                self._pieces.append(relabelled.pop(lower))
                continue
            try:
                self._pieces.append(self._compile_field(field, part.is_first))
            except JobError as error:
                self._faults.append(error)
        self._pieces += relabelled.values()
        self._pieces.append(part.between)
        if body:
            self._needs(body)
            self._pieces += body.pieces
        else:
            self._pieces.append(part.body)

    def _compile_field(self, field: Field, is_first: bool) -> Piece:
        source = _decoded(field)
        if not has_marks(source):
            return field.raw
        lower = field.name.lower()
        place = Place(self._file, field.line, field.name)
        if not is_first or lower.startswith(_FIXED_FIELDS):
            where = "this header field" if is_first else "the header of a part"
            raise place.fault(f"no fields are possible in {where}")
        if lower in ADDRESS_FIELDS:
            addresses = AddressField(field.name, source, place)
            self._needs(addresses)
            return lambda values: addresses.render(values).encode()
        is_angle = lower.startswith(_ANGLE_FIELDS)
        expression = compile_text(source, "angle" if is_angle else "text", place)
        self._needs(expression)
        return _field_piece(field.name, expression.render, is_angle)

    def _needs(self, compiled: Expression | Body | AddressField) -> None:
        self.fields |= compiled.fields
        self.required_fields |= compiled.required
        self._is_plain &= compiled.plain


def _field_piece(name: str, render: Callable[[Values], str], is_angle: bool) -> Callable[[Values], bytes]:
    def piece(values: Values) -> bytes:
        text = render(values)
        check(name, text)
        if is_angle and not text.isascii():
            raise RenderError(f"{name}: a field is not ASCII")
        return unstructured(name, text).encode("ascii")

    return piece


def _decoded(field: Field) -> str:
    """The field's text, unfolded, without its encoded words."""
    raw = field.raw.partition(b":")[2].replace(b"\r\n", b"").strip(b" \t")
    text = raw.decode("utf-8", "surrogateescape")
    if "=?" not in text:
        return text
    from email.errors import HeaderParseError  # noqa: PLC0415 - for templates alone
    from email.header import decode_header, make_header  # noqa: PLC0415

    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text
