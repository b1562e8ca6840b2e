# Which command or content leaves next. The body is ext/sender.pyx, the Python face sender.pyi.
from fastsmtp.wire.pipeline cimport Pipeline
from fastsmtp.wire.transaction cimport Transaction

cdef class Sender:
    cdef:
        Pipeline pipe
        list transactions          # begun and not answered, oldest first
        Py_ssize_t sending         # the first of them with something left to send
        Py_ssize_t ahead           # bytes of their content
        int window                 # messages in flight by BDAT at most
        bint size                  # offers that commands are built from
        bint eightbit
        bint dsn
        public bint says_auth      # MAIL has AUTH=<> (RFC 4954, 5): the session authenticated
        bytes forward              # XFORWARD, for each transaction; None: the peer is not told
        bint chunking              # content goes by BDAT
        bint chained               # the next transaction's commands may leave before this one is answered
        bint proven                # the peer took a message that came along with another
        bint drained               # nothing was unanswered, and nothing was heard since
        bint reset_due             # a transaction was given up half-way: RSET before anything else
        bint quitting

    # Transactions begun and not answered: one more, behind so many; the oldest is answered; whether more are wanted
    cdef int add(self, Transaction transaction, Py_ssize_t place) except -1
    cdef int close(self) except -1
    cdef bint has_room(self) except -1
    # Those that the peer still owes an answer: not the one that only waits for its empty message to leave
    cdef list undecided(self)
    # The oldest, if all was answered and it has no recipient left: given up, before more of it is sent; else None
    cdef Transaction give_up(self)

    # What the peer offers
    cdef int adopt(self, bint pipelining, bint size, bint eightbit, bint dsn, bytes forward) except -1

    # What leaves next
    cdef int fill(self) except -1
    cdef bint _fill_transaction(self, Transaction transaction) except -1
    cdef bint _say_origin(self, Transaction transaction, Py_ssize_t length) except -1
    cdef bint _may_follow(self, Transaction transaction, Py_ssize_t length) except -1
    cdef bint _fill_chunk(self, Transaction transaction) except -1
    cdef int _give_content(self, Transaction transaction) except -1
