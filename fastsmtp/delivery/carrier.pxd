# Types for carrier.py, which is compiled with them.
from fastsmtp.delivery cimport limits
from fastsmtp.delivery.settling cimport Settling
from fastsmtp.mail.request cimport Request
from fastsmtp.session.connection cimport Session
from fastsmtp.wire.transaction cimport Transaction

cdef class Carrier:
    cdef:
        object _desk
        object _generation
        object _protecting
        object _walk
        str _sender
        Settling _settling
        Session _session
        Request _rest
        object _task
    cdef public:
        object destination

    cdef _start_on(self, Session session, Request request)
    cdef bint _begin(self, Session session, Request request) except -1
    cdef bint _begin_next(self, Session session) except -1
