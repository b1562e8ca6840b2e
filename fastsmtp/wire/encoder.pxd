# Message content to wire bytes, whole or in pieces. The body is ext/encoder.pyx.
from fastsmtp.wire.buffer cimport OutBuffer
from fastsmtp.wire.lines cimport LineWriter
from fastsmtp.wire.mime cimport MimeMachine


cdef class Encoder:
    cdef:
        OutBuffer _out
        LineWriter _lines
        MimeMachine _machine    # None: nothing is converted
        bint _broke_lines       # the last finished message had a line over the limit
        bint _cr_waits          # the last piece ended in CR: line end or stray, the next byte tells

    # Feeding: any cut of the message, any number of times
    cdef int _feed(self, const char* data, Py_ssize_t length) except -1
    cdef int _push(self, const char* data, Py_ssize_t length) except -1
    cdef int _finish(self) except -1
    cdef int _reset(self) except -1
    cdef bytes _encode(self, const unsigned char* message, Py_ssize_t length)
