# Types for settle.py, which is compiled with them.

cdef class Settler:
    cdef:
        object _spool
        object _log
        double _arrived_at
        bint _one_message_each
        list _turn
        list _ahead
    cdef public:
        object backoff
        object listener
        double earliest_retry
