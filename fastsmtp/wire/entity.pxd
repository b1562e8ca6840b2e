# What a header block says of the entity it heads. The body is ext/entity.pyx.
from fastsmtp.wire.tokens cimport TokenReader


# What a Content-Type means for conversion
cdef enum Shape:
    LEAF                    # its body is text to be encoded
    MULTIPART               # its body holds parts
    MESSAGE                 # message/rfc822: its body holds a message
    GLOBAL                  # message/global: a message, but with an 8bit label a leaf


# How its body is coded already, as far as bytes above 127 in it go
cdef enum Coding:
    PLAIN                   # 7bit, 8bit, binary, or no label: text as it is
    QUOTED                  # quoted-printable
    CODED                   # base64, or something unknown


cdef class Entity:
    cdef:
        Shape shape
        bint is_8bit            # labelled 8bit or binary
        Coding coding
        bint has_type           # the block has a Content-Type,
        bint has_version        # and a MIME-Version
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
    # The boundary at `place` is passed: what goes with it; False when it closes
    cdef bint pass_boundary(self, Py_ssize_t place, const char* data, const char* end) except -1
