"""One recipient's message and envelope sender, from the row's fields.

    RowRenderer(fields_format, template, verp)
    .message(recipient) -> bytes     .sender(recipient) -> str        ContentError: the row does not make one
    .form, .fill(form, recipient)    the message as a form, and what comes of one for a row: bytes, or None

Source: ours; design page, section 2, "The job file" (`template`, VERP).
"""

from collections.abc import Sequence

from fastsmtp.errors import ContentError, RenderError
from fastsmtp.mail.fields import ADDRESS_FIELD, FieldsFormat
from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.status import CONTENT
from fastsmtp.render.expression import Values
from fastsmtp.render.shortcut import Shortcut
from fastsmtp.render.template import Template
from fastsmtp.render.verp import Sender
from fastsmtp.wire.encoder import scan
from fastsmtp.wire.form import VALUES_LIMIT, Form

NOT_USED = -1  # room of a value that the message has no hole for


class RowRenderer:
    """Renders for one job. `template` or `verp` None: that half is the same for all, and never asked for."""

    def __init__(self, fields_format: FieldsFormat, template: Template | None, verp: Sender | None) -> None:
        self._format = fields_format
        self._in_columns = fields_format.kind == "columns"
        self._template = template
        self._verp = verp
        self._names = fields_format.names(template.fields if template is not None else frozenset())
        shortcut = template.shortcut if template is not None else None
        self.form = None if shortcut is None else _form(shortcut, [ADDRESS_FIELD, *self._names])
        self.labels_8bit = template is not None and scan(template.skeleton).encoding == "8bit"

    def fill(self, form: Form, recipient: Recipient) -> bytes | None:
        """`form` has the values of this one, in whatever encoding."""
        if self._in_columns:
            return form.fill_columns(recipient.address, recipient.fields)
        return form.fill(self._format.values(recipient.address, recipient.fields, self._names))

    def message(self, recipient: Recipient) -> bytes:
        assert self._template is not None
        if self.form is not None:
            message = self.fill(self.form, recipient)
            if message is not None:
                return message
        fields = self._format.unpack(recipient.address, recipient.fields, Values)
        try:
            return self._template.render(fields)
        except RenderError as error:
            raise ContentError(CONTENT, f"line {recipient.line}: {error}") from None

    def sender(self, recipient: Recipient) -> str:
        assert self._verp is not None
        try:
            return self._verp.render(self._format.unpack(recipient.address, recipient.fields))
        except RenderError as error:
            raise ContentError(CONTENT, f"line {recipient.line}: {error}") from None


def _form(shortcut: Shortcut, names: Sequence[str]) -> Form | None:
    """`names` of the values, in order."""
    if len(names) > VALUES_LIMIT or not set(shortcut.fields) <= set(names):
        return None
    rooms = [shortcut.rooms[name] if name in shortcut.fields else NOT_USED for name in names]
    return Form(shortcut.literals, [names.index(name) for name in shortcut.fields], rooms)
