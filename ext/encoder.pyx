"""Message content to wire bytes: what follows the reply to DATA, the final dot included, or BDAT. One pass.

    encode(message)                a whole message; Encoder.encode() the same for many, set up only once
    Encoder: feed(data), finish()  a message in pieces, cut anywhere; each call gives the bytes that can go out.
                                   Memory is bounded by the piece
    explain(message)               what encode() changes, line by line
    scan(message)                  its encoding attribute, which decides BODY= and `downgrade`, and its SIZE=
Line ends in content are LF or CR LF; any other CR becomes a space; every other byte, NUL included, is
content.
With `downgrade` parts labelled 8bit or binary are converted (MimeMachine): for a peer without 8BITMIME,
unless disable_mime_output_conversion is set or scan() says "7bit". MimeError ends the transaction: what was
given out before must not be followed by a dot. After it, as after the end of a message, an Encoder is ready
for the next one.
Source: RFC 5321 4.1.1.4, RFC 6152; Postfix smtp_line_length_limit, mime_nesting_limit,
mime_boundary_length_limit, header_size_limit (spec: content, 1 to 5).
"""

from collections import namedtuple

cimport cython
from fastsmtp.wire.buffer cimport OutBuffer, reserve
from fastsmtp.wire.lines cimport LineWriter
from fastsmtp.wire.mime cimport MimeMachine

from fastsmtp.errors import MimeError

cdef extern from "kernels.h":
    const char* find_8bit(const char* data, const char* end) noexcept
    bint names_8bit(const char* data, const char* end) noexcept
    Py_ssize_t count_bare_lf(const char* data, const char* end) noexcept

cdef enum:
    LF = 10
    CR = 13
    USUAL_LINE = 64         # a guess at content per line: each may need a CR
    STEP = 32768            # room that LineWriter wants before it copies on
    ENDING = 32             # CRLF, the dot line, and what vectors spill
    LARGE = 262144          # from here on memory comes in pages: what is left over goes back
    QUOTED_GROWTH = 2       # each byte may become three
    BLOCK = 65536           # content looked at in one go where the output is not wanted

Scan = namedtuple("Scan", ["encoding", "size"])
Scan.__doc__ = """What a message asks of its transaction.

`encoding`: "8bit" when it holds a byte above 127 or a header block labels something 8bit or binary,
else "7bit".
`size`: bytes with CRLF line ends, without the dots that the wire adds.
"""
Note = namedtuple("Note", ["line", "text"])
Note.__doc__ = "One change: `line` is that of the content, from 1."


def encode(const unsigned char[::1] message not None, **limits):
    """The exact bytes to send for `message` (LF or CR LF line ends), from its first line to the dot line.

    line_length_limit   longest line, without CRLF and stuffed dot; 0 is no limit (smtp_line_length_limit, 990)
    downgrade           convert what is labelled 8bit or binary (False)
    nesting_limit       open multiparts while converting (mime_nesting_limit, 100)
    boundary_limit      of a boundary that counts (mime_boundary_length_limit, 2048)
    header_limit        of a header while converting; the rest is dropped (header_size_limit, 102400)
    repair              while converting, nothing above 127 leaves, labelled or not (False)
    stuffed             dots doubled and a dot line at the end, for DATA; False is for BDAT (True)
    Raises MimeError (converting only): the message is at fault, its recipients bounce.
    """
    cdef Encoder encoder = Encoder.__new__(Encoder, **limits)
    return encoder._encode(&message[0] if message.shape[0] else NULL, message.shape[0])


def explain(const unsigned char[::1] message not None, **limits):
    """What encode() with these arguments changes, apart from line ends: a list of Note, line after line."""
    cdef Encoder encoder = Encoder.__new__(Encoder, **limits)
    cdef Py_ssize_t at, length = message.shape[0]
    encoder._lines.notes = []
    for at in range(0, length, BLOCK):
        encoder._feed(<const char*>&message[at], min(length - at, <Py_ssize_t>BLOCK))
        encoder._out.clear()
    encoder._finish()
    return [Note(line, text) for line, text in encoder._lines.notes]


