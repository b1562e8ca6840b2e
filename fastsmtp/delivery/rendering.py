"""One recipient's message and envelope sender, from the row's fields.

    RowRenderer(fields_format, template, verp)
    .message(recipient) -> bytes     .sender(recipient) -> str        ContentError: the row does not make one

Source: ours; design page, section 2, "The job file" (`template`, VERP).
"""

from fastsmtp.errors import ContentError, RenderError
from fastsmtp.mail.fields import FieldsFormat
from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.status import CONTENT
from fastsmtp.render.expression import Values
from fastsmtp.render.template import Template
from fastsmtp.render.verp import Sender
from fastsmtp.wire.encoder import scan


class RowRenderer:
    """Renders for one job. `template` or `verp` None: that half is the same for all, and never asked for."""

    def __init__(self, fields_format: FieldsFormat, template: Template | None, verp: Sender | None) -> None:
        self._unpack = fields_format.unpack
        self._template = template
        self._verp = verp
        self.labels_8bit = template is not None and scan(template.skeleton).encoding == "8bit"

    def message(self, recipient: Recipient) -> bytes:
        assert self._template is not None
        try:
            return self._template.render(self._unpack(recipient.address, recipient.fields, Values))
        except RenderError as error:
            raise ContentError(CONTENT, f"line {recipient.line}: {error}") from None

    def sender(self, recipient: Recipient) -> str:
        assert self._verp is not None
        try:
            return self._verp.render(self._unpack(recipient.address, recipient.fields))
        except RenderError as error:
            raise ContentError(CONTENT, f"line {recipient.line}: {error}") from None
