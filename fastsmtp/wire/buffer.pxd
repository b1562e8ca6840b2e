# A growing block of output. The body is ext/buffer.pyx.
from cpython.object cimport PyObject
from libc.string cimport memcpy


cdef class OutBuffer:
    cdef:
        PyObject* _store        # the bytes object under construction; we are its only owner until take()
        char* at                # the next free byte of it
        char* stop              # one past its last byte

    # Filling: room for `more` bytes behind `at`, whatever was there before kept
    cdef int grow(self, Py_ssize_t more) except -1
    cdef Py_ssize_t size(self) noexcept
    # Handing out: what was put in, without a copy; empty and ready afterwards
    cdef bytes take(self)
    cdef void clear(self) noexcept


cdef inline int reserve(OutBuffer out, Py_ssize_t more) except -1:
    if out.stop - out.at < more:
        out.grow(more)
    return 0


cdef inline char* begin(OutBuffer out) noexcept:
    return out.at - out.size()


cdef inline int put(OutBuffer out, const char* data, Py_ssize_t length) except -1:
    reserve(out, length)
    memcpy(out.at, data, <size_t>length)
    out.at += length
    return 0


cdef inline int put_crlf(OutBuffer out) except -1:
    reserve(out, 2)
    out.at[0] = 13
    out.at[1] = 10
    out.at += 2
    return 0


cdef inline int put_byte(OutBuffer out, char byte) except -1:
    reserve(out, 1)
    out.at[0] = byte
    out.at += 1
    return 0
