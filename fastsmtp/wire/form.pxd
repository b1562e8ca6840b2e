# A message with holes for a row's values. The body is ext/form.pyx.

cdef enum:
    MOST_VALUES = 64               # of a row: more of them take the long way


cdef class Form:
    cdef:
        tuple _literals             # bytes: one more than there are holes
        tuple _holes                # numbers of values, in order
        Py_ssize_t[MOST_VALUES] _rooms     # the longest that each value may be; negative: not looked at
        Py_ssize_t _count           # of values
        Py_ssize_t _size            # of all literals

    # Values by number: text and size of each
    cdef bytes _fill(self, const char** texts, const Py_ssize_t* sizes)
