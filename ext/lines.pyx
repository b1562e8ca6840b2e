"""Output lines: every line ends in CRLF, none is longer than the limit, a leading dot is doubled.

    copy(data, end)     content with LF or CRLF line ends; a CR elsewhere becomes a space. Runs of lines that need no
                        change are copied at once, so text with CRLF moves at memory speed
    text(), end_line()  the same for content that comes in pieces (headers, quoted-printable text)
    finish()            the dot line; a last line without its end gets one
A line over the limit is broken by CRLF SPACE at exactly the limit, whatever stands there; the pieces after a break start
with the space, so a dot there needs no other. The break waits for the byte that makes the line too long: a line of
exactly the limit stays whole, however it was cut on its way here.

Does not know headers, MIME or encodings. One state machine for breaking and stuffing: both ask only where an output line starts.
Source: RFC 5321 4.5.2, 4.5.3.1.6; Postfix smtp_line_length_limit, cleanup_replace_stray_cr_lf (spec: content, 3).
"""

cimport cython
from libc.string cimport memcpy
from fastsmtp.wire.buffer cimport OutBuffer, put, put_byte, put_crlf, reserve

cdef extern from "scan.h":
    const char* find_line_end(const char* data, const char* end) noexcept

cdef enum:
    TAB = 9
    LF = 10
    CR = 13
    SPACE = 32
    DASH = 45
    DOT = 46
    SMALLEST_LIMIT = 2      # a continued line holds its space and one byte of text


@cython.final
cdef class LineWriter:
    """See lines.pxd."""

    def __cinit__(self, OutBuffer out not None, Py_ssize_t limit) -> None:
        self.out = out
        self.limit = max(limit, SMALLEST_LIMIT) if limit > 0 else 0
        self.reset()

    cdef void reset(self) noexcept:
        self.room = self.limit
        self.at_line_start = True
        self.line_number = 1
        self.broke = False

    cdef const char* copy(self, const char* data, const char* end, bint stop_at_dash) except NULL:
        """Writes [data, end); gives where it stopped: `end`, or the start of a line that begins with "-"."""
        cdef const char* kept = data        # [kept, at) is unchanged and not yet written
        cdef const char* at = data
        cdef const char* eol
        while at < end:
            if self.at_line_start:
                if stop_at_dash and at[0] == DASH:
                    break
                if at[0] == DOT:
                    put(self.out, kept, at - kept)
                    put_byte(self.out, DOT)
                    kept = at
                    self.note("dot added")
            eol = find_line_end(at, end)
            if eol != at:
                if self.limit and eol - at > self.room:
                    put(self.out, kept, at - kept)
                    self._break_text(at, eol - at)
                    kept = eol
                else:
                    self.room -= eol - at
                    self.at_line_start = False
                if eol == end:
                    at = end
                    break
            if eol[0] == LF:                # LF alone
                self._put_line(kept, eol - kept)
                kept = at = eol + 1
            elif eol[1] == LF:              # CR LF: as it should be. The caller never cuts between the two
                at = eol + 2
                self._next_line()
            else:                           # CR alone
                put(self.out, kept, eol - kept)
                self.note("stray CR sent as a space")
                self.text(b" ", 1)
                kept = at = eol + 1
        put(self.out, kept, at - kept)
        return at

    cdef int text(self, const char* data, Py_ssize_t length) except -1:
        if length == 0:
            return 0
        if self.at_line_start and data[0] == DOT:
            put_byte(self.out, DOT)
            self.note("dot added")
        if self.limit and length > self.room:
            return self._break_text(data, length)
        put(self.out, data, length)
        self.room -= length
        self.at_line_start = False
        return 0

    cdef int end_line(self) except -1:
        put_crlf(self.out)
        self._next_line()
        return 0

    cdef void _next_line(self) noexcept:
        self.room = self.limit
        self.at_line_start = True
        self.line_number += 1

    cdef int _put_line(self, const char* data, Py_ssize_t length) except -1:
        reserve(self.out, length + 2)
        memcpy(self.out.at, data, <size_t>length)
        self.out.at[length] = CR
        self.out.at[length + 1] = LF
        self.out.at += length + 2
        self._next_line()
        return 0

    cdef int _break_text(self, const char* data, Py_ssize_t length) except -1:
        """`length` is more than there is room for."""
        self.broke = True
        self.note("line broken")
        while length > self.room:
            reserve(self.out, self.room + 3)
            memcpy(self.out.at, data, <size_t>self.room)
            self.out.at += self.room
            self.out.at[0] = CR
            self.out.at[1] = LF
            self.out.at[2] = SPACE
            self.out.at += 3
            data += self.room
            length -= self.room
            self.room = self.limit - 1
        put(self.out, data, length)
        self.room -= length
        self.at_line_start = False
        return 0

    cdef int note(self, str what) except -1:
        if self.notes is not None:
            self.notes.append((self.line_number, what))
        return 0

    cdef int finish(self) except -1:
        if not self.at_line_start:
            put_crlf(self.out)
        put(self.out, b".\r\n", 3)
        self.reset()
        return 0
