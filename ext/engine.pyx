"""The SMTP client session without I/O: bytes in, bytes and events out.

Two cursors move over the transactions that were begun: the sender's (sender.pyx) and the receiver's, the commands without
a reply (pipeline.pyx). Each reply belongs to the oldest such command; `_answer` is the table.

The sender stops, and the peer must answer all it was asked, where
- a message's content is next: its DATA must have been answered. After BDAT content needs no leave;
- the peer offers no PIPELINING; or the next command would make more than GROUP_LIMIT bytes unanswered;
- the transport still holds what was given out: take() gives TAKE_LIMIT bytes at a time, or one content.

The commands of the next transaction may leave with the content of this one (RFC 2920 3.1): a busy session costs one round
trip a message; by BDAT (RFC 3030) up to `window` messages are in flight. A transaction that lost all its recipients ends with
RSET, or, where DATA was already accepted, with an empty message; never after a success. A peer that answers a group out of
step is mistrusted: the session ends, what it leaves undecided is tried anew, `plain` from then on.

The greeting and EHLO are the introduction's. Does not know sockets, clocks, parameters, or what a refusal means.
Source: RFC 5321, 2920, 3030; Postfix smtp_proto(3); spec: session, 10, 11.
"""

cimport cython
from fastsmtp.wire.introduction cimport Introduction
from fastsmtp.wire.pipeline cimport Pipeline
from fastsmtp.wire.reply cimport Reply, ReplyReader
from fastsmtp.wire.sender cimport Sender
from fastsmtp.wire.terms cimport (
    C_AUTH, C_DATA, C_EHLO, C_END, C_GREETING, C_HELO, C_IDLE, C_MAIL, C_PROBE, C_QUIT, C_RCPT, C_RSET, C_STARTTLS,
    C_XFORWARD, E_ANOMALY, E_ANSWERED, E_CLOSED, E_CONTENT_DUE, E_READY, E_REPLIED, E_UNUSABLE, E_WARNED,
)
from fastsmtp.wire.transaction cimport Transaction

from fastsmtp.errors import LocalProtocolError
from fastsmtp.wire.pipeline import GROUP_LIMIT
from fastsmtp.wire.terms import (  # the engine's users find them here
    ANOMALY, ANSWERED, AUTH, CLOSED, CONTENT_DUE, DATA, EHLO, END, GREETING, HELO, IDLE, LONE_END, MAIL, PROBE, QUIT, RCPT,
    READY, REFUSED, REPLIED, RSET, STARTTLS, UNUSABLE, WARNED, XFORWARD,
)


FORBIDDEN = frozenset(b"\0\r\n")


