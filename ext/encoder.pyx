"""Message content to wire bytes: what follows the reply to DATA, the final dot included. One pass.

    encode(message)                  a whole message
    Encoder: feed(data), finish()    a message in pieces, cut anywhere; each call gives the bytes that can go out. Memory
                                     is bounded by the piece; after finish() the object is ready for the next message
Line ends in content are LF or CR LF; any other CR becomes a space; every other byte, NUL included, is content.
An encoder whose call raised is spent: what it gave out before must not be followed by a dot.
Source: RFC 5321 4.1.1.4; Postfix smtp_line_length_limit (spec: content, 1 to 3).
"""

cimport cython
from fastsmtp.wire.buffer cimport OutBuffer, reserve
from fastsmtp.wire.lines cimport LineWriter

cdef enum:
    LF = 10
    CR = 13
    USUAL_LINE = 64         # a guess at content per line: each may need a CR
    ENDING = 8              # CRLF, the dot line, and a little


def encode(const unsigned char[::1] message not None, *, Py_ssize_t line_length_limit=990):
    """The exact bytes to send for `message` (LF or CR LF line ends), from its first line to the dot line.

    `line_length_limit` counts neither CRLF nor a stuffed dot; 0 never breaks a line.
    """
    cdef Encoder encoder = Encoder.__new__(Encoder, line_length_limit=line_length_limit)
    cdef Py_ssize_t length = message.shape[0]
    reserve(encoder._out, length + length // USUAL_LINE + ENDING)
    if length:
        encoder._feed(<const char*>&message[0], length)
    encoder._finish()
    return encoder._out.take()


@cython.final
cdef class Encoder:
    """Encodes one message after another, each in pieces. Arguments as for `encode`."""

    def __cinit__(self, *, Py_ssize_t line_length_limit=990) -> None:
        self._out = OutBuffer.__new__(OutBuffer)
        self._lines = LineWriter.__new__(LineWriter, self._out, line_length_limit)
        self._cr_waits = False

    def feed(self, const unsigned char[::1] data not None):
        """Takes the next piece of content; gives the bytes that are certain (perhaps none)."""
        if data.shape[0]:
            self._feed(<const char*>&data[0], data.shape[0])
        return self._out.take()

    def finish(self):
        """The message is complete: gives the rest, the dot line last."""
        self._finish()
        return self._out.take()

    cdef int _feed(self, const char* data, Py_ssize_t length) except -1:
        """Keeps CR LF in one piece, so that nothing behind this has to look over an edge."""
        if self._cr_waits:
            self._cr_waits = False
            if data[0] == LF:
                self._push(b"\r\n", 2)
                data += 1
                length -= 1
            else:
                self._push(b" ", 1)
        if length and data[length - 1] == CR:
            self._cr_waits = True
            length -= 1
        return self._push(data, length) if length else 0

    cdef int _push(self, const char* data, Py_ssize_t length) except -1:
        self._lines.copy(data, data + length, False)
        return 0

    cdef int _finish(self) except -1:
        if self._cr_waits:
            self._cr_waits = False
            self._push(b" ", 1)
        return self._lines.finish()
