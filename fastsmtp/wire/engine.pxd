# The SMTP client session without I/O: bytes in, bytes and events out. The body is ext/engine.pyx, the Python face
# engine.pyi.
from fastsmtp.wire.introduction cimport Introduction
from fastsmtp.wire.pipeline cimport Pipeline
from fastsmtp.wire.reply cimport Reply, ReplyReader
from fastsmtp.wire.sender cimport Sender
from fastsmtp.wire.transaction cimport Transaction

cdef class SessionEngine:
    cdef:
        readonly dict offers       # EHLO keyword in capitals -> its parameters
        readonly bytes peer_name   # first word of the EHLO reply
        readonly Py_ssize_t size_limit  # the peer's SIZE limit in bytes; 0: none or unknown
        readonly Py_ssize_t mail_limit  # its LIMITS (RFC 9422); 0: none
        readonly Py_ssize_t recipient_limit
        readonly Py_ssize_t domain_limit
        readonly bint suspect      # the peer broke a rule: usable now, not to be kept
        readonly bint open         # the handshake is over, QUIT not sent
        readonly bint plain        # one message at a time, by DATA: the peer did not take groups well
        readonly Introduction introduction
        readonly int window_limit  # of messages in flight by BDAT; 0: no BDAT; 1 also where the peer cannot do with more
        readonly ReplyReader reader
        readonly Sender sender             # transactions that were begun, and what leaves next
        Pipeline _pipe             # what was said and is not answered, or not gone
        list _events
        Py_ssize_t _begun          # transactions ever begun
        bint _envelope_open        # a BDAT without recipients may have left the peer in its transaction
        bint _secured              # STARTTLS was taken: nothing is read in the clear any more
        bint _closing              # the last reply was a 421 or alike: nothing behind it is worked on
        bint _deaf                 # nothing more is read or said

    # Incoming flow: one method a command answered
    cdef int _answer(self, Reply reply) except -1
    cdef int _introduce(self, int command, Reply reply) except -1
    cdef int _adopt(self) except -1
    cdef int _answer_mail(self, Reply reply) except -1
    cdef int _answer_rcpt(self, Reply reply) except -1
    cdef int _answer_data(self, Reply reply) except -1
    cdef int _answer_end(self, Reply reply) except -1
    cdef int _answer_unasked(self, Reply reply) except -1
    cdef int _answer_chunk(self, Transaction transaction) except -1
    cdef int _answer_early(self, Transaction transaction, Reply reply) except -1
    cdef int _begin_again(self, Transaction transaction) except -1
    cdef int _mistrust(self, Transaction transaction, str command, Reply reply) except -1
    cdef int _end(self, Reply reply) except -1
    cdef int _fall_back(self, str what) except -1
    cdef int _note_refusal(self, Reply reply) except -1
