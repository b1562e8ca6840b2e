"""SMTP replies: bytes from the peer, cut anywhere, become Reply values.

A line ends at LF, with any CR before it dropped; bytes that do not print become `?`, valid UTF-8 stays. Exactly three
digits and `-` announce more lines, three digits and a space or the end are the last one, anything else is garbage: kept
in the text, flagged, not fatal. The code is that of the last line. A line over LINE_LIMIT is cut there; once the text of
a reply has reached LINE_LIMIT, further lines are read and not kept, so a hostile peer cannot make it grow.

A `filter`, if there is one, gets each line and gives the one that counts; `secrets` are masked in what is left.

Does not know what was asked: that is the engine's.
Source: RFC 5321 4.2; Postfix smtp_chat(3), line_length_limit; spec: session, 2.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memchr

cdef extern from "string.h":
    void* memmem(const void* text, size_t size, const void* wanted, size_t wanted_size) nogil

MASKED = b"****"
LINE_LIMIT = 2048  # Postfix line_length_limit: longest reply line, and text of a reply, that is kept

cdef enum:
    LIMIT = 2048
    CODE = 4           # a code and what stands behind it
    NO_REPLY = 0       # a garbage line
    MORE = 1
    LAST = 2


cdef int line_kind(const char* line, Py_ssize_t length) noexcept:
    cdef Py_ssize_t digits = 0
    while digits < length and c'0' <= line[digits] <= c'9':
        digits += 1
    if digits != 3:
        return NO_REPLY
    if length == 3 or line[3] == c' ':
        return LAST
    return MORE if line[3] == c'-' else NO_REPLY


cdef bytes printable(const char* line, Py_ssize_t length):
    """The line as it may be shown: up to a NUL, controls as `?`, UTF-8 kept where it is valid."""
    cdef Py_ssize_t i
    cdef unsigned char c
    cdef bint clean = True
    for i in range(length):
        c = <unsigned char>line[i]
        if c < 32 or c > 126:
            clean = False
            if c == 0:
                length = i
                break
    if clean:
        return PyBytes_FromStringAndSize(line, length)
    text = PyBytes_FromStringAndSize(line, length).decode("utf-8", "replace")
    return "".join([
        ch if ch.isprintable() and ch != "\ufffd" else "?" for ch in text
    ]).encode("utf-8")


cdef bint is_dsn(const char* text, Py_ssize_t length, Py_ssize_t* end) noexcept:
    """`X.Y.Z`, X one of 2 4 5, Y and Z of one to three digits, then a space or the end (RFC 3463)."""
    cdef Py_ssize_t i = 1
    cdef int part, digits
    if length < 5 or text[0] not in (c'2', c'4', c'5'):
        return False
    for part in range(2):
        if i >= length or text[i] != c'.':
            return False
        i += 1
        digits = 0
        while i < length and c'0' <= text[i] <= c'9':
            digits += 1
            i += 1
        if digits < 1 or digits > 3:
            return False
    end[0] = i
    return i == length or text[i] == c' '


@cython.final
@cython.freelist(64)
cdef class Reply:
    def __init__(self, bytes raw not None):
        cdef bytes line = raw.rpartition(b"\n")[2]
        if line_kind(PyBytes_AS_STRING(line), PyBytes_GET_SIZE(line)) != LAST:
            raise ValueError("the last line of a reply is three digits, then a space or the end")
        self.code = int(line[:3])
        self.raw = raw

    @property
    def digit(self):
        return self.code // 100

    @property
    def dsn(self):
        cdef bytes line = self.raw.rpartition(b"\n")[2] if b"\n" in self.raw else self.raw
        cdef const char* text = PyBytes_AS_STRING(line)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(line), at = 3, end = 0
        if self.code // 100 not in (2, 4, 5):
            return "5.5.0"
        while at < length and text[at] == c' ':
            at += 1
        if at > 3 and at < length and text[at] == text[0] and is_dsn(text + at, length - at, &end):
            return text[at:at + end].decode("ascii")
        return f"{self.code // 100}.0.0"

    @property
    def text(self):
        cdef bytes line = self.raw
        if b"\n" in line:
            line = line.replace(b"\n", b" ")
        return line.decode("utf-8", "replace")

    @property
    def lines(self):
        return self.raw.decode("utf-8", "replace").split("\n")

    def __repr__(self):
        return f"Reply({self.raw!r})"


@cython.final
cdef class ReplyReader:
    def __cinit__(self):
        self._data = b""
        self._lines = []

    def receive(self, bytes data not None):
        cdef Reply reply
        cdef list replies = []
        self.feed(data)
        while True:
            reply = self.next()
            if reply is None:
                return replies
            replies.append(reply)

    @property
    def pending(self):
        return self.partial()

    @property
    def held(self):
        return PyBytes_GET_SIZE(self._data) - self._at + self._stored

    cdef bint partial(self) noexcept:
        return bool(self._lines) or self._skipping or self._at < PyBytes_GET_SIZE(self._data)

    cdef int feed(self, bytes data) except -1:
        if self._at == PyBytes_GET_SIZE(self._data):
            self._data = data
            self._searched = 0
        else:
            self._searched -= self._at
            self._data = self._data[self._at:] + data
        self._at = 0
        return 0

    cdef Py_ssize_t forget(self) except -1:
        cdef Py_ssize_t dropped = self.held
        self._data = b""
        self._at = self._searched = self._stored = 0
        self._skipping = self._garbled = False
        self._lines = []
        return dropped

    cdef Reply next(self):
        cdef bytes line
        cdef Reply reply
        while True:
            line = self._line()
            if line is None:
                return None
            if self.filter is not None:
                line = self._filtered(line)
            if self.secrets is not None:
                line = self._concealed(line)
            reply = self._take_line(line)
            if reply is not None:
                return reply

    cdef bytes _line(self):
        """The next line, cut to the limit, made printable; None: not yet."""
        cdef const char* start = PyBytes_AS_STRING(self._data)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(self._data), end
        cdef const char* found
        cdef bytes line
        while True:
            if self._searched >= length:
                found = NULL
            else:
                found = <const char*>memchr(start + self._searched, c'\n', length - self._searched)
            if found == NULL:
                self._searched = length
                if self._skipping:
                    self._at = length
                elif length - self._at > LIMIT + 1:
                    self._skipping = True
                    line = printable(start + self._at, LIMIT)
                    self._at = length
                    return line
                return None
            end = found - start
            if self._skipping:
                self._skipping = False
                self._at = self._searched = end + 1
                continue
            length = end
            while length > self._at and start[length - 1] == c'\r':
                length -= 1
            line = printable(start + self._at, min(length - self._at, LIMIT))
            self._at = self._searched = end + 1
            return line

    cdef bytes _filtered(self, bytes line):
        """What the filter makes of it, cut and printable as what comes from a peer."""
        cdef bytes found = self.filter(line)
        return printable(PyBytes_AS_STRING(found), min(PyBytes_GET_SIZE(found), LIMIT))

    cdef bytes _concealed(self, bytes line):
        """All but the code, which decides what becomes of the mail."""
        cdef bytes secret
        cdef Py_ssize_t length = PyBytes_GET_SIZE(line) - CODE
        for secret in self.secrets:
            if PyBytes_GET_SIZE(secret) <= length and memmem(
                PyBytes_AS_STRING(line) + CODE, length, PyBytes_AS_STRING(secret), PyBytes_GET_SIZE(secret)
            ) != NULL:
                line = line[:CODE] + line[CODE:].replace(secret, MASKED)
                length = PyBytes_GET_SIZE(line) - CODE
        return line

    cdef Reply _take_line(self, bytes line):
        cdef Reply reply
        cdef const char* text = PyBytes_AS_STRING(line)
        cdef Py_ssize_t length = PyBytes_GET_SIZE(line)
        cdef int kind = line_kind(text, length)
        if kind != LAST:
            if self._stored < LIMIT:
                self._lines.append(line)
                self._stored += length + 1
            if kind == NO_REPLY:
                self._garbled = True
            return None
        reply = Reply.__new__(Reply)
        reply.code = (text[0] - c'0') * 100 + (text[1] - c'0') * 10 + (text[2] - c'0')
        reply.garbled = self._garbled
        if self._lines:
            # The last line carries the code and the status: it is always kept.
            self._lines.append(line)
            reply.raw = b"\n".join(self._lines)
            self._lines = []
            self._stored = 0
        else:
            reply.raw = line
        self._garbled = False
        return reply
