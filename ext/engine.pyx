"""The SMTP client session without I/O: bytes in, bytes and events out.

Two cursors move over the transactions that were begun: the sender's (in each Transaction) and the receiver's (the ring of
commands without a reply). Each reply belongs to the oldest such command; `_answer` is the table.

The sender stops, and the peer must answer all it was asked, where
- a message's content is next: its DATA must have been answered;
- the peer offers no PIPELINING: after every command;
- the next command would make more than GROUP_LIMIT bytes unanswered.

The commands of the next transaction may leave in one group with the content of this one (RFC 2920 3.1), so that a busy
session costs one round trip a message. Content never leaves while the DATA before it is unanswered. A transaction that
lost all its recipients ends with RSET, or, where DATA was already accepted, with an empty message; never after a success.

The greeting and EHLO are the introduction's (introduction.pyx). Does not know sockets, clocks, parameters, or what a
refusal means for a recipient: that is fastsmtp.outcome.
Source: RFC 5321, 2920; Postfix smtp_proto(3); spec: session, 10, 11.
"""

cimport cython
from cpython.bytes cimport PyBytes_GET_SIZE
from fastsmtp.wire.introduction cimport Introduction
from fastsmtp.wire.reply cimport Reply, ReplyReader
from fastsmtp.wire.terms cimport (
    C_DATA, C_EHLO, C_END, C_GREETING, C_HELO, C_IDLE, C_LONE_END, C_MAIL, C_PROBE, C_QUIT, C_RCPT, C_RSET,
    E_ANSWERED, E_CLOSED, E_CONTENT_DUE, E_READY, E_UNUSABLE,
)
from fastsmtp.wire.transaction cimport Transaction

from fastsmtp.errors import LocalProtocolError
from fastsmtp.wire.terms import (  # the engine's users find them here
    ANSWERED, CLOSED, CONTENT_DUE, DATA, EHLO, END, GREETING, HELO, IDLE, LONE_END, MAIL, PROBE, QUIT, RCPT, READY,
    REFUSED, RSET, UNUSABLE,
)

GROUP_LIMIT = 4096   # bytes of commands that wait for replies at most: past it two full socket buffers could lock
JOIN_LIMIT = 65536   # smaller output goes out as one piece: a copy costs less than a second segment

cdef enum:
    C_GROUP_LIMIT = 4096


