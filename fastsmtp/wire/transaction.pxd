# One envelope with its content, and the peer's answers to it. The body is ext/transaction.pyx, the Python face
# transaction.pyi.
from fastsmtp.wire.reply cimport Reply

cdef class Transaction:
    cdef:
        readonly bytes sender      # wire form, without <>
        readonly list recipients   # wire forms, without <>
        readonly list originals    # what they were before a table replaced them, for ORCPT; None: the same
        readonly bytes content     # what follows DATA, final dot included
        readonly Py_ssize_t size   # SIZE=; negative: not announced
        readonly int encoding      # BODY=: 7, 8, or 0: not announced
        readonly object subject    # whose it is: the engine never looks
        readonly Reply mail        # answers: None until it comes; a refusal decides every recipient
        readonly list replies      # to RCPT, one a recipient
        readonly Reply data
        readonly Reply end         # to the final dot
        readonly Py_ssize_t accepted
        Py_ssize_t cursor          # what is sent next: 0 MAIL, 1..n RCPT, n+1 DATA, n+2 content, n+3 nothing
        Py_ssize_t heard           # RCPT replies read

    # Commands, CR LF included: `size`, `eightbit` and `dsn` say what the peer offered
    cdef bytes mail_line(self, bint size, bint eightbit)
    cdef bytes rcpt_line(self, Py_ssize_t index, bint dsn)
