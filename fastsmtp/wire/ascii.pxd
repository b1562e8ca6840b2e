# LineWriter's calls, with nothing above 127 where that is asked for. The body is ext/ascii.pyx.
from fastsmtp.wire.lines cimport LineWriter


cdef class AsciiWriter:
    cdef:
        LineWriter _lines
        bint escapes                # the text is quoted-printable: that has a form for such bytes
        bint _replacing             # False: all goes through as it is

    cdef const char* copy(self, const char* at, const char* end, bint stop_at_dash) except NULL
    cdef int text(self, const char* data, Py_ssize_t length) except -1
    cdef int _replace(self, unsigned char c) except -1