@cython.final
cdef class SessionEngine:
    def __init__(
        self, bytes helo_name not None, *, discard=frozenset(),
        bint always_ehlo=True, bint never_ehlo=False, bint chained=True,
    ):
        self._introduction = Introduction(helo_name, frozenset(discard), always_ehlo, never_ehlo)
        self._chained = chained
        self._reader = ReplyReader()
        self._events = []
        self._out = []
        self._transactions = []
        self._expect(C_GREETING)

    # Receive data

    def receive(self, bytes data not None):
        cdef Reply reply
        self._reader.feed(data)
        while True:
            reply = self._reader.next()
            if reply is None:
                break
            self._answer(reply)
        self._correct()

    def events(self):
        cdef list events = self._events
        if events:
            self._events = []
        return events

    # Ask

    def begin(self, Transaction transaction not None):
        if not self.open:
            raise LocalProtocolError("a transaction begins between READY and quit()")
        self._transactions.append(transaction)

    def probe(self):
        if not self.open or self._transactions:
            raise LocalProtocolError("only an idle session is probed")
        if self._reset_due or not self._count:
            self._reset_due = False
            self._say(b"RSET\r\n", C_PROBE)
        else:
            # The RSET that ended the last transaction is still unanswered: its answer will do.
            self._ring[(self._head + self._count - 1) % RING] = C_PROBE

    def quit(self):
        self._quitting = True
        self.open = False

    # Send data

    def take(self):
        cdef list out
        self._fill()
        out = self._out
        if not out:
            return out
        self._out = []
        if len(out) > 1 and sum([len(piece) for piece in out]) <= JOIN_LIMIT:
            return [b"".join(out)]
        return out

    # The end of the stream

    def forsake(self):
        cdef list left = self._undecided()
        self._transactions = []
        self._sending = 0
        self.open = False
        return left

    # State

    @property
    def offers(self):
        return self._introduction.offers

    @property
    def peer_name(self):
        return self._introduction.peer_name

    @property
    def pipelining(self):
        return self._introduction.pipelining

    @property
    def size_limit(self):
        return self._introduction.size_limit

    @property
    def stage(self):
        return self._ring[self._head] if self._count else C_IDLE

    @property
    def busy(self):
        return bool(self._transactions) and bool(self._undecided())

    cdef list _undecided(self):
        """The transactions without an answer: not the one that only waits for its empty message to leave."""
        cdef Transaction transaction
        return [
            transaction
            for transaction in self._transactions
            if transaction.data is None or transaction.accepted or transaction.data.digit() != 3
        ]

    # Ring of commands without a reply

    cdef int _expect(self, int command) except -1:
        if self._count == RING:
            raise LocalProtocolError("more commands unanswered than a group can hold")
        self._ring[(self._head + self._count) % RING] = command
        self._count += 1
        return 0

    cdef int _expected(self) except -1:
        cdef int command
        if self._count == 0:
            return C_IDLE
        command = self._ring[self._head]
        self._head = (self._head + 1) % RING
        self._count -= 1
        if self._count == 0:
            self._unanswered = 0
        return command

    # Incoming flow

    cdef int _answer(self, Reply reply) except -1:
        cdef int command = self._expected()
        if reply.garbled:
            self.suspect = True
        if command == C_MAIL:
            self._answer_mail(reply)
        elif command == C_RCPT:
            self._answer_rcpt(reply)
        elif command == C_DATA:
            self._answer_data(reply)
        elif command == C_END:
            self._answer_end(reply)
        elif command == C_GREETING or command == C_EHLO or command == C_HELO:
            self._introduce(command, reply)
        elif command == C_PROBE:
            if reply.digit() != 2:
                self._events.append((E_UNUSABLE, reply))
        elif command == C_QUIT:
            self._events.append((E_CLOSED, None))
        elif command == C_IDLE:
            self.suspect = True
            self._events.append((E_UNUSABLE, reply))
        return 0

    cdef int _introduce(self, int command, Reply reply) except -1:
        cdef Introduction introduction = self._introduction
        introduction.answer(command, reply)
        if introduction.line is not None:
            self._say(introduction.line, introduction.command)
        if introduction.event is not None:
            self.open = introduction.event[0] == E_READY
            self._events.append(introduction.event)
        return 0

    cdef int _answer_mail(self, Reply reply) except -1:
        cdef Transaction transaction = <Transaction>self._transactions[0]
        transaction.mail = reply
        if reply.digit() != 2:
            self._note_refusal(reply)
        return 0

    cdef int _answer_rcpt(self, Reply reply) except -1:
        cdef Transaction transaction = <Transaction>self._transactions[0]
        if transaction.mail.digit() == 2:
            transaction.replies[transaction.heard] = reply
            if reply.digit() == 2:
                transaction.accepted += 1
            else:
                self._note_refusal(reply)
        transaction.heard += 1
        return 0

    cdef int _answer_data(self, Reply reply) except -1:
        cdef Transaction transaction = <Transaction>self._transactions[0]
        transaction.data = reply
        if reply.digit() == 3:
            self._events.append((E_CONTENT_DUE if transaction.accepted else E_ANSWERED, transaction))
        elif transaction.accepted:
            self._note_refusal(reply)
        return 0

    cdef int _answer_end(self, Reply reply) except -1:
        cdef Transaction transaction = <Transaction>self._transactions[0]
        if reply.farewell():
            # The answer to a QUIT in the same group: the one to the end of data never came.
            self._expect_again(C_END)
            self._events.append((E_UNUSABLE, reply))
            return 0
        transaction.end = reply
        if reply.digit() != 2:
            self._note_refusal(reply)
        self._events.append((E_ANSWERED, transaction))
        return self._close_transaction(transaction)

    def _expect_again(self, int command):
        """The reply just read was not this command's: it stays unanswered."""
        self._head = (self._head - 1) % RING
        self._ring[self._head] = command
        self._count += 1

    cdef int _note_refusal(self, Reply reply) except -1:
        if reply.odd_refusal():
            self.suspect = True
        return 0

    cdef int _correct(self) except -1:
        """All was answered and the transaction has no recipient left: give it up here, before more is sent."""
        cdef Transaction transaction
        cdef Py_ssize_t size
        if self._count or not self._transactions:
            return 0
        transaction = <Transaction>self._transactions[0]
        size = len(transaction.recipients)
        if transaction.mail is None:
            return 0
        if transaction.mail.digit() != 2 and transaction.data is None:
            pass
        elif transaction.cursor == size + 1 and not transaction.accepted:
            pass
        elif transaction.data is None or transaction.data.digit() == 3:
            return 0
        self._events.append((E_ANSWERED, transaction))
        self._reset_due = True
        return self._close_transaction(transaction)

    cdef int _close_transaction(self, Transaction transaction) except -1:
        self._transactions.pop(0)
        if self._sending:
            self._sending -= 1
        return 0

    # Outgoing flow

    cdef int _say(self, bytes line, int command) except -1:
        self._expect(command)
        self._unanswered += PyBytes_GET_SIZE(line)
        self._out.append(line)
        return 0

    cdef bint _may_say(self, Py_ssize_t length) noexcept:
        if self._count == 0:
            return True
        return self._introduction.pipelining and self._unanswered + length <= C_GROUP_LIMIT

    cdef int _fill(self) except -1:
        if self._reset_due and self._may_say(6):
            self._reset_due = False
            self._say(b"RSET\r\n", C_RSET)
        while self._sending < len(self._transactions):
            if not self._fill_transaction(<Transaction>self._transactions[self._sending]):
                return 0
        if self._quitting and not self._reset_due and self._may_say(6):
            self._quitting = False
            self._say(b"QUIT\r\n", C_QUIT)
        return 0

    cdef bint _fill_transaction(self, Transaction transaction) except -1:
        """Sends what may be sent of it; False: the peer must answer first."""
        cdef Py_ssize_t size = len(transaction.recipients)
        cdef bytes line
        if transaction.cursor == 0 and self._sending and not self._chained:
            return False
        while transaction.cursor < size + 2:
            if transaction.cursor == 0:
                line = transaction.mail_line(self._introduction.size, self._introduction.eightbit)
            elif transaction.cursor <= size:
                line = transaction.rcpt_line(transaction.cursor - 1, self._introduction.dsn)
            else:
                line = b"DATA\r\n"
            if not self._may_say(PyBytes_GET_SIZE(line)):
                return False
            self._say(line, C_MAIL if transaction.cursor == 0 else C_RCPT if transaction.cursor <= size else C_DATA)
            transaction.cursor += 1
        if self._count:
            return False
        transaction.cursor += 1
        if transaction.accepted:
            self._out.append(transaction.content)
            self._expect(C_END)
            self._sending += 1
        else:
            self._out.append(b".\r\n")
            self._expect(C_LONE_END)
            self._transactions.pop(self._sending)
        return True
