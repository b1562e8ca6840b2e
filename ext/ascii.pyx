"""Text that is not encoded, and may hold no byte above 127 where a message is repaired.

    copy(at, end, stop_at_dash), text(data, length)     as LineWriter has them
Such bytes become =XX in a body that is quoted-printable already, and ? where no label can allow them: in
preambles, epilogues, boundary lines, base64 (whose readers pass over it) and unknown encodings.
Does not decide what is repaired.
Source: RFC 2045 6.7 and 6.8; ours.
"""

cimport cython
from fastsmtp.wire.lines cimport LineWriter

cdef extern from "kernels.h":
    const char* find_8bit(const char* data, const char* end) noexcept


@cython.final
cdef class AsciiWriter:
    """See ascii.pxd."""

    def __cinit__(self, LineWriter lines not None, bint replacing) -> None:
        self._lines = lines
        self._replacing = replacing

    cdef const char* copy(self, const char* at, const char* end, bint stop_at_dash) except NULL:
        cdef const char* eight
        cdef const char* stop
        if not self._replacing:
            return self._lines.copy(at, end, stop_at_dash)
        while at < end:
            eight = find_8bit(at, end)
            if eight > at:
                stop = self._lines.copy(at, eight, stop_at_dash)
                if stop != eight or eight == end:
                    return stop
            self._replace(<unsigned char>eight[0])
            at = eight + 1
        return at

    cdef int text(self, const char* data, Py_ssize_t length) except -1:
        cdef const char* end = data + length
        cdef const char* eight
        while self._replacing:
            eight = find_8bit(data, end)
            if eight == end:
                break
            self._lines.text(data, eight - data)
            self._replace(<unsigned char>eight[0])
            data = eight + 1
        return self._lines.text(data, end - data)

    cdef int _replace(self, unsigned char c) except -1:
        if self.escapes:
            escape = b"=%02X" % c
            return self._lines.text(escape, len(escape))
        if self._lines.notes is not None:
            self._lines.note("a byte above 127 that no label can allow: sent as ?")
        return self._lines.text(b"?", 1)
