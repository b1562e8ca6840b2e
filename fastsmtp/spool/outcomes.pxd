# Types for outcomes.py, which is compiled with them.

cdef class Outcomes:
    cdef:
        object _execute
        object _executemany
        object _tally
        set _retrying
        dict _peers
        list _new_peers
        Py_ssize_t _last_peer
