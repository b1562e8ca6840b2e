"""Structured header values (Content-Type, Content-Transfer-Encoding) as items of up to three tokens.

    start(value, specials)      then item() until it gives -1; is_word(), kind(), text() look at its tokens
Blanks and comments (nested, with escapes) separate; a quoted string is one token; a special or control
character is a token of its own; all else, 8-bit bytes included, is a word. What is not closed ends with the
value.
Does not judge: an item is whatever stands between two ";". A value may be cut, but is at most a header
long.
Source: RFC 2045 5.1, RFC 5322 3.2; Postfix header_token (spec: content, 5.2 and 5.3).
"""

cimport cython
from libc.string cimport strchr, strlen
from fastsmtp.wire.buffer cimport OutBuffer, reserve

cdef enum:
    TAB = 9
    LF = 10
    CR = 13
    SPACE = 32
    QUOTE = 34
    OPENING = 40
    CLOSING = 41
    SEMICOLON = 59
    BACKSLASH = 92
    RUBOUT = 127


cdef inline bint is_blank(unsigned char c) noexcept:
    return c == SPACE or (TAB <= c <= CR)


cdef inline bint is_control(unsigned char c) noexcept:
    return c < SPACE or c == RUBOUT


cdef inline unsigned char lower(unsigned char c) noexcept:
    return c + 32 if 65 <= c <= 90 else c


cdef bint same_word(const char* data, Py_ssize_t length, const char* word) noexcept:
    """`word` is lower case; ASCII letters compare without case."""
    cdef Py_ssize_t i
    if length != <Py_ssize_t>strlen(word):
        return False
    for i in range(length):
        if lower(<unsigned char>data[i]) != <unsigned char>word[i]:
            return False
    return True


@cython.final
cdef class TokenReader:
    """See tokens.pxd."""

    def __cinit__(self) -> None:
        self._plain = OutBuffer.__new__(OutBuffer)

    cdef int start(self, const char* data, const char* end, const char* specials) except -1:
        self._at = data
        self._end = end
        self._specials = specials
        self._plain.clear()
        return reserve(self._plain, end - data)

    cdef int item(self) except -2:
        cdef int count = 0
        cdef int kind
        cdef const char* text = NULL
        cdef Py_ssize_t length = 0
        while True:
            kind = self._next(&text, &length)
            if kind == NO_TOKEN:
                return count if count else -1
            if kind == SEMICOLON:
                return count
            if count < ITEM_TOKENS:
                self._kind[count] = kind
                self._text[count] = text
                self._length[count] = length
                count += 1

    cdef bint is_word(self, int place, const char* text) noexcept:
        return self._kind[place] == WORD and same_word(self._text[place], self._length[place], text)

    cdef int kind(self, int place) noexcept:
        return self._kind[place]

    cdef bytes text(self, int place):
        return self._text[place][:self._length[place]]

    cdef int _next(self, const char** text, Py_ssize_t* length) noexcept:
        cdef unsigned char c
        while self._at < self._end:
            c = <unsigned char>self._at[0]
            if is_blank(c):
                self._at += 1
            elif c == OPENING:
                self._skip_comment()
            elif c == QUOTE:
                self._unquote(text, length)
                return QUOTED
            elif self._is_single(c):
                text[0] = self._at
                length[0] = 1
                self._at += 1
                return c
            else:
                text[0] = self._at
                while self._at < self._end and not self._ends_word(<unsigned char>self._at[0]):
                    self._at += 1
                length[0] = self._at - text[0]
                return WORD
        return NO_TOKEN

    cdef bint _is_single(self, unsigned char c) noexcept:
        return is_control(c) or strchr(self._specials, c) is not NULL

    cdef bint _ends_word(self, unsigned char c) noexcept:
        return is_blank(c) or self._is_single(c)

    cdef void _skip_comment(self) noexcept:
        cdef int depth = 0
        cdef unsigned char c
        while self._at < self._end:
            c = <unsigned char>self._at[0]
            self._at += 1
            if c == OPENING:
                depth += 1
            elif c == CLOSING:
                depth -= 1
                if depth == 0:
                    return
            elif c == BACKSLASH and self._at < self._end:
                self._at += 1

    cdef void _unquote(self, const char** text, Py_ssize_t* length) noexcept:
        cdef char* start = self._plain.at       # start() made room for the whole value
        cdef char* to = start
        cdef char c
        self._at += 1
        while self._at < self._end:
            c = self._at[0]
            self._at += 1
            if c == QUOTE:
                break
            if c == LF:
                while to > start and is_blank(<unsigned char>(to - 1)[0]):
                    to -= 1
                continue
            if c == BACKSLASH:
                if self._at == self._end:
                    break
                c = self._at[0]
                self._at += 1
            to[0] = c
            to += 1
        self._plain.at = to
        text[0] = start
        length[0] = to - start