def scan(const unsigned char[::1] message not None):
    """The encoding attribute and the size of `message`."""
    cdef const char* data
    cdef const char* end
    cdef Py_ssize_t length = message.shape[0]
    if length == 0:
        return Scan("7bit", 0)
    data = <const char*>&message[0]
    end = data + length
    size = length + count_bare_lf(data, end)
    if data[length - 1] != LF:
        size += 2
    if find_8bit(data, end) != end or (names_8bit(data, end) and has_8bit_label(data, end)):
        return Scan("8bit", size)
    return Scan("7bit", size)


cdef bint has_8bit_label(const char* data, const char* end) except -1:
    cdef Encoder encoder = Encoder.__new__(Encoder)
    cdef const char* stop
    encoder._machine = MimeMachine.__new__(MimeMachine, encoder._lines, False, 100, 2048, 102400, False)
    while data < end and not encoder._machine.labels_8bit:
        stop = data + min(end - data, <Py_ssize_t>BLOCK)
        encoder._feed(data, stop - data)
        encoder._out.clear()
        data = stop
    encoder._finish()
    return encoder._machine.labels_8bit


@cython.final
cdef class Encoder:
    """Encodes one message after another, each in pieces. Arguments as for `encode`."""

    def __cinit__(
        self,
        *,
        Py_ssize_t line_length_limit=990,
        bint downgrade=False,
        Py_ssize_t nesting_limit=100,
        Py_ssize_t boundary_limit=2048,
        Py_ssize_t header_limit=102400,
        bint repair=False,
        bint stuffed=True,
    ) -> None:
        self._out = OutBuffer.__new__(OutBuffer)
        self._lines = LineWriter.__new__(LineWriter, self._out, line_length_limit, stuffed)
        if downgrade:
            self._machine = MimeMachine.__new__(
                MimeMachine, self._lines, True, nesting_limit, boundary_limit, header_limit, repair
            )
        self._cr_waits = False

    @property
    def broke_lines(self) -> bool:
        """The message that finish() ended last had a line over the limit."""
        return self._broke_lines

    def encode(self, const unsigned char[::1] message not None):
        """A whole message, between two others."""
        return self._encode(&message[0] if message.shape[0] else NULL, message.shape[0])

    def feed(self, const unsigned char[::1] data not None):
        """Takes the next piece of content; gives the bytes that are certain (perhaps none)."""
        if data.shape[0]:
            self._feed(<const char*>&data[0], data.shape[0])
        return self._out.take()

    def finish(self):
        """The message is complete: gives the rest, the dot line last where there is one."""
        self._finish()
        return self._out.take()

    cdef bytes _encode(self, const unsigned char* message, Py_ssize_t length):
        cdef Py_ssize_t room = length + min(length, length // USUAL_LINE + STEP) + ENDING
        if self._machine is not None and length > LARGE:
            room += QUOTED_GROWTH * length      # memory that is not written to costs nothing, moving it does
        reserve(self._out, room)
        if length:
            self._feed(<const char*>message, length)
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
        if self._machine is None:
            self._lines.copy(data, data + length, False)
            return 0
        try:
            return self._machine.push(data, data + length)
        except MimeError:
            self._reset()
            raise

    cdef int _finish(self) except -1:
        if self._cr_waits:
            self._cr_waits = False
            self._push(b" ", 1)
        if self._machine is not None:
            try:
                self._machine.finish()
            except MimeError:
                self._reset()
                raise
        self._broke_lines = self._lines.broke
        return self._lines.finish()

    cdef int _reset(self) except -1:
        """The message is given up."""
        self._cr_waits = False
        self._out.clear()
        self._lines.reset()
        return self._machine.reset()
