"""The MIME state machine: what is labelled 8bit or binary becomes quoted-printable for peers without 8BITMIME.

    push(data, end)     content with LF or CRLF line ends, cut anywhere but inside CR LF
    finish()            its end; the machine is ready for the next message, the line writer is not told
States: PRIMARY, PART and NESTED headers, BODY.

    header block ends by    the machine goes to
    an empty line           NESTED (message/rfc822), else BODY
    another line            BODY with that line; after PRIMARY headers an empty line is put in between
    a boundary in BODY      PART, or BODY when it closes

Only labelled entities change: their label is withheld and the block ends with a new one, quoted-printable
for a leaf, 7bit for what holds parts or a message. All other text, 8bit or not, goes through as it came. Of
a body only lines that start with "-" are looked at, and only while a boundary is open; of a line that is
cut or long only so much is kept as decides what it is. Memory: one header (at most its limit and a
segment), what is held back behind a 7bit label until its block ends, one line start, the open boundaries.

Where it leaves Postfix: of several labels an 8bit one replaces those before it; message/* other than rfc822
(and global) is encoded and says so; what Entity and QuotedWriter tell of themselves.
Where it repairs, a leaf without label is held until its text tells whether it needs one (HeldText), headers
are said in ASCII, and what can have no label loses its bytes above 127 (AsciiWriter).
Does not check or decode anything. MIME-Version is not asked for.
Source: RFC 2045, 2046, 6532; Postfix mime_state, mime_nesting_limit, mime_boundary_length_limit,
header_size_limit (spec: content, 5).
"""

cimport cython
from libc.string cimport strlen
from fastsmtp.wire.ascii cimport AsciiWriter
from fastsmtp.wire.boundary cimport Boundary, find_boundary
from fastsmtp.wire.buffer cimport OutBuffer, begin, put, put_byte
from fastsmtp.wire.entity cimport GLOBAL, LEAF, MESSAGE, MULTIPART, PLAIN, QUOTED, Entity
from fastsmtp.wire.header cimport SEGMENT, Header, is_blank
from fastsmtp.wire.held cimport HAS_8BIT, OPEN, HeldText
from fastsmtp.wire.lines cimport LineWriter
from fastsmtp.wire.quoted cimport QuotedWriter

from fastsmtp.errors import MimeError
from fastsmtp.mail.ascii_header import ascii_header

cdef extern from "kernels.h":
    const char* find_line_end(const char* data, const char* end) noexcept
    const char* find_8bit(const char* data, const char* end) noexcept

cdef enum:
    LF = 10
    SPACE = 32
    DASH = 45
    DASHES = 2              # before a boundary, and behind a closing one
    WAITING_LIMIT = 1048576 # bytes of headers held back behind a label; if that is not enough, the label stays
    WAITING_COST = 128      # of holding one, about

cdef const char* TYPE_NAME = b"content-type"
cdef const char* VERSION_NAME = b"mime-version"
cdef const char* LABEL_NAME = b"content-transfer-encoding"


