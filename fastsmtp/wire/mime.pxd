# The MIME state machine: 8bit parts for a 7bit peer. The body is ext/mime.pyx.
from fastsmtp.wire.buffer cimport OutBuffer
from fastsmtp.wire.entity cimport Entity
from fastsmtp.wire.header cimport Header
from fastsmtp.wire.lines cimport LineWriter
from fastsmtp.wire.quoted cimport QuotedWriter


cdef enum State:
    PRIMARY                 # the message's own headers
    PART                    # headers behind a boundary
    NESTED                  # headers of an embedded message
    BODY                    # all else: text, preamble, epilogue


# How the rest of a line goes on whose start was longer than the look-ahead
cdef enum Rest:
    NO_REST
    OF_HEADER
    OF_BOUNDARY


cdef class MimeMachine:
    cdef:
        LineWriter _lines
        QuotedWriter _quoted
        bint _converting            # False: only look for labels
        Py_ssize_t _look_ahead      # bytes of a line that decide what it is
        readonly bint labels_8bit   # a header block had 8bit or binary as its whole label; not when converting

        State _state
        Entity _entity              # whose headers or body this is
        OutBuffer _start            # of a line that is not there as far as needed to tell what it is
        Rest _rest
        Header _header              # under construction
        list _waiting               # None, or (is a label, header) since a label that an 8bit one may undo
        Py_ssize_t _waiting_size
        Py_ssize_t _label_line      # of the 8bit label, for notes

    # Feeding: as LineWriter.copy takes it; then the end of content
    cdef int push(self, const char* data, const char* end) except -1
    cdef int finish(self) except -1
    cdef int reset(self) except -1

    # Lines: which of them must be looked at, and what each one is
    cdef const char* _collect(self, const char* at, const char* end) except NULL
    cdef const char* _feed_rest(self, const char* at, const char* end) except NULL
    cdef int _take_line(self, const char* line, const char* end, bint ended) except -1
    cdef bint _take_header_line(self, const char* line, const char* end, bint ended) except -1
    cdef int _take_body_line(self, const char* line, const char* end, bint ended) except -1

    # Headers
    cdef int _end_header(self) except -1
    cdef int _write_header(self, const char* data, Py_ssize_t length) except -1
    cdef int _release(self, bint drop_labels) except -1
    cdef int _take_label(self, const char* value, const char* end) except -1

    # Blocks and bodies
    cdef int _end_block(self) except -1
    cdef int _enter_body(self, bint after_empty_line) except -1
    cdef bint _encodes(self) noexcept
