# Types for destination_queue.py, which is compiled with them.
from fastsmtp.queue.window cimport Window

cdef class Lane:
    cdef public:
        object rules
        dict ready
        Py_ssize_t busy


cdef class Crowd:
    cdef public:
        object key
        Py_ssize_t members
        Py_ssize_t busy
        dict blocked


cdef class DestinationQueue:
    cdef public:
        object destination
        Lane lane
        Crowd crowd
        Window window
        object waiting
        object returned
        Py_ssize_t busy
        double closed_until
        tuple reason
