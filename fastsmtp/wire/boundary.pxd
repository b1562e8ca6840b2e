# Open multiparts and the lines that divide them. The body is ext/boundary.pyx.

cdef class Boundary:
    cdef:
        bytes text              # cut to the limit
        int part_shape          # Shape of parts without Content-Type


# The innermost of `open` that `data` (behind "--") starts with, or -1
cdef Py_ssize_t find_boundary(list open, const char* data, const char* end) noexcept
