"""Text that waits for its label: is there a byte above 127 in this part?

    look(..., &at, end)         text from its first line on, any cut; OPEN, or what its label must say
    finish(...)                 its end, if that was OPEN to the last
    take()                      what was held, to be read again
The first byte above 127 decides, or the boundary that ends the part; where a charset must be named too, the
text is held up to that boundary. After HELD_LIMIT bytes it is encoded, whatever it holds: that is never
wrong. What is given in one piece is looked at where it stands and not copied; any cut comes to the same.
Does not write, and knows nothing of headers.
Source: ours; boundaries as in spec: content, 5.5.
"""

cimport cython
from libc.string cimport memchr
from fastsmtp.wire.boundary cimport find_boundary
from fastsmtp.wire.buffer cimport OutBuffer, begin, put, put_byte

cdef extern from "kernels.h":
    const char* find_8bit(const char* data, const char* end) noexcept

cdef enum:
    LF = 10
    DASH = 45
    DASHES = 2


cdef bint decodes(const char* text, Py_ssize_t length):
    """As UTF-8; a character that the end cuts counts."""
    try:
        text[:length].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


@cython.final
cdef class HeldText:
    """See held.pxd."""

    def __cinit__(self, Py_ssize_t look_ahead) -> None:
        self._look_ahead = look_ahead
        self._text = OutBuffer.__new__(OutBuffer)

    cdef int put_line(self, const char* line, const char* end, bint ended) except -1:
        put(self._text, line, end - line)
        if ended:
            put_byte(self._text, LF)
        return 0

    cdef int look(self, list open, bint has_type, const char** at, const char* end) except -1:
        cdef OutBuffer text = self._text
        cdef const char* start = at[0]
        cdef Py_ssize_t room = max(HELD_LIMIT - text.size(), <Py_ssize_t>0)
        cdef bint full = end - start >= room
        cdef int judgement
        if full:
            end = start + room
        if text.size() == 0:
            judgement = self._judge(open, has_type, start, 0, end, full)
            if judgement != OPEN:
                return judgement
        put(text, start, end - start)
        at[0] = end
        return self._judge(open, has_type, begin(text), self._judged, text.at, full)

    cdef int finish(self, list open, bint has_type) except -1:
        cdef int judgement = self._judge(open, has_type, begin(self._text), self._judged, self._text.at, False)
        if judgement == OPEN:
            self.is_utf8 = decodes(begin(self._text), self._text.size())
            return HAS_8BIT if find_8bit(begin(self._text), self._text.at) != self._text.at else IS_7BIT
        return judgement

    cdef bytes take(self):
        self._judged = 0
        self._seen_8bit = False
        return self._text.take()

    cdef int _judge(
        self, list open, bint has_type, const char* start, Py_ssize_t judged, const char* end, bint complete
    ) except -1:
        """Line by line from `judged` on. `complete`: no more will be looked at."""
        cdef const char* at = start + judged
        cdef const char* eight = find_8bit(at, end)
        cdef const char* eol
        cdef const char* stop
        cdef bint ends = False
        while at < end and not ends:
            eol = <const char*>memchr(at, LF, <size_t>(end - at))
            stop = end if eol is NULL else eol
            if at[0] == DASH and len(open):
                ends = stop - at > DASHES and at[1] == DASH and find_boundary(open, at + DASHES, stop) >= 0
                if ends or (eol is NULL and stop - at < self._look_ahead):
                    break
            if eight < stop:
                self._seen_8bit = True
                if has_type:
                    return HAS_8BIT
                eight = end                     # one is enough
            if eol is NULL:
                break
            at = eol + 1
        self._judged = at - start if self._text.size() else 0
        if not (ends or complete):
            return OPEN
        self.is_utf8 = decodes(start, at - start if ends else end - start)
        return HAS_8BIT if self._seen_8bit or not ends else IS_7BIT
