"""Body text to quoted-printable, line by line, as Postfix breaks and escapes it.

    feed(data, end)     content with LF or CRLF line ends (a CR elsewhere is a space), any cut but inside CR LF
    finish()            a last line without its end gets one
Escaped are bytes below 32 but TAB, "=", and 127 to 255; a blank before a line end is escaped too. A soft
break comes when another byte arrives and the output line holds more than 72 characters, so the longest has
76 with its "=".

Where a boundary is open, an output line that a soft break makes start with "--" gets "=2D" for its first
dash: nobody shall see a boundary that the source did not have. (Postfix sends it as it is.) Text that is
7bit already is encoded all the same: the label speaks for the whole part.
Source: RFC 2045 6.7; Postfix mime_state (spec: content, 5.6; 5.5 for the dashes).
"""

cimport cython
from libc.string cimport memcpy
from fastsmtp.wire.buffer cimport put_byte, reserve
from fastsmtp.wire.lines cimport LineWriter

cdef extern from "kernels.h":
    struct quoted:
        char[256][4] text
        unsigned char[256] size

    void fill_quoted(quoted* table) noexcept
    Py_ssize_t quote(
        const quoted* table, char* line, Py_ssize_t length, Py_ssize_t full, const char** at, const char* end
    ) noexcept

cdef enum:
    TAB = 9
    LF = 10
    CR = 13
    SPACE = 32
    DASH = 45
    DOT = 46
    EQUALS = 61
    FULL = 73               # characters on an output line that end it when another byte comes
    LONGEST = 76            # an output line can get, its "=" included
    COPIED = 80             # that, its CR LF, and up to the next vector
    DASHES = 2

cdef quoted QUOTED      # what each byte becomes

fill_quoted(&QUOTED)


cdef inline bint is_blank(char c) noexcept:
    return c == SPACE or c == TAB


cdef inline const char* escaped_blank(char c) noexcept:
    return b"=20" if c == SPACE else b"=09"


@cython.final
cdef class QuotedWriter:
    """See quoted.pxd."""

    def __cinit__(self, LineWriter lines not None) -> None:
        self._lines = lines
        self.reset()

    cdef int reset(self) except -1:
        self._length = 0
        self.at_line_start = True
        self._guarded = False
        return 0

    cdef const char* feed(self, const char* data, const char* end, bint stop_at_dash) except NULL:
        """Takes [data, end); gives where it stopped: `end`, or the start of a line that begins with "-"."""
        cdef const char* at = data
        cdef char c
        while at < end:
            c = at[0]
            if self.at_line_start and stop_at_dash and c == DASH:
                break
            if c == LF:
                self._end_line()
                at += 1
                continue
            if c == CR and at[1] == LF:         # the caller never cuts between the two
                self._end_line()
                at += 2
                continue
            if self._length >= FULL:
                self._soft_break()
            self.at_line_start = False
            if c == CR:
                self._line[self._length] = SPACE
                self._length += 1
                at += 1
            elif self._guarded:                 # byte by byte until the first two are there
                self._length = quote(&QUOTED, self._line, self._length, FULL, &at, at + 1)
                if self._length >= DASHES:
                    self._guarded = False
                    if self._line[0] == DASH and self._line[1] == DASH:
                        memcpy(self._line, b"=2D-", 4)
                        self._length = 4
            else:
                self._length = quote(&QUOTED, self._line, self._length, FULL, &at, end)
        return at

    cdef bint first_line_starts_with(self, const char* line, const char* end, bytes boundary):
        """`line` starts with "--" and holds no CR or LF. A guess on the safe side where it is cut."""
        cdef const char* wanted = boundary
        cdef Py_ssize_t left = len(boundary)
        cdef const char* form
        cdef unsigned char c
        cdef Py_ssize_t size, column = DASHES
        line += DASHES
        while left and line < end:
            if column >= FULL:
                return left == 1 and wanted[0] == EQUALS
            c = <unsigned char>line[0]
            form, size = QUOTED.text[c], QUOTED.size[c]
            if line + 1 == end and is_blank(c):
                form, size = escaped_blank(c), 3
            column += size
            line += 1
            while size and left:
                if form[0] != wanted[0]:
                    return False
                form += 1
                wanted += 1
                size -= 1
                left -= 1
        return left == 0

    cdef void guard(self) noexcept:
        self._guarded = True

    cdef int finish(self) except -1:
        return 0 if self.at_line_start else self._end_line()

    cdef int _end_line(self) except -1:
        """A hard line end: a blank before it would be lost on the way."""
        cdef char last = self._line[self._length - 1] if self._length else 0
        if is_blank(last):
            memcpy(self._line + self._length - 1, escaped_blank(last), 3)
            self._length += 2
        self._emit()
        self._lines.line_number += 1
        self.at_line_start = True
        self._guarded = False
        return 0

    cdef int _soft_break(self) except -1:
        self._line[self._length] = EQUALS
        self._length += 1
        self._emit()
        self._guarded = self.boundaries_open
        return 0

    cdef int _emit(self) except -1:
        cdef LineWriter lines = self._lines
        if lines.limit and lines.limit < LONGEST:
            lines.text(self._line, self._length)    # too short a limit breaks what is encoded, as in Postfix
            lines.end_line()
            lines.line_number -= 1
        else:
            if self._length and self._line[0] == DOT:
                lines.note("starts with a dot: another one added")
                put_byte(lines.out, DOT)
            reserve(lines.out, COPIED)
            memcpy(lines.out.at, self._line, COPIED)    # a constant size: a few vector moves
            lines.out.at[self._length] = CR
            lines.out.at[self._length + 1] = LF
            lines.out.at += self._length + 2
        self._length = 0
        return 0
