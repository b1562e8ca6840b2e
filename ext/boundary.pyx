"""Boundaries of the multiparts that are open, and which of them a line is.

    find_boundary(open, data, end)    a line behind "--": innermost first, by prefix, as it is spelled
Does not open or close any: Entity does.
Source: RFC 2046 5.1; Postfix mime_state (spec: content, 5.5).
"""

cimport cython
from libc.string cimport memcmp


@cython.final
cdef class Boundary:
    """An open multipart: what its boundary lines say behind the dashes."""


cdef Py_ssize_t find_boundary(list open, const char* data, const char* end) noexcept:
    cdef Py_ssize_t place, size
    cdef Boundary boundary
    for place in range(len(open) - 1, -1, -1):
        boundary = <Boundary>open[place]
        size = len(boundary.text)
        if size <= end - data and not memcmp(data, <char*>boundary.text, <size_t>size):
            return place
    return -1
