"""The sender's half of a session: which command or content leaves next, and whether the peer must answer first.

The transactions that were begun stand in one list, oldest first; `sending` is the place of the first with something left
to send. Those before it wait for replies alone, which the receiver's half (engine.pyx) reads.

Source: RFC 5321 4.1.4, 2920, 3030; Postfix smtp_proto(3) (spec: session, 11).
"""

cimport cython
from cpython.bytes cimport PyBytes_GET_SIZE
from fastsmtp.wire.pipeline cimport C_TAKE_LIMIT, Pipeline
from fastsmtp.wire.terms cimport C_DATA, C_END, C_LONE_END, C_MAIL, C_QUIT, C_RCPT, C_RSET, C_XFORWARD
from fastsmtp.wire.transaction cimport Transaction

BLIND_LIMIT = 262144   # content up to here follows BDAT before a recipient is accepted: more is not sent for nothing
AHEAD_LIMIT = 1048576  # bytes of content begun and not answered: past them the window counts as full

cdef enum:
    C_BLIND_LIMIT = 262144
    C_AHEAD_LIMIT = 1048576


@cython.final
cdef class Sender:
    def __init__(self, Pipeline pipe not None):
        self.pipe = pipe
        self.transactions = []

    # Transactions begun and not answered

    cdef int add(self, Transaction transaction, Py_ssize_t place) except -1:
        self.transactions.insert(place, transaction)
        self.ahead += PyBytes_GET_SIZE(transaction.content)
        return 0

    cdef int close(self) except -1:
        cdef Transaction transaction = <Transaction>self.transactions.pop(0)
        self.ahead -= PyBytes_GET_SIZE(transaction.content)
        self.pipe.settle(transaction.said)
        if self.sending:
            self.sending -= 1
        return 0

    cdef bint has_room(self) except -1:
        cdef Py_ssize_t begun = len(self.transactions)
        if not begun or not self.chunking or not self.chained or not self.pipe.pipelining:
            return not begun
        return begun < self.window and self.ahead < C_AHEAD_LIMIT

    cdef list undecided(self):
        cdef Transaction transaction
        return [
            transaction
            for transaction in self.transactions
            if transaction.data is None or transaction.accepted or transaction.data.digit() != 3
        ]

    cdef Transaction give_up(self):
        cdef Transaction transaction
        cdef Py_ssize_t size
        if self.pipe.count or not self.transactions:
            return None
        transaction = <Transaction>self.transactions[0]
        size = len(transaction.recipients)
        if transaction.mail is None:
            return None
        if transaction.mail.digit() != 2 and transaction.data is None:
            pass
        elif transaction.cursor == size + 1 and not transaction.accepted:
            pass
        elif transaction.data is None or transaction.data.digit() == 3:
            return None
        self.reset_due = True
        self.close()
        return transaction

    # What the peer offers

    cdef int adopt(self, bint pipelining, bint size, bint eightbit, bint dsn, bytes forward) except -1:
        self.pipe.pipelining = pipelining
        self.size = size
        self.eightbit = eightbit
        self.dsn = dsn
        self.forward = forward
        return 0

    # What leaves next

    cdef int fill(self) except -1:
        if self.pipe.count == 0:
            self.drained = True
        if self.reset_due:
            # While messages are in flight none of them may be the success that makes it needless.
            if self.sending or not self.pipe.may_say(6):
                return 0
            self.reset_due = False
            self.pipe.say(b"RSET\r\n", C_RSET)
        while self.sending < len(self.transactions):
            if self.pipe.queued >= C_TAKE_LIMIT or not self._fill_transaction(<Transaction>self.transactions[self.sending]):
                return 0
        if self.quitting and not self.reset_due and self.pipe.may_say(6):
            self.quitting = False
            self.pipe.say(b"QUIT\r\n", C_QUIT)
        return 0

    cdef bint _fill_transaction(self, Transaction transaction) except -1:
        """Sends what may be sent of it; False: the peer must answer first."""
        cdef Py_ssize_t size = len(transaction.recipients)
        cdef bytes line
        while transaction.cursor <= size:
            if transaction.cursor == 0:
                line = transaction.mail_line(self.size, self.eightbit, self.dsn)
                if self.says_auth:
                    line = line[:PyBytes_GET_SIZE(line) - 2] + b" AUTH=<>\r\n"
                if not self._say_origin(transaction, PyBytes_GET_SIZE(line)):
                    return False
            else:
                line = transaction.rcpt_line(transaction.cursor - 1, self.dsn)
            if not self.pipe.may_say(PyBytes_GET_SIZE(line)):
                return False
            self.pipe.say(line, C_RCPT if transaction.cursor else C_MAIL)
            transaction.said += PyBytes_GET_SIZE(line)
            transaction.cursor += 1
        if transaction.chunked:
            return self._fill_chunk(transaction)
        if transaction.cursor == size + 1:
            if not self.pipe.may_say(6):
                return False
            self.pipe.say(b"DATA\r\n", C_DATA)
            transaction.said += 6
            transaction.cursor += 1
        if self.pipe.count:
            return False
        if transaction.accepted:
            self.pipe.expect(C_END)
            self._give_content(transaction)
        else:
            transaction.cursor += 1
            self.ahead -= PyBytes_GET_SIZE(transaction.content)
            self.pipe.give(b".\r\n")
            self.pipe.expect(C_LONE_END)
            self.transactions.pop(self.sending)
        return True

    cdef bint _say_origin(self, Transaction transaction, Py_ssize_t length) except -1:
        """XFORWARD, if there is one, ahead of a MAIL command of so many bytes; False: neither may leave now."""
        if self.forward is None or transaction.introduced:
            return not self.sending or self._may_follow(transaction, length)
        if self.pipe.pipelining:
            length += PyBytes_GET_SIZE(self.forward)
        if self.sending and not self._may_follow(transaction, length) or not self.pipe.may_say(length):
            return False
        transaction.introduced = True
        transaction.said += PyBytes_GET_SIZE(self.forward)
        self.pipe.say(self.forward, C_XFORWARD)
        return True

    cdef bint _may_follow(self, Transaction transaction, Py_ssize_t length) except -1:
        """Its MAIL may leave though those before it are unanswered: one by DATA, a window of them by BDAT."""
        cdef Transaction before = <Transaction>self.transactions[self.sending - 1]
        if not self.chained or before.chunked != transaction.chunked:
            return False
        if transaction.chunked and not (self.proven or self.drained):
            # A peer that drops what comes along with a message would answer this one in the place of that.
            return False
        if self.sending >= (self.window if transaction.chunked else 2) or not self.pipe.may_say(length + 6):
            return False
        transaction.grouped = True
        if transaction.chunked and not before.accepted and transaction.sender != before.sender:
            # Should the peer keep the envelope open, this message would go out in the other one's name.
            self.pipe.say(b"RSET\r\n", C_RSET)
            transaction.said += 6
        return True

    cdef bint _fill_chunk(self, Transaction transaction) except -1:
        cdef Py_ssize_t size = PyBytes_GET_SIZE(transaction.content)
        cdef bytes line
        if size > C_BLIND_LIMIT and not transaction.accepted:
            return False
        line = b"BDAT %d LAST\r\n" % size
        if not self.pipe.may_say(PyBytes_GET_SIZE(line)):
            return False
        transaction.said += PyBytes_GET_SIZE(line)
        self.pipe.say(line, C_END)
        self._give_content(transaction)
        return True

    cdef int _give_content(self, Transaction transaction) except -1:
        if self.pipe.listener is not None:
            self.pipe.listener.content(PyBytes_GET_SIZE(transaction.content))
        self.pipe.give(transaction.content)
        transaction.ends_at = self.pipe.handed
        transaction.cursor = len(transaction.recipients) + 3
        self.sending += 1
        return 0
