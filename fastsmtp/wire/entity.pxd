# What a header block says of the entity it heads. The body is ext/entity.pyx.
from fastsmtp.wire.tokens cimport TokenReader


# What a Content-Type means for conversion
cdef enum Shape:
    LEAF                    # its body is text to be encoded
    MULTIPART               # its body holds parts
    MESSAGE                 # message/rfc822: its body holds a message
    GLOBAL                  # message/global: a message, but with an 8bit label a leaf


cdef class Boundary:
    cdef:
        bytes text              # cut to the limit
        Shape part_shape        # of parts without Content-Type


cdef class Entity:
    cdef:
        Shape shape
        bint is_8bit            # labelled 8bit or binary
        list open               # Boundary, innermost last: all that enclose this entity, then its own
        bytes type_name         # for notes
        Py_ssize_t _nesting_limit
        Py_ssize_t _boundary_limit
        TokenReader _tokens

    # A new entity inside the open boundaries; all forgotten
    cdef int begin(self, Shape shape) except -1
    cdef int reset(self) except -1
    # Values of its headers
    cdef bint take_type(self, const char* value, const char* end) except -1
    cdef int take_label(self, const char* value, const char* end) except -1
    cdef bint _take_boundaries(self, Shape part_shape) except -1
    # Boundary lines: the innermost that `data` starts with, or -1; what goes when it is passed
    cdef Py_ssize_t find_boundary(self, const char* data, const char* end) noexcept
    cdef bint pass_boundary(self, Py_ssize_t place, const char* data, const char* end) except -1