@cython.final
cdef class SessionEngine:
    def __init__(
        self, bytes helo_name not None, *, discard=frozenset(),
        bint always_ehlo=True, bint never_ehlo=False, bint chained=True,
        bytes own_name=b"", bint helo_for_pix=True, bint forwards=False,
        bint plain=False, int window=1, int window_limit=0,
    ):
        self.introduction = Introduction(
            helo_name, frozenset(discard), always_ehlo, never_ehlo, own_name, helo_for_pix, forwards
        )
        self.plain = plain
        self.window_limit = window_limit
        self.reader = ReplyReader()
        self._events = []
        self._pipe = Pipeline(C_IDLE)
        self.sender = Sender(self._pipe)
        self.sender.chained = chained and not plain
        self.sender.window = max(min(window, window_limit), 1)
        self._adopt()
        self._pipe.expect(C_GREETING)

    # Receive data

    def receive(self, bytes data not None):
        cdef Reply reply
        cdef Transaction given_up
        self.reader.feed(data)
        while not (self._deaf or self._secured):
            reply = self.reader.next()
            if reply is None:
                break
            self._answer(reply)
        if (given_up := self.sender.give_up()) is not None:
            self._events.append((E_ANSWERED, given_up))

    def events(self):
        cdef list events = self._events
        if events:
            self._events = []
        return events

    # Ask

    def ask(self, bytes line not None, int command, bytes shown=None):
        if not self.open or self._begun or self._pipe.count or command not in (C_STARTTLS, C_AUTH):
            raise LocalProtocolError("STARTTLS and AUTH come alone, between READY and the first transaction")
        if not FORBIDDEN.isdisjoint(line):
            raise LocalProtocolError("a command is one line")
        self._pipe.ask(line + b"\r\n", command, line if shown is None else shown)

    def greet_again(self):
        cdef Py_ssize_t dropped
        if not self._secured or self._pipe.count:
            raise LocalProtocolError("EHLO comes again once STARTTLS was taken")
        dropped = self.reader.forget()
        self._secured = self.open = False
        self.introduction.begin_again()
        self._adopt()
        self._pipe.say(self.introduction.line, self.introduction.command)
        return dropped

    def begin(self, Transaction transaction not None):
        if not self.open:
            raise LocalProtocolError("a transaction begins between READY and quit()")
        if transaction.chunked and not self.sender.chunking:
            raise LocalProtocolError("content for BDAT to a peer without CHUNKING")
        self._begun += 1
        self.sender.add(transaction, len(self.sender.transactions))

    def probe(self):
        if not self.open or self.sender.transactions:
            raise LocalProtocolError("only an idle session is probed")
        if self.sender.reset_due or not self._pipe.count:
            self.sender.reset_due = False
            self._pipe.say(b"RSET\r\n", C_PROBE)
        else:
            # The RSET that ended the last transaction is still unanswered: its answer will do.
            self._pipe.probe_with_last(C_PROBE)

    def quit(self):
        self.sender.quitting = True
        self.open = False

    # Send data

    def take(self):
        if not self._deaf:
            self.sender.fill()
        return self._pipe.take()

    def note_unsent(self, Py_ssize_t size):
        self._pipe.unsent = size

    # The end of the stream

    def forsake(self, bint timed_out=False):
        cdef list left = self.sender.undecided()
        cdef Transaction transaction
        if timed_out and left and (<Transaction>left[0]).grouped and self.stage in (C_MAIL, C_RCPT, C_DATA):
            self._fall_back("a command in a group was lost")
        for transaction in left:
            if transaction.nested:
                transaction.forget_answers()
            transaction.cut_short = self._closing or transaction.ends_at > self._pipe.given()
        self.sender.transactions = []
        self.sender.sending = 0
        self.open = False
        return left

    # State

    @property
    def transcript(self):
        return self._pipe.listener

    @transcript.setter
    def transcript(self, listener):
        self._pipe.listener = listener

    @property
    def chunking(self):
        return self.sender.chunking

    @property
    def window(self):
        return self.sender.window

    @property
    def room(self):
        return self.sender.has_room()

    @property
    def spent(self):
        return 0 < self.mail_limit <= self._begun

    @property
    def unread(self):
        return self.reader.held

    @property
    def owed(self):
        return self._pipe.count

    @property
    def stage(self):
        return C_STARTTLS if self._secured and not self._pipe.count else self._pipe.stage()

    @property
    def busy(self):
        return bool(self.sender.transactions) and bool(self.sender.undecided())

    # Incoming flow

    cdef int _answer(self, Reply reply) except -1:
        cdef int command = self._pipe.expected()
        if self._pipe.listener is not None:
            self._pipe.listener.heard(reply)
        self.suspect = self.suspect or reply.garbled
        self._closing = reply.closing() or command == C_RSET and reply.digit() != 2  # Exim counts RSET, and leaves
        self.sender.drained = False
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
        elif command == C_RSET or command == C_PROBE:
            self._envelope_open = False
            if command == C_PROBE and reply.digit() != 2:
                self._events.append((E_UNUSABLE, reply))
        elif command == C_XFORWARD and reply.digit() != 2:
            self._events.append((E_WARNED, reply))
        elif command == C_STARTTLS or command == C_AUTH:
            self._secured = command == C_STARTTLS and reply.digit() == 2
            self._events.append((E_REPLIED, (command, reply)))
        elif command == C_QUIT:
            self._events.append((E_CLOSED, None))
        elif command == C_IDLE:
            self._answer_unasked(reply)
        return 0

    cdef int _answer_unasked(self, Reply reply) except -1:
        """Nothing was due. Content may be: then a refusal came before the first byte of it."""
        cdef Transaction transaction
        self.suspect = True
        if self.sender.transactions:
            transaction = <Transaction>self.sender.transactions[0]
            if transaction.data is not None and transaction.accepted:
                return self._answer_early(transaction, reply)
        if not self._closing and self._begun:
            self._fall_back("an answer too many")
        self._events.append((E_UNUSABLE, reply))
        return 0

    cdef int _introduce(self, int command, Reply reply) except -1:
        cdef Introduction introduction = self.introduction
        introduction.answer(command, reply)
        if introduction.line is not None:
            self._pipe.say(introduction.line, introduction.command)
        if introduction.event is not None:
            self._adopt()
            self.open = introduction.event[0] == E_READY
            self._events.append(introduction.event)
        return 0

    cdef int _adopt(self) except -1:
        """What the peer is known to offer now."""
        cdef Introduction peer = self.introduction
        self.offers = peer.offers
        self.peer_name = peer.peer_name
        self.size_limit = peer.size_limit
        self.mail_limit = peer.mail_limit
        self.recipient_limit = peer.recipient_limit
        self.domain_limit = peer.domain_limit
        self.sender.adopt(peer.pipelining, peer.size, peer.eightbit, peer.dsn, peer.forward)
        self.sender.chained = self.sender.chained and not peer.discards("CHAINING")
        self.sender.chunking = not self.plain and self.window_limit > 0 and "CHUNKING" in peer.offers
        return 0

    cdef int _answer_mail(self, Reply reply) except -1:
        cdef Transaction transaction = <Transaction>self.sender.transactions[0]
        transaction.mail = reply
        if reply.digit() == 2:
            self._envelope_open = False
        elif reply.code == 503 and self._envelope_open and transaction.chunked:
            transaction.nested = True  # one at a time from here on: Exim counts these, and leaves after three
            self.sender.window = self.window_limit = 1
        elif transaction.grouped and reply.out_of_step():
            self._mistrust(transaction, "MAIL", reply)
        else:
            self._note_refusal(reply)
        return 0

    cdef int _answer_rcpt(self, Reply reply) except -1:
        cdef Transaction transaction = <Transaction>self.sender.transactions[0]
        cdef int digit = reply.digit()
        if transaction.mail.digit() == 2 or transaction.nested or transaction.chunked and digit == 2:
            transaction.replies[transaction.heard] = reply
            if digit == 2:
                transaction.accepted += 1
            elif transaction.grouped and reply.out_of_step() and not transaction.nested:
                self._mistrust(transaction, "RCPT", reply)
                return 0
            else:
                self._note_refusal(reply)
        elif digit == 2:
            transaction.stray = True
        transaction.heard += 1
        return 0

    cdef int _answer_data(self, Reply reply) except -1:
        cdef Transaction transaction = <Transaction>self.sender.transactions[0]
        cdef int digit = reply.digit()
        transaction.data = reply
        if digit == 3 and not transaction.stray:
            self._events.append((E_CONTENT_DUE if transaction.accepted else E_ANSWERED, transaction))
        elif digit == 3:
            # Nobody knows whom an empty message would reach: the peer refused MAIL and took a recipient.
            self._mistrust(transaction, "DATA", reply)
        elif transaction.grouped and (digit == 2 or transaction.accepted and reply.out_of_step()):
            self._mistrust(transaction, "DATA", reply)
        elif transaction.accepted:
            self._note_refusal(reply)
        return 0

    cdef int _answer_end(self, Reply reply) except -1:
        cdef Transaction transaction = <Transaction>self.sender.transactions[0]
        cdef int digit = reply.digit()
        if reply.farewell():   # the answer to a QUIT in the same group: the one to the end of data never came
            self._pipe.expect_again(C_END)
            self._events.append((E_UNUSABLE, reply))
            return 0
        if transaction.ends_at > self._pipe.given():
            return self._answer_early(transaction, reply)
        if transaction.nested and not (digit == 2 and transaction.accepted):
            return self._begin_again(transaction)
        if transaction.chunked and digit != 2 and reply.out_of_step():
            if reply.code != 503 or transaction.grouped and transaction.accepted:
                return self._mistrust(transaction, "BDAT", reply)
        transaction.end = reply
        if digit != 2 and transaction.accepted:
            self._note_refusal(reply)
        self._events.append((E_ANSWERED, transaction))
        self.sender.close()
        if transaction.chunked:
            self._answer_chunk(transaction)
        return 0

    cdef int _answer_chunk(self, Transaction transaction) except -1:
        """What it means for those behind it."""
        if transaction.end.digit() == 2 and transaction.accepted:
            self._envelope_open = self.sender.reset_due = False
            transaction.settle_mail()
            if transaction.grouped:
                self.sender.proven = True
            if self.sender.window < self.window_limit:
                self.sender.window += 1
        elif not transaction.accepted:
            # A peer may keep the envelope open (Exim does): the next MAIL is then one too many.
            self._envelope_open = transaction.mail.digit() == 2
            if not self.sender.sending:
                self.sender.reset_due = True
        return 0

    cdef int _answer_early(self, Transaction transaction, Reply reply) except -1:
        """Part of the content is still here, so the peer did not see its end: only a refusal can be meant."""
        transaction.cut_short = True
        if reply.digit() == 4 or reply.digit() == 5:
            transaction.end = reply
            self._events.append((E_ANSWERED, transaction))
            self.sender.close()
        else:
            self._pipe.expect_again(C_END)
            self._fall_back(f"{reply.code} before the end of the content")
        return self._end(reply)

    cdef int _begin_again(self, Transaction transaction) except -1:
        """Its MAIL met the envelope of the one before: sent once more, behind RSET, at no cost."""
        self.sender.close()
        transaction.rewind()
        self.sender.add(transaction, self.sender.sending)
        self.sender.reset_due = True
        return 0

    cdef int _mistrust(self, Transaction transaction, str command, Reply reply) except -1:
        """The reply cannot be this command's: whose it is cannot be told, so nothing further is heard."""
        self._fall_back(f"{reply.code} in reply to {command}")
        if transaction.cursor <= len(transaction.recipients) + 2:
            transaction.rewind()
        else:
            transaction.forget_answers()
        return self._end(reply)

    cdef int _end(self, Reply reply) except -1:
        """The session is of no further use: what it leaves undecided is forsake()'s."""
        self._deaf = True
        self.suspect = True
        self._events.append((E_UNUSABLE, reply))
        return 0

    cdef int _fall_back(self, str what) except -1:
        """From here on, and in sessions to come: one message at a time, by DATA."""
        if not self.plain:
            self.plain = True
            self._events.append((E_ANOMALY, what))
        self.sender.window = 1
        self.sender.chained = False
        self.sender.chunking = False
        return 0

    cdef int _note_refusal(self, Reply reply) except -1:
        if reply.odd_refusal():
            self.suspect = True
        return 0
