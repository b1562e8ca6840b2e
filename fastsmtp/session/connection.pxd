# Types for connection.py, which is compiled with them.
from fastsmtp.wire.engine cimport SessionEngine
from fastsmtp.wire.transaction cimport Transaction

cdef class Session:
    cdef:
        object _loop
        bint _waits_for_farewell
        bint _writing
        Py_ssize_t _backlog
        bytes _dotless
        bytes _late
        bint _watched
        object _parked
        Py_ssize_t _owed
        double _content_until
        double _deadline_at
        object _timer
        double _timer_at
        bint _in_pump
        Py_ssize_t _unheard
    cdef public:
        object host
        str name
        str relay
        list hosts
        int sites
        bint stands_in
        SessionEngine engine
        object driver
        object tunnel
        object broken
        str tls
        object identity
        double opened_at
        Py_ssize_t begun
        Py_ssize_t uses
        Py_ssize_t messages_limit
        object domains
        bint over
        bint held
        bint timed_out
        object transcript
        double dot_delay
        object opening
        object deadlines
        object transport

    cdef _note_unsent(self)
    cdef _pump(self)
    cdef _flush(self)
    cdef _arm(self)
