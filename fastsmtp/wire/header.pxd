# A header while its lines come in. The body is ext/header.pyx.
from fastsmtp.wire.buffer cimport OutBuffer


cdef enum:
    SEGMENT = 2048              # Postfix's line_length_limit: what it stores, and so judges, a line by


cdef inline bint is_blank(char c) noexcept:
    return c == 32 or c == 9


cdef class Header:
    cdef:
        OutBuffer text              # name, colon, value; its lines joined by LF. Empty: there is none
        Py_ssize_t name_length
        Py_ssize_t dropped_lines    # of it: continued ones that came when it was full
        Py_ssize_t _limit
        Py_ssize_t _segment_left    # of the current segment; text is kept by whole segments
        bint _is_full

    # A line that starts one (False: it is no header), one that continues it, more of the current line
    cdef bint start(self, const char* line, const char* end) except -1
    cdef int extend(self, const char* line, const char* end) except -1
    cdef int add(self, const char* data, Py_ssize_t length) except -1
    # Looking at it
    cdef bint is_named(self, const char* name) noexcept
    cdef const char* value(self) noexcept
    cdef Py_ssize_t lines(self) except -1
    cdef void clear(self) noexcept
