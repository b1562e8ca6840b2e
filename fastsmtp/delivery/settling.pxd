# Types for settling.py, which is compiled with them.
from fastsmtp.mail.request cimport Request
from fastsmtp.session.connection cimport Session
from fastsmtp.wire.transaction cimport Transaction

cdef class Settling:
    cdef:
        object _desk
        object _rules
