# SMTP replies: bytes from the peer, cut anywhere, become Reply values. The body is ext/reply.pyx, the Python face reply.pyi.

cdef class Reply:
    cdef:
        readonly int code          # of the last line; any three digits, 0 to 999
        readonly bytes raw         # every line, code included, joined by LF; printable bytes and valid UTF-8 alone
        readonly bint garbled      # a line of it was no reply line

    # First digit of the code: what the reply means before anything else is known
    cdef inline int digit(self) noexcept:
        return self.code // 100

    # The peer is about to close: no other command helps (RFC 5321 3.8)
    cdef inline bint closing(self) noexcept:
        return self.code == 421

    # The answer to QUIT, whatever was asked
    cdef inline bint farewell(self) noexcept:
        return self.code == 221

    # No code that refuses: the peer is out of step or did not understand us (spec: session, 3)
    cdef inline bint odd_refusal(self) noexcept:
        return self.code < 400 or self.code > 599 or 500 <= self.code <= 509 or self.code == 555

    # To a command in a group: no verdict on the mail, but a peer that lost count of what it was asked
    cdef inline bint out_of_step(self) noexcept:
        return not 4 <= self.digit() <= 5 or self.code == 500 or self.code == 502 or self.code == 503


cdef class ReplyReader:
    cdef:
        bytes _data                # what was fed and not yet consumed, from _at on
        Py_ssize_t _at             # the first byte not consumed
        Py_ssize_t _searched       # no LF stands before this place: each byte is looked at once
        bint _skipping             # the rest of a line over the limit is dropped up to its LF
        bint _garbled              # the reply under way has a line that is none
        list _lines                # its lines so far
        public object filter       # of lines: bytes to bytes; None: they count as they come
        public tuple secrets       # in bytes, that no reply may show; None: there are none
        Py_ssize_t _stored         # their length: past LINE_LIMIT lines are read but not kept

    # Feeding: any cut of the stream
    cdef int feed(self, bytes data) except -1
    # The next whole reply, or None: not yet
    cdef Reply next(self)
    cdef bint partial(self) noexcept
    # Everything fed and not given out is dropped: so many bytes
    cdef Py_ssize_t forget(self) except -1

    cdef bytes _line(self)
    cdef bytes _filtered(self, bytes line)
    cdef bytes _concealed(self, bytes line)
    cdef Reply _take_line(self, bytes line)
