# Types for limits.py, which is compiled with them.
from fastsmtp.mail.request cimport Request
from fastsmtp.session.connection cimport Session
from fastsmtp.wire.engine cimport SessionEngine

cpdef bint open_to_more(Session session, destination) except -1
cpdef Request split(Session session, Request request)
