"""A header while its lines come in: name, value, folding kept, size bounded.

    start(line)     a first line: printable ASCII but space and ":", then blanks (dropped), then ":"
    extend(line)    a line that starts with a blank
    add(data)       more of the line that start() or extend() began
Text over the limit is dropped by whole segments of a line, as Postfix stores them: a segment is kept when
the header was shorter than the limit before it. So a header holds at most the limit and a segment.
Does not know which headers mean something.
Source: RFC 5322 2.2; Postfix is_header, mime_state, header_size_limit (spec: content, 2 and 5.1).
"""

cimport cython
from fastsmtp.wire.buffer cimport OutBuffer, begin, put, put_byte
from fastsmtp.wire.tokens cimport same_word

cdef enum:
    LF = 10
    SPACE = 32
    COLON = 58
    RUBOUT = 127


@cython.final
cdef class Header:
    """See header.pxd."""

    def __cinit__(self, Py_ssize_t limit) -> None:
        self.text = OutBuffer.__new__(OutBuffer)
        self._limit = limit

    cdef bint start(self, const char* line, const char* end) except -1:
        cdef const char* stop = min(end, line + SEGMENT)
        cdef const char* at = line
        cdef const char* name_end
        while at < stop and SPACE < at[0] < RUBOUT and at[0] != COLON:
            at += 1
        name_end = at
        while at < stop and is_blank(at[0]):
            at += 1
        if at == stop or at[0] != COLON or name_end == line:
            return False
        self.clear()
        self.name_length = name_end - line
        put(self.text, line, self.name_length)
        self._is_full = False
        self._segment_left = SEGMENT - (at - line)
        self.add(at, end - at)
        return True

    cdef int extend(self, const char* line, const char* end) except -1:
        self._is_full = self.text.size() >= self._limit
        self._segment_left = SEGMENT
        if self._is_full:
            self.dropped_lines += 1
        else:
            put_byte(self.text, LF)
        return self.add(line, end - line)

    cdef int add(self, const char* data, Py_ssize_t length) except -1:
        cdef Py_ssize_t size
        while length:
            if self._segment_left == 0:
                self._segment_left = SEGMENT
                self._is_full = self.text.size() >= self._limit
            size = min(length, self._segment_left)
            if not self._is_full:
                put(self.text, data, size)
            data += size
            length -= size
            self._segment_left -= size
        return 0

    cdef bint is_named(self, const char* name) noexcept:
        return same_word(begin(self.text), self.name_length, name)

    cdef const char* value(self) noexcept:
        return begin(self.text) + self.name_length + 1

    cdef Py_ssize_t lines(self) except -1:
        """Of content, dropped ones included."""
        return 1 + begin(self.text)[:self.text.size()].count(b"\n") + self.dropped_lines

    cdef void clear(self) noexcept:
        self.text.clear()
        self.dropped_lines = 0
