"""A growing block of output that becomes a bytes object without a copy.

    reserve(out, n), put, put_crlf, put_byte    inline, in buffer.pxd: room is checked once, then written
    take()                                      the bytes so far; the buffer is empty afterwards
The block grows by half, so that a message is moved a few times at most; a caller that knows the size
reserves it first and nothing is moved. Does not limit itself: whoever feeds it takes often enough.
Source: ours.
"""

cimport cython

cdef extern from "Python.h":
    PyObject* new_bytes "PyBytes_FromStringAndSize"(const char* text, Py_ssize_t size) except NULL
    int resize_bytes "_PyBytes_Resize"(PyObject** text, Py_ssize_t size) except -1
    char* bytes_at "PyBytes_AS_STRING"(PyObject* text) noexcept
    void unref "Py_XDECREF"(PyObject* item) noexcept

cdef extern from "kernels.h":
    void ask_for_huge_pages(char* start, char* stop) noexcept

cdef enum:
    SMALLEST = 512
    LARGE = 4194304         # from here on small pages cost half the time of a conversion

cdef char[1] NOWHERE        # a buffer without a store is here: memcpy wants a place even for nothing


@cython.final
cdef class OutBuffer:
    """See buffer.pxd."""

    def __cinit__(self) -> None:
        self.at = self.stop = NOWHERE

    def __dealloc__(self) -> None:
        unref(self._store)

    cdef int grow(self, Py_ssize_t more) except -1:
        cdef Py_ssize_t used = self.size()
        cdef Py_ssize_t wanted = used + max(more, used >> 1, <Py_ssize_t>SMALLEST)
        if self._store is NULL:
            self._store = new_bytes(NULL, wanted)
        else:
            self.at = self.stop = NOWHERE      # a failed resize frees the store and sets it to NULL
            resize_bytes(&self._store, wanted)
        self.at = bytes_at(self._store) + used
        self.stop = bytes_at(self._store) + wanted
        if wanted >= LARGE:
            ask_for_huge_pages(self.at, self.stop)
        return 0

    cdef Py_ssize_t size(self) noexcept:
        return 0 if self._store is NULL else self.at - bytes_at(self._store)

    cdef bytes take(self):
        cdef Py_ssize_t used = self.size()
        cdef object taken
        if used == 0:
            return b""
        self.at = self.stop = NOWHERE
        resize_bytes(&self._store, used)
        taken = <object>self._store
        unref(self._store)                  # the reference is the caller's now
        self._store = NULL
        return <bytes>taken

    cdef void clear(self) noexcept:
        if self._store is not NULL:
            self.at = bytes_at(self._store)
