# What was said to the peer and is not answered, or not gone. The body is ext/pipeline.pyx, the Python face pipeline.pyi.

cdef enum:
    RING = 512                     # commands without a reply; GROUP_LIMIT bytes of commands never hold as many
    C_TAKE_LIMIT = 65536

cdef class Pipeline:
    cdef:
        bint pipelining            # the peer takes a command before it answered the last one
        int count                  # commands without a reply
        Py_ssize_t handed          # bytes ever said,
        Py_ssize_t queued          # and those of them that wait for take()
        Py_ssize_t unsent          # bytes that the transport still holds, as its owner last said
        object listener            # is told what is said; mostly None
        list _out                  # what leaves at the next take()
        Py_ssize_t _unanswered     # bytes of commands since the peer owed us nothing, less those that were settled
        unsigned char _ring[RING]  # commands without a reply, oldest first
        int _head
        int _idle                  # no command, for those who ask

    # Commands without a reply
    cdef int expect(self, int command) except -1
    cdef int expected(self) except -1
    # The reply just read was not this command's: it stays unanswered, or stands first though not yet said
    cdef int expect_again(self, int command) except -1
    # The newest one serves as `command` too
    cdef int probe_with_last(self, int command) except -1
    cdef int stage(self) noexcept
    # So many bytes of commands were answered for good
    cdef int settle(self, Py_ssize_t length) except -1

    # Bytes
    cdef bint may_say(self, Py_ssize_t length) noexcept
    cdef int say(self, bytes line, int command) except -1
    # The same, alone; the listener hears what may be shown of it
    cdef int ask(self, bytes line, int command, bytes shown) except -1
    cdef int give(self, bytes piece) except -1
    cdef list take(self)
    cdef Py_ssize_t given(self) noexcept
