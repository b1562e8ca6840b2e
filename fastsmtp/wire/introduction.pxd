# The beginning of a session: greeting, EHLO or HELO, offers. The body is ext/introduction.pyx, the Python face
# introduction.pyi.
from fastsmtp.wire.reply cimport Reply

cdef class Introduction:
    cdef:
        readonly dict offers       # EHLO keyword in capitals -> its parameters
        readonly bytes peer_name   # first word of the EHLO reply
        readonly tuple notes       # (kind, subject): what the log should tell of it
        readonly bint extended     # it took EHLO
        readonly bint is_pix       # its greeting is that of a PIX firewall
        bytes forward              # the XFORWARD command of each transaction; None: there is none
        readonly Py_ssize_t size_limit  # the peer's SIZE limit in bytes; 0: none or unknown
        Py_ssize_t mail_limit      # LIMITS: transactions a session,
        Py_ssize_t recipient_limit # recipients a transaction,
        Py_ssize_t domain_limit    # and domains of recipients a session; 0: none
        bint pipelining            # of the offers, those that each command asks for
        bint dsn
        bint size
        bint eightbit
        bytes line                 # what follows from the last reply
        int command
        tuple event
        bytes _helo_name
        bint _secured              # inside TLS: STARTTLS is not offered a second time
        frozenset _discard         # EHLO keywords that count as not offered, in capitals
        bint _always_ehlo
        bint _never_ehlo
        bytes _own_name            # in a greeting it is worth a warning; empty: any name will do
        bint _helo_for_pix
        bint _forwards             # smtp_send_xforward_command

    # The reply to `command`, one of ours
    cdef int answer(self, int command, Reply reply) except -1
    # Inside TLS: all that was learned is forgotten but the greeting, and EHLO is said
    cdef int begin_again(self) except -1
    # Whether `keyword` is one of those to overlook; also of what is no keyword of EHLO: CHAINING
    cdef bint discards(self, str keyword) except -1

    cdef int _note(self, int kind, str subject) except -1
    cdef int _say(self, bytes line, int command) except -1
    cdef int _answer_greeting(self, Reply reply) except -1
    cdef int _answer_ehlo(self, Reply reply) except -1
    cdef int _answer_helo(self, Reply reply) except -1
    cdef int _parse_offers(self, Reply reply) except -1
    cdef int _parse_size(self, str limit) except -1
    cdef int _parse_limits(self, str text) except -1
