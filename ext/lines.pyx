"""Output lines: every line ends in CRLF, none is longer than the limit, a leading dot is doubled.

    copy(data, end)     content with LF or CRLF line ends; a CR elsewhere becomes a space. Looking for the
                        line end and copying are one loop
    text(), end_line()  the same for content that comes in pieces (headers, quoted-printable text)
    finish()            the dot line; a last line without its end gets one
Without `stuffs` no dot is added anywhere: BDAT counts bytes, and needs none (RFC 3030).
A line over the limit is broken by CRLF SPACE at exactly the limit, whatever stands there; the pieces after
a break start with the space, so a dot there needs no other. The break waits for the byte that makes the
line too long: a line of exactly the limit stays whole, however it was cut on its way here.

Does not know headers, MIME or encodings. One state machine for breaking and stuffing: both ask only where
an output line starts.
Source: RFC 5321 4.5.2, 4.5.3.1.6; Postfix smtp_line_length_limit, cleanup_replace_stray_cr_lf (spec:
content, 3).
"""

cimport cython
from libc.string cimport memcpy
from fastsmtp.wire.buffer cimport OutBuffer, put, put_byte, put_crlf, reserve

cdef extern from "kernels.h":
    Py_ssize_t copy_to_line_end(char* to, const char* data, const char* end) noexcept
    enum:
        SPILL

cdef enum:
    LF = 10
    CR = 13
    SPACE = 32
    DASH = 45
    DOT = 46
    SMALLEST_LIMIT = 2      # a continued line holds its space and one byte of text
    WINDOW = 16384          # content copied on one check for room
    WORST_GROWTH = 2        # LF to CR LF; a dot and LF to two dots and CR LF

DOT_ADDED = "starts with a dot: another one added"

# Why copying stopped
cdef enum Halt:
    WINDOW_DONE
    AT_DASH
    TOO_LONG
    AT_STRAY_CR



@cython.final
cdef class LineWriter:
    """See lines.pxd."""

    def __cinit__(self, OutBuffer out not None, Py_ssize_t limit, bint stuffs=True) -> None:
        self.out = out
        self.stuffs = stuffs
        self.limit = max(limit, SMALLEST_LIMIT) if limit > 0 else 0
        self.reset()

    cdef void reset(self) noexcept:
        self.room = self.limit
        self.at_line_start = True
        self.line_number = 1
        self.broke = False

    cdef const char* copy(self, const char* data, const char* end, bint stop_at_dash) except NULL:
        """Writes [data, end); gives where it stopped: `end`, or the start of a line that begins with "-".

        State is in locals while a window is copied: output may alias anything, so fields would be read again
        after each byte written.
        """
        cdef const char* at = data
        cdef const char* stop
        cdef char* to
        cdef Py_ssize_t size = 0, room, number
        cdef bint at_line_start
        cdef Halt halt
        while at < end:
            stop = min(end, at + WINDOW)
            reserve(self.out, WORST_GROWTH * (stop - at) + SPILL)
            to = self.out.at
            room, number, at_line_start = self.room, self.line_number, self.at_line_start
            halt = WINDOW_DONE
            while at < stop:
                if at_line_start:
                    if at[0] == DOT:
                        if self.stuffs:
                            to[0] = DOT
                            to += 1
                            if self.notes is not None:
                                self.notes.append((number, DOT_ADDED))
                    elif stop_at_dash and at[0] == DASH:
                        halt = AT_DASH
                        break
                size = copy_to_line_end(to, at, stop)
                if size:
                    if size > room and self.limit:
                        halt = TOO_LONG
                        break
                    to += size
                    at += size
                    room -= size
                    at_line_start = False
                    if at == stop:
                        break
                if at[0] == LF:
                    at += 1
                elif at[1] == LF:               # the caller never cuts between the two
                    at += 2
                else:
                    halt = AT_STRAY_CR
                    break
                to[0] = CR
                to[1] = LF
                to += 2
                room = self.limit
                at_line_start = True
                number += 1
            self.out.at = to
            self.room, self.line_number, self.at_line_start = room, number, at_line_start
            if halt == AT_DASH:
                break
            if halt == TOO_LONG:
                self._break_text(at, size)
                at += size
            elif halt == AT_STRAY_CR:
                self.note("a CR without its LF: sent as a space")
                self.text(b" ", 1)
                at += 1
        return at

    cdef int text(self, const char* data, Py_ssize_t length) except -1:
        if length == 0:
            return 0
        if self.at_line_start and data[0] == DOT and self.stuffs:
            put_byte(self.out, DOT)
            self.note(DOT_ADDED)
        if self.limit and length > self.room:
            return self._break_text(data, length)
        put(self.out, data, length)
        self.room -= length
        self.at_line_start = False
        return 0

    cdef int end_line(self) except -1:
        put_crlf(self.out)
        self.room = self.limit
        self.at_line_start = True
        self.line_number += 1
        return 0

    cdef int _break_text(self, const char* data, Py_ssize_t length) except -1:
        """`length` is more than there is room for."""
        self.broke = True
        if self.notes is not None:
            self.note(f"longer than {self.limit} bytes: broken")
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
        if self.stuffs:
            put(self.out, b".\r\n", 3)
        self.reset()
        return 0
