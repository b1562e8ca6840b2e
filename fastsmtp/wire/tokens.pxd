# Structured header values, item by item. The body is ext/tokens.pyx.
from fastsmtp.wire.buffer cimport OutBuffer


cdef enum:
    ITEM_TOKENS = 3         # kept of each item: a/b of a type, name=value of a parameter


# What a token is; a special or control character is itself
cdef enum TokenKind:
    WORD = 256              # bare
    QUOTED = 257            # was in quotes; escapes, line breaks and the blanks before those are gone
    NO_TOKEN = 258


ctypedef const char* Text


cdef class TokenReader:
    cdef:
        const char* _at         # the value, not yet read; the caller keeps it alive and still
        const char* _end
        const char* _specials   # zero-terminated
        OutBuffer _plain        # text of quoted strings; sized at start(), so _text may point into it
        int[3] _kind            # of the item's tokens, with their text and its length
        Text[3] _text
        Py_ssize_t[3] _length

    cdef int start(self, const char* data, const char* end, const char* specials) except -1
    # The next item: how many of its tokens are kept; -1 after the last. The rest, up to ";", is read over
    cdef int item(self) except -2
    # Looking at the item
    cdef bint is_word(self, int place, const char* text) noexcept
    cdef int kind(self, int place) noexcept
    cdef bytes text(self, int place)

    cdef int _next(self, const char** text, Py_ssize_t* length) noexcept
    cdef bint _is_single(self, unsigned char c) noexcept
    cdef bint _ends_word(self, unsigned char c) noexcept
    cdef void _skip_comment(self) noexcept
    cdef void _unquote(self, const char** text, Py_ssize_t* length) noexcept


cdef bint same_word(const char* data, Py_ssize_t length, const char* word) noexcept
