# The SMTP client session without I/O: bytes in, bytes and events out. The body is ext/engine.pyx, the Python face
# engine.pyi.
from fastsmtp.wire.introduction cimport Introduction
from fastsmtp.wire.reply cimport Reply, ReplyReader
from fastsmtp.wire.transaction cimport Transaction

cdef enum:
    RING = 512                     # commands without a reply; GROUP_LIMIT bytes of commands never hold as many

cdef class SessionEngine:
    cdef:
        readonly bint suspect      # the peer broke a rule: usable now, not to be kept
        readonly bint open         # the handshake is over, QUIT not sent
        Introduction _introduction
        bint _chained              # the next transaction's commands may leave with this one's content
        ReplyReader _reader
        list _events
        list _out                  # what leaves at the next take()
        list _transactions         # begun and not answered, oldest first
        Py_ssize_t _sending        # the first of them with something left to send
        Py_ssize_t _unanswered     # bytes of commands since the peer owed us nothing
        bint _reset_due            # a transaction was given up half-way: RSET before anything else
        bint _quitting
        unsigned char _ring[RING]  # commands without a reply, oldest first
        int _head
        int _count

    # Ring of commands without a reply
    cdef int _expect(self, int command) except -1
    cdef int _expected(self) except -1

    # Transactions that the peer still owes an answer
    cdef list _undecided(self)

    # Incoming flow: one method a command answered
    cdef int _answer(self, Reply reply) except -1
    cdef int _introduce(self, int command, Reply reply) except -1
    cdef int _answer_mail(self, Reply reply) except -1
    cdef int _answer_rcpt(self, Reply reply) except -1
    cdef int _answer_data(self, Reply reply) except -1
    cdef int _answer_end(self, Reply reply) except -1
    cdef int _note_refusal(self, Reply reply) except -1
    cdef int _correct(self) except -1
    cdef int _close_transaction(self, Transaction transaction) except -1

    # Outgoing flow
    cdef int _say(self, bytes line, int command) except -1
    cdef bint _may_say(self, Py_ssize_t length) noexcept
    cdef int _fill(self) except -1
    cdef bint _fill_transaction(self, Transaction transaction) except -1
