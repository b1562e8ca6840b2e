# Types for scheduler.py, which is compiled with them.
from fastsmtp.mail.request cimport Request
from fastsmtp.queue.destination_queue cimport Crowd, DestinationQueue, Lane
from fastsmtp.queue.window cimport Window

cdef class Scheduler:
    cdef:
        object _rules
        object _others
        dict _queues
        dict _crowds
        dict _lanes
        list _closed
    cdef public:
        object queue_id
        Py_ssize_t busy
        Py_ssize_t held
        Py_ssize_t left

    cdef DestinationQueue _queue(self, destination)
    cdef Request _take(self, DestinationQueue queue, double now)
    cdef _mark(self, DestinationQueue queue)