@cython.final
cdef class MimeMachine:
    """See mime.pxd."""

    def __cinit__(
        self,
        LineWriter lines not None,
        bint converting,
        Py_ssize_t nesting_limit,
        Py_ssize_t boundary_limit,
        Py_ssize_t header_limit,
        bint repairing,
    ) -> None:
        self._lines = lines
        self._quoted = QuotedWriter.__new__(QuotedWriter, lines)
        self._entity = Entity.__new__(Entity, nesting_limit, boundary_limit)
        self._header = Header.__new__(Header, header_limit)
        self._converting = converting
        self._repairing = repairing
        self._look_ahead = max(<Py_ssize_t>SEGMENT, boundary_limit + 2 * DASHES)
        self._raw = AsciiWriter.__new__(AsciiWriter, lines, repairing)
        self._held = HeldText.__new__(HeldText, self._look_ahead)
        self._start = OutBuffer.__new__(OutBuffer)
        self.reset()

    cdef int reset(self) except -1:
        self._state = PRIMARY
        self._entity.reset()
        self._start.clear()
        self._rest = NO_REST
        self._raw.escapes = False
        self._header.clear()
        self._waiting = None
        self._held.take()
        self._settled = None
        return self._quoted.reset()

    # Lines

    cdef int push(self, const char* data, const char* end) except -1:
        cdef bytes text
        self._push(data, end)
        while self._settled is not None:        # a loop, so that many small parts need no deep stack
            text, self._settled = self._settled, None
            self._push(text, <const char*>text + len(text))
        return 0

    cdef int _push(self, const char* data, const char* end) except -1:
        cdef const char* at = data
        cdef bint watch
        while at < end:
            if self._rest != NO_REST:
                at = self._feed_rest(at, end)
                continue
            if self._state == HELD:
                at = self._hold(at, end)
                if at < end:
                    self.push(NULL, NULL)       # what was held comes first
                continue
            if self._state == BODY and self._start.size() == 0:
                watch = len(self._entity.open) > 0
                if self._encodes():
                    at = self._quoted.feed(at, end, watch)
                else:
                    at = self._raw.copy(at, end, watch)
                if at == end:
                    break
            at = self._collect(at, end)
        return 0

    cdef const char* _collect(self, const char* at, const char* end) except NULL:
        """Takes one line whole, or its start into `_start`; gives where the next one starts."""
        cdef OutBuffer start = self._start
        cdef const char* eol = find_line_end(at, end)
        if start.size() == 0 and eol < end and (eol[0] == LF or eol[1] == LF):
            self._take_line(at, eol, True)
            return eol + (1 if eol[0] == LF else 2)
        while True:
            put(start, at, eol - at)
            at = eol
            if at < end:
                if at[0] == LF or at[1] == LF:
                    self._take_line(begin(start), start.at, True)
                    start.clear()
                    return at + (1 if at[0] == LF else 2)
                put_byte(start, SPACE)          # CR alone
                at += 1
            if start.size() >= self._look_ahead:
                self._take_line(begin(start), start.at, False)
                start.clear()
                return at
            if at == end:
                return at
            eol = find_line_end(at, end)

    cdef const char* _feed_rest(self, const char* at, const char* end) except NULL:
        """Goes on with a line whose start was taken."""
        cdef const char* eol
        while at < end:
            eol = find_line_end(at, end)
            if self._rest == OF_HEADER:
                self._header.add(at, eol - at)
            else:
                self._raw.text(at, eol - at)
            if eol == end:
                return end
            at = eol + 1
            if eol[0] == LF or at[0] == LF:
                if self._rest == OF_BOUNDARY:
                    self._lines.end_line()
                self._rest = NO_REST
                return at if eol[0] == LF else at + 1
            if self._rest == OF_HEADER:         # CR alone
                self._header.add(b" ", 1)
            else:
                self._lines.text(b" ", 1)
        return at

    cdef int _take_line(self, const char* line, const char* end, bint ended) except -1:
        """A line of content, or the start of one (`ended` is False) long enough to tell what it is."""
        if self._state == BODY or not self._take_header_line(line, end, ended):
            if self._state == HELD:
                self._held.put_line(line, end, ended)
            else:
                self._take_body_line(line, end, ended)
        return 0

    cdef bint _take_header_line(self, const char* line, const char* end, bint ended) except -1:
        """False when the line belongs to the body, which it then has begun."""
        if line < end and is_blank(line[0]) and self._header.text.size():
            self._header.extend(line, end)
        else:
            self._end_header()
            if not self._header.start(line, end):
                if self._repairing and self._entity.shape == LEAF and self._entity.coding == PLAIN \
                        and not self._encodes():
                    self._held_state, self._state = self._state, HELD
                    self._held_after_empty = line == end
                    return line == end
                self._end_block()
                self._enter_body(line == end)
                return line == end
        if not ended:
            self._rest = OF_HEADER
        return True

    cdef int _take_body_line(self, const char* line, const char* end, bint ended) except -1:
        cdef Py_ssize_t place
        cdef Boundary boundary
        if len(self._entity.open) and end - line > DASHES and line[0] == DASH and line[1] == DASH:
            place = find_boundary(self._entity.open, line + DASHES, end)
            if place >= 0:
                self._raw.escapes = False
                self._state = PART if self._entity.pass_boundary(place, line + DASHES, end) else BODY
                self._raw.text(line, end - line)
                if ended:
                    self._lines.end_line()
                else:
                    self._rest = OF_BOUNDARY
                return 0
            if self._encodes():
                for boundary in self._entity.open:
                    if self._quoted.first_line_starts_with(line, end, boundary.text):
                        self._quoted.guard()
        if self._encodes():
            self._quoted.feed(line, end, False)
            if ended:
                self._quoted.feed(b"\n", <const char*>b"\n" + 1, False)
        else:
            self._raw.text(line, end - line)
            if ended:
                self._lines.end_line()
        return 0

    cdef int finish(self) except -1:
        if self._start.size():
            self._take_line(begin(self._start), self._start.at, False)
            self._start.clear()
        while self._state == HELD:
            self._settle(self._held.finish(self._entity.open, self._entity.has_type) == HAS_8BIT)
            self.push(NULL, NULL)
        if self._start.size():                  # of what was held
            self._take_line(begin(self._start), self._start.at, False)
        if self._state != BODY:
            self._end_header()
            self._end_block()
        elif self._encodes():
            self._quoted.finish()
        self.reset()
        return 0

    # Headers

    cdef int _end_header(self) except -1:
        """The header is complete: act on it, then write it, hold it back or drop it."""
        cdef Header header = self._header
        cdef const char* data = begin(header.text)
        cdef const char* end = header.text.at
        cdef bint is_label = False
        cdef bytes repaired
        if data == end:
            return 0
        if header.is_named(TYPE_NAME):
            if not self._entity.take_type(header.value(), end) and self._converting:
                raise MimeError("MIME nesting exceeds safety limit", dsn="5.6.0")
        elif header.is_named(LABEL_NAME):
            is_label = True
            self._take_label(header.value(), end)
        elif header.is_named(VERSION_NAME):
            self._entity.has_version = True
        if is_label and self._encodes():
            self._label_line = self._lines.line_number
            self._lines.line_number += header.lines()
        else:
            if is_label and self._converting and self._waiting is None:
                self._waiting = []
                self._waiting_size = 0
            if self._repairing and find_8bit(data, end) != end:
                repaired = self._repaired(data, end - data)
                data, end = repaired, <const char*>repaired + len(repaired)
            if self._waiting is None:
                self._write_header(data, end - data, header.lines())
            else:
                self._waiting.append((is_label, data[:end - data], header.lines()))
                self._waiting_size += end - data + WAITING_COST
                if self._waiting_size > WAITING_LIMIT:
                    self._release(False)
        header.clear()
        return 0

    cdef int _take_label(self, const char* value, const char* end) except -1:
        self._entity.take_label(value, end)
        if not self._converting and not self.labels_8bit:
            self.labels_8bit = value[:end - value].strip(b" \t\n").lower() in (b"8bit", b"binary")
        return 0

    cdef int _write_header(self, const char* data, Py_ssize_t length, Py_ssize_t source_lines) except -1:
        """Line by line: it keeps its folding. `source_lines`: it was so many."""
        cdef const char* end = data + length
        cdef Py_ssize_t number = self._lines.line_number
        cdef const char* eol
        while True:
            eol = find_line_end(data, end)
            self._lines.text(data, eol - data)
            self._lines.end_line()
            if eol == end:
                break
            data = eol + 1
        self._lines.line_number = number + source_lines
        return 0

    cdef int _release(self, bint drop_labels) except -1:
        cdef bytes header
        cdef bint is_label
        cdef Py_ssize_t lines
        if self._waiting is None:
            return 0
        for is_label, header, lines in self._waiting:
            if is_label and drop_labels:
                self._label_line = self._lines.line_number
                self._lines.line_number += lines
            else:
                self._write_header(header, len(header), lines)
        self._waiting = None
        return 0

    # Blocks and bodies

    cdef bint _encodes(self) noexcept:
        return self._converting and self._entity.is_8bit

    cdef int _end_block(self) except -1:
        """All headers of it are known: its label, if it changes, is the last one."""
        cdef const char* label = b"Content-Transfer-Encoding: quoted-printable"
        self._release(self._encodes())
        if not self._encodes():
            return 0
        if self._entity.shape == MULTIPART or self._entity.shape == MESSAGE:
            label = b"Content-Transfer-Encoding: 7bit"
        if self._lines.notes is not None:
            name = self._entity.type_name.decode("ascii", "replace")
            why = "not labelled for bytes above 127" if self._adding else "labelled 8bit or binary"
            what = f"{name} {why}: now {label.decode().partition(': ')[2]}"
            self._lines.notes.append((self._label_line, what))
        self._write_header(label, <Py_ssize_t>strlen(label), 0)
        return 0

    cdef int _enter_body(self, bint after_empty_line) except -1:
        cdef Entity entity = self._entity
        if after_empty_line:
            self._lines.end_line()
            if entity.shape == MESSAGE or (entity.shape == GLOBAL and not self._encodes()):
                self._state = NESTED
                return entity.begin(LEAF)
            if entity.shape == MULTIPART:
                entity.is_8bit = False          # the preamble
        elif self._state == PRIMARY:
            self._lines.end_line()
            self._lines.line_number -= 1
        self._state = BODY
        self._raw.escapes = entity.coding == QUOTED
        self._quoted.boundaries_open = len(entity.open) > 0
        return 0

    # Repair

    cdef const char* _hold(self, const char* at, const char* end) except NULL:
        cdef int judgement = self._held.look(self._entity.open, self._entity.has_type, &at, end)
        if judgement != OPEN:
            self._settle(judgement == HAS_8BIT)
        return at

    cdef int _settle(self, bint encode) except -1:
        """The label of what was held is known now."""
        self._state = self._held_state
        self._settled = self._held.take() or None
        if encode:
            self._add_label()
        self._adding = encode
        self._end_block()
        self._adding = False
        return self._enter_body(self._held_after_empty)

    cdef int _add_label(self) except -1:
        """Text without a label gets one, and what a label needs to count."""
        cdef Entity entity = self._entity
        cdef bytes charset = b"utf-8" if self._held.is_utf8 else b"unknown-8bit"
        entity.is_8bit = True
        self._label_line = self._lines.line_number
        if not entity.has_version and self._held_state != PART:
            self._write_header(b"MIME-Version: 1.0", 17, 0)
        if not entity.has_type:
            header = b"Content-Type: text/plain; charset=" + charset
            self._write_header(header, len(header), 0)
        return 0

    cdef bytes _repaired(self, const char* data, Py_ssize_t length):
        """A header without bytes above 127."""
        cdef Py_ssize_t name = self._header.name_length
        self._lines.note(f"{data[:name].decode('ascii')}: bytes above 127, now in ASCII")
        return ascii_header(data[:name], data[name + 1:length])
