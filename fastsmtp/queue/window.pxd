# Types for window.py, which is compiled with them.

cdef class Window:
    cdef:
        object _rules
        double _success
        double _failure
        double _cohorts
    cdef public:
        Py_ssize_t size
        bint closed
