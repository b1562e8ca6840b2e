"""What was said to the peer: commands without a reply, oldest first, and bytes that are still on their way.

    say(line, command)   a command; its reply is expected behind those before it. give(piece): content, which has none
    ask(line, command, shown)   a command by itself, of which only so much is shown
    may_say(length)      whether the peer may be asked that much more before it answered: GROUP_LIMIT, PIPELINING
    expected()           the command that a reply belongs to; `idle`: none was due
    take()               the bytes to write now
    given()              how much of all that was ever said has left the transport

Source: RFC 2920 3.1; Postfix smtp_proto(3) (spec: session, 11).
"""

cimport cython
from cpython.bytes cimport PyBytes_GET_SIZE

GROUP_LIMIT = 4096   # bytes of commands that wait for replies at most: past it two full socket buffers could lock
TAKE_LIMIT = 65536   # bytes given out at a time; so much goes out as one piece: a copy costs less than a second segment

cdef enum:
    C_GROUP_LIMIT = 4096


@cython.final
cdef class Pipeline:
    def __cinit__(self, int idle):
        self._idle = idle
        self._out = []

    # Commands without a reply

    cdef int expect(self, int command) except -1:
        if self.count == RING:
            raise OverflowError("more commands unanswered than a group can hold")
        self._ring[(self._head + self.count) % RING] = command
        self.count += 1
        return 0

    cdef int expected(self) except -1:
        cdef int command
        if self.count == 0:
            return self._idle
        command = self._ring[self._head]
        self._head = (self._head + 1) % RING
        self.count -= 1
        if self.count == 0:
            self._unanswered = 0
        return command

    cdef int expect_again(self, int command) except -1:
        self._head = (self._head - 1) % RING
        self._ring[self._head] = command
        self.count += 1
        return 0

    cdef int probe_with_last(self, int command) except -1:
        self._ring[(self._head + self.count - 1) % RING] = command
        return 0

    cdef int stage(self) noexcept:
        return self._ring[self._head] if self.count else self._idle

    cdef int settle(self, Py_ssize_t length) except -1:
        if self.count:
            self._unanswered -= length
        return 0

    # Bytes

    cdef bint may_say(self, Py_ssize_t length) noexcept:
        if self.count == 0:
            return True
        return self.pipelining and self._unanswered + length <= C_GROUP_LIMIT

    cdef int say(self, bytes line, int command) except -1:
        self.expect(command)
        self._unanswered += PyBytes_GET_SIZE(line)
        if self.listener is not None:
            self.listener.said(line)
        return self.give(line)

    cdef int ask(self, bytes line, int command, bytes shown) except -1:
        self.expect(command)
        if self.listener is not None:
            self.listener.said(shown)
        return self.give(line)

    cdef int give(self, bytes piece) except -1:
        self.handed += PyBytes_GET_SIZE(piece)
        self.queued += PyBytes_GET_SIZE(piece)
        self._out.append(piece)
        return 0

    cdef list take(self):
        cdef list out = self._out
        if not out:
            return out
        self._out = []
        if len(out) > 1 and self.queued <= C_TAKE_LIMIT:
            out = [b"".join(out)]
        self.queued = 0
        return out

    cdef Py_ssize_t given(self) noexcept:
        return self.handed - self.queued - self.unsent
