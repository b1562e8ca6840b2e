"""A text part with fields in it: decoded for compilation, relabelled for what will come out.

    read_text(part, file)    -> TextPart; None: no text, an attachment, nothing to fill in; raises JobError
    .compile() -> Body       raises JobError
    .relabelled_fields()     the part's header fields that must change: name in lower case -> octets

Whatever its charset was, it becomes UTF-8, since fields may hold any character; quoted-printable and base64
stay, any other label becomes 8bit (delivery converts for peers that cannot take it). Text that is in no
charset we know is a fault only if it has marks.
Source: RFC 2045 5, 6; RFC 2046 4.1.2; RFC 2183.
"""

import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Callable
from typing import cast

from fastsmtp.render.body import Body, Encoding, compile_body
from fastsmtp.render.expression import Place, has_marks
from fastsmtp.render.mime import Part

_DECODERS: dict[str, Callable[[bytes], bytes]] = {"quoted-printable": a2b_qp, "base64": a2b_base64}
_IDENTITIES = ("", "7bit", "8bit", "binary")
_MARKUP = ("html", "xml")
_LINE_END = re.compile(r"\r\n|\r|\n")


class TextPart:
    """Its text, and where it stood."""

    def __init__(self, part: Part, source: str, encoding: Encoding, place: Place) -> None:
        self._part = part
        self._source = _LINE_END.sub("\r\n", source)
        self._encoding = encoding
        self._place = place

    def compile(self) -> Body:
        is_markup = any(word in self._part.headers.get_content_subtype() for word in _MARKUP)
        return compile_body(
            self._source, "html" if is_markup else "text", self._encoding, self._part.boundaries, self._place
        )

    def relabelled_fields(self) -> dict[str, bytes]:
        fields: dict[str, bytes] = {}
        headers = self._part.headers
        if headers.get_content_charset() != "utf-8":
            headers.set_param("charset", "utf-8", header="Content-Type")
            value = " ".join(str(headers["Content-Type"]).split())
            fields["content-type"] = f"Content-Type: {value}\r\n".encode("ascii", "replace")
        if _label(self._part) != self._encoding:
            fields["content-transfer-encoding"] = b"Content-Transfer-Encoding: 8bit\r\n"
        if self._part.is_first and "MIME-Version" not in headers:
            fields["mime-version"] = b"MIME-Version: 1.0\r\n"
        return fields


def _label(part: Part) -> str:
    return str(part.headers.get("Content-Transfer-Encoding", "")).strip().lower()


def read_text(part: Part, file: str) -> TextPart | None:
    """The part's text, decoded."""
    headers = part.headers
    label = _label(part)
    if headers.get_content_maintype() != "text" or headers.get_content_disposition() == "attachment":
        return None
    if label not in _DECODERS and label not in _IDENTITIES:
        return None
    place = Place(file, part.body_line, f"{headers.get_content_type()} part", label in _DECODERS)
    charset = str(headers.get_content_charset("utf-8"))
    data = part.body
    try:
        if label in _DECODERS:
            data = _DECODERS[label](data)
        text = data.decode("utf-8" if charset == "us-ascii" else charset)
    except (LookupError, ValueError):
        if has_marks(data.decode("latin-1")):
            raise place.fault(f"fields in text that is not {charset} in {label or '7bit'}") from None
        return None
    if not has_marks(text):
        return None
    encoding = cast(Encoding, label if label in _DECODERS else "8bit")
    return TextPart(part, text, encoding, place)
