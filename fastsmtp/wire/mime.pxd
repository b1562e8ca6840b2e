# The MIME state machine: 8bit parts for a 7bit peer. The body is ext/mime.pyx.
from fastsmtp.wire.ascii cimport AsciiWriter
from fastsmtp.wire.buffer cimport OutBuffer
from fastsmtp.wire.entity cimport Entity
from fastsmtp.wire.header cimport Header
from fastsmtp.wire.held cimport HeldText
from fastsmtp.wire.lines cimport LineWriter
from fastsmtp.wire.quoted cimport QuotedWriter


cdef enum State:
    PRIMARY                 # the message's own headers
    PART                    # headers behind a boundary
    NESTED                  # headers of an embedded message
    HELD                    # a leaf without label: its text is looked at before its headers are done
    BODY                    # all else: text, preamble, epilogue


# How the rest of a line goes on whose start was longer than the look-ahead
cdef enum Rest:
    NO_REST
    OF_HEADER
    OF_BOUNDARY


cdef class MimeMachine:
    cdef:
        LineWriter _lines
        AsciiWriter _raw            # for all text that is not encoded
        QuotedWriter _quoted
        bint _converting            # False: only look for labels
        bint _repairing             # what has no label, too: nothing above 127 may leave
        Py_ssize_t _look_ahead      # bytes of a line that decide what it is
        readonly bint labels_8bit   # a header block had 8bit or binary as its whole label; not when converting

        State _state
        Entity _entity              # whose headers or body this is
        OutBuffer _start            # of a line that is not there as far as needed to tell what it is
        Rest _rest
        Header _header              # under construction
        list _waiting               # None, or (is a label, header) since a label that an 8bit one may undo
        Py_ssize_t _waiting_size
        State _held_state           # of the block whose text is held
        bint _held_after_empty      # that text came behind an empty line
        HeldText _held
        bint _adding                # the label that is written is a new one
        bytes _settled              # text once held that is to be pushed again, its label known; or None
        Py_ssize_t _label_line      # of the 8bit label, for notes

    # Feeding: as LineWriter.copy takes it; then the end of content
    cdef int push(self, const char* data, const char* end) except -1
    cdef int finish(self) except -1
    cdef int reset(self) except -1

    cdef int _push(self, const char* data, const char* end) except -1

    # Lines: which of them must be looked at, and what each one is
    cdef const char* _collect(self, const char* at, const char* end) except NULL
    cdef const char* _feed_rest(self, const char* at, const char* end) except NULL
    cdef int _take_line(self, const char* line, const char* end, bint ended) except -1
    cdef bint _take_header_line(self, const char* line, const char* end, bint ended) except -1
    cdef int _take_body_line(self, const char* line, const char* end, bint ended) except -1

    # Headers
    cdef int _end_header(self) except -1
    cdef int _write_header(self, const char* data, Py_ssize_t length, Py_ssize_t source_lines) except -1
    cdef int _release(self, bint drop_labels) except -1
    cdef int _take_label(self, const char* value, const char* end) except -1

    # Blocks and bodies
    cdef int _end_block(self) except -1
    cdef int _enter_body(self, bint after_empty_line) except -1
    cdef bint _encodes(self) noexcept

    # Repair
    cdef const char* _hold(self, const char* at, const char* end) except NULL
    cdef int _settle(self, bint encode) except -1
    cdef int _add_label(self) except -1
    cdef bytes _repaired(self, const char* data, Py_ssize_t length)
