# One envelope with its content, and the peer's answers to it. The body is ext/transaction.pyx, the Python face
# transaction.pyi.
from fastsmtp.wire.reply cimport Reply

cdef enum:
    BINARY_ENCODING = 9            # BODY=BINARYMIME

cdef class Transaction:
    cdef:
        readonly bytes sender      # wire form, without <>
        readonly list recipients   # wire forms, without <>
        readonly list originals    # what they were before a table replaced them, for ORCPT; None: the same
        readonly bytes content     # what follows DATA, final dot included; what follows BDAT, if `chunked`
        readonly bint chunked
        readonly Py_ssize_t size   # SIZE=; negative: not announced
        readonly int encoding      # BODY=: 7, 8, BINARY, or 0: not announced
        readonly bint utf8         # SMTPUTF8: an address, or a header, is outside ASCII
        bytes dsn_mail             # parameters of MAIL and of RCPT for a peer that offers DSN; each with its blank
        bytes dsn_rcpt
        readonly object subject    # whose it is: the engine never looks
        readonly Reply mail        # answers: None until it comes; a refusal decides every recipient
        readonly list replies      # to RCPT, one a recipient
        readonly Reply data
        readonly Reply end         # to the final dot or BDAT
        readonly Py_ssize_t accepted
        Py_ssize_t cursor          # what is sent next: 0 MAIL, 1..n RCPT, n+1 DATA or BDAT, n+2 content, n+3 nothing
        Py_ssize_t heard           # RCPT replies read
        Py_ssize_t said            # bytes of its commands
        Py_ssize_t ends_at         # where its content ends among all bytes of the session; 0: not given out
        bint introduced            # XFORWARD was said
        bint grouped               # MAIL left before the transaction ahead was answered
        bint nested                # 503 to MAIL: the envelope ahead was still open
        bint stray                 # MAIL was refused and a recipient taken
        bint cut_short             # the peer did not see the end of its content

    # Moves of the engine: from the start; without answers; MAIL does not stand against what was taken
    cdef int rewind(self) except -1
    cdef int forget_answers(self) except -1
    cdef int settle_mail(self) except -1

    # Commands, CR LF included: `size`, `eightbit` and `dsn` say what the peer offered
    cdef bytes mail_line(self, bint size, bint eightbit, bint dsn)
    cdef bytes rcpt_line(self, Py_ssize_t index, bint dsn)
    cdef bytes orcpt(self, bytes original)
