# Types for carry.py, which is compiled with them.
from fastsmtp.mail.request cimport Request
from fastsmtp.queue.scheduler cimport Scheduler
from fastsmtp.session.connection cimport Session
from fastsmtp.worker.settle cimport Settler

cdef class Worker:
    cdef:
        object _rules
        object _generations
        Scheduler _scheduler
        object _feed
        Settler _settler
        bint _once
        object _unsent
        bint _shared_message
        set _carriers
        object _loop
        object _over
        bint _turn_asked
        list _held
        bint _stopping
        bint _paused
        object _statistics
        object _timer
        double _timer_at
    cdef public:
        object cache
        object memory
        object log
        object generations
        double arrived_at
        object clock
        dict complaints
        object asking
