# Text that waits for its label. The body is ext/held.pyx.
from fastsmtp.wire.buffer cimport OutBuffer


cdef enum:
    HELD_LIMIT = 65536          # bytes that are looked at; if they do not tell, the text is encoded


# What the text says of its label
cdef enum Judgement:
    OPEN
    HAS_8BIT
    IS_7BIT


cdef class HeldText:
    cdef:
        bint is_utf8                # what stands above 127 is; known with the judgement
        OutBuffer _text             # it, from its first line on; empty where what was given decides at once
        Py_ssize_t _judged          # of it: lines that were looked at
        bint _seen_8bit             # in those
        Py_ssize_t _look_ahead      # bytes of a line that tell whether it is a boundary

    # A line taken before: the one that ended the headers
    cdef int put_line(self, const char* line, const char* end, bint ended) except -1
    # More of the text, inside the boundaries `open`; without type a charset is asked for, too. Gives its judgement, and in `at` where it stopped: what is left was not taken
    cdef int look(self, list open, bint has_type, const char** at, const char* end) except -1
    # Nothing follows
    cdef int finish(self, list open, bint has_type) except -1
    # What was held, to be read again with its label; ready for the next text
    cdef bytes take(self)

    cdef int _judge(
        self, list open, bint has_type, const char* start, Py_ssize_t judged, const char* end, bint complete
    ) except -1
