"""One envelope with its content: what is sent of it and what the peer said.

The engine moves `cursor` and fills in the answers; MAIL and RCPT are built here, since they are made of the envelope and
of what the peer offers alone.

Source: RFC 5321 4.1.1, 1870, 3461, 6152; spec: session, 10.2 and 10.3.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

BINARY = BINARY_ENCODING


cdef bytes xtext(bytes text):
    """RFC 3461 4, for ORCPT: `+`, `=` and what does not print become +XX."""
    cdef const char* p = PyBytes_AS_STRING(text)
    cdef Py_ssize_t i, length = PyBytes_GET_SIZE(text)
    cdef unsigned char c
    for i in range(length):
        c = <unsigned char>p[i]
        if c <= 32 or c >= 127 or c == c'+' or c == c'=':
            break
    else:
        return text
    return b"".join([
        b"+%02X" % c if c <= 32 or c >= 127 or c == 43 or c == 61 else bytes((c,)) for c in text
    ])


cdef bytes utf8_xtext(bytes text):
    """RFC 6533 3: what does not print, `+`, `=` and backslash become \\x{HEX}."""
    return "".join([
        c if 32 < ord(c) < 127 and c not in "+=\\" else "\\x{%02X}" % ord(c) for c in text.decode("utf-8")
    ]).encode("ascii")


@cython.final
@cython.freelist(64)
cdef class Transaction:
    def __init__(
        self,
        bytes sender not None,
        list recipients not None,
        bytes content not None,
        *,
        Py_ssize_t size=-1,
        int encoding=0,
        subject=None,
        list originals=None,
        bint chunked=False,
        bint utf8=False,
        bytes dsn_mail=b"",
        bytes dsn_rcpt=b"",
    ):
        if not recipients:
            raise ValueError("a transaction without recipients")
        if originals is not None and len(originals) != len(recipients):
            raise ValueError("an original address for each recipient, or none at all")
        self.sender = sender
        self.recipients = recipients
        self.content = content
        self.size = size
        self.encoding = encoding
        self.subject = subject
        self.originals = originals
        self.chunked = chunked
        self.utf8 = utf8
        self.dsn_mail = dsn_mail
        self.dsn_rcpt = dsn_rcpt
        self.replies = [None] * len(recipients)

    @property
    def taken(self):
        return self.end is not None and self.end.digit() == 2 and self.accepted == len(self.recipients)

    @property
    def in_doubt(self):
        if self.end is not None or self.cut_short or self.cursor <= len(self.recipients) + 2:
            return False
        return self.accepted > 0 or self.heard < len(self.recipients) and (self.mail is None or self.mail.digit() == 2)

    @property
    def untouched(self):
        return self.mail is None and (self.cursor <= len(self.recipients) + 2 or self.cut_short)

    def __repr__(self):
        return f"<Transaction {len(self.recipients)} recipients, {self.accepted} accepted, cursor {self.cursor}>"

    cdef int rewind(self) except -1:
        self.forget_answers()
        self.cursor = self.said = self.ends_at = 0
        self.grouped = self.nested = self.introduced = False
        return 0

    cdef int forget_answers(self) except -1:
        self.mail = self.data = self.end = None
        self.replies = [None] * len(self.recipients)
        self.accepted = self.heard = 0
        self.stray = False
        return 0

    cdef int settle_mail(self) except -1:
        cdef Reply reply
        if self.mail.digit() != 2:
            for reply in self.replies:
                if reply is not None and reply.digit() == 2:
                    self.mail = reply
                    break
        return 0

    cdef bytes mail_line(self, bint size, bint eightbit, bint dsn):
        """Parameters in Postfix's order: SIZE, BODY, ENVID, RET, SMTPUTF8."""
        cdef bytes body = b""
        if self.encoding == BINARY_ENCODING:
            body = b" BODY=BINARYMIME"
        elif eightbit and self.encoding:
            body = b" BODY=8BITMIME" if self.encoding == 8 else b" BODY=7BIT"
        return b"".join((
            b"MAIL FROM:<",
            self.sender,
            b"> SIZE=%d" % self.size if size and self.size >= 0 else b">",
            body,
            self.dsn_mail if dsn else b"",
            b" SMTPUTF8" if self.utf8 else b"",
            b"\r\n",
        ))

    cdef bytes rcpt_line(self, Py_ssize_t index, bint dsn):
        cdef bytes recipient = <bytes>self.recipients[index]
        cdef bytes original
        if dsn:
            original = recipient if self.originals is None else <bytes>self.originals[index]
            return b"".join((b"RCPT TO:<", recipient, b"> ORCPT=", self.orcpt(original), self.dsn_rcpt, b"\r\n"))
        return b"".join((b"RCPT TO:<", recipient, b">\r\n"))

    cdef bytes orcpt(self, bytes original):
        """Address type and address; `utf-8` where the peer is told that there may be such (RFC 6533)."""
        if self.utf8 and not original.isascii():
            return b"utf-8;" + utf8_xtext(original)
        return b"rfc822;" + xtext(original)
