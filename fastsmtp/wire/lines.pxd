# Output lines: CRLF, length limit, dot-stuffing. The body is ext/lines.pyx.
from fastsmtp.wire.buffer cimport OutBuffer


cdef class LineWriter:
    cdef:
        OutBuffer out               # where lines go; shared with whoever owns this writer
        Py_ssize_t limit            # longest output line, CRLF and a stuffed dot apart; 0 is no limit
        bint stuffs                 # dots are doubled, and a dot line ends the message
        Py_ssize_t room             # left on the output line; a full one is broken when another byte comes
        bint at_line_start          # nothing of the current output line is written yet
        Py_ssize_t line_number      # of the current line of content, from 1
        list notes                  # None, or (line number, what was done to it)
        readonly bint broke         # a line was broken since the last reset

    # Content as it came: any line ends, any cut but inside CR LF; on request stops before a line that starts with "-"
    cdef const char* copy(self, const char* data, const char* end, bint stop_at_dash) except NULL
    # Content in pieces: text without CR or LF, then the line's end
    cdef int text(self, const char* data, Py_ssize_t length) except -1
    cdef int end_line(self) except -1
    # Closing: CRLF if the last line lacks it, then the dot; ready for the next message
    cdef int finish(self) except -1
    cdef void reset(self) noexcept
    # Notes, where they are kept
    cdef int note(self, str what) except -1

    cdef int _break_text(self, const char* data, Py_ssize_t length) except -1
