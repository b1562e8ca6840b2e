# Body text to quoted-printable. The body is ext/quoted.pyx.
from fastsmtp.wire.lines cimport LineWriter


cdef enum:
    QUOTED_ROOM = 96        # an output line (76) and what 16-byte stores may spill


cdef class QuotedWriter:
    cdef:
        LineWriter _lines           # where finished output lines go
        char[80] _line              # the output line under construction, without CRLF
        Py_ssize_t _length          # of it
        bint at_line_start          # nothing of the current line of content was taken yet
        bint boundaries_open        # a line starting with "--" could be taken for a boundary
        bint _guarded               # if the output line starts with "--", its first "-" is to be encoded

    # Content as LineWriter.copy takes it, encoded
    cdef const char* feed(self, const char* data, const char* end, bint stop_at_dash) except NULL
    # Before a line of content: would its encoded form begin with "--" and `boundary`? Then guard it
    cdef bint first_line_starts_with(self, const char* line, const char* end, bytes boundary)
    cdef void guard(self) noexcept
    # The end of content: a line without its end gets it. Or: the message is given up
    cdef int finish(self) except -1
    cdef int reset(self) except -1

    cdef int _end_line(self) except -1
    cdef int _soft_break(self) except -1
    cdef int _emit(self) except -1
