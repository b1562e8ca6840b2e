"""A message as a form: octets that are the same for all recipients, and holes for a row's values.

    Form(literals, holes, rooms)    values[holes[i]] goes between literals[i] and literals[i + 1]
    fill(values)                    one recipient's octets, or None: a value is not that harmless
    fill_columns(address, packed)   the same, the values behind the address joined by U+001F
    marks()                         values that are as long as any may be
    plain_address(text)             its octets, or None: it is not that harmless

rooms[v] is the length that value number v may have; negative: it is in no hole, and not looked at. Value 0 is
the recipient's address, and harmless as a plain one: atoms of letters, digits, `_` and `-` joined by `.` or
`+`, and a domain of letters, digits and `-`. Any other value is harmless as one word of letters, digits and
`-`. Such octets mean the same in a header, an address, text, HTML and quoted-printable, and are the same on
the wire; so a form can be encoded once, for all whom it is filled for. That no line grows too long is the
business of whoever measured the rooms.

Does not know templates (fastsmtp.render), nor which form suits a peer (fastsmtp.delivery.content).
Source: ours; RFC 5322 3.2.3, RFC 5321 4.1.2.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memchr, memcpy

VALUES_LIMIT = MOST_VALUES
SEPARATOR = "\x1f"

cdef extern from "Python.h":
    bint is_ascii "PyUnicode_IS_COMPACT_ASCII"(object text) noexcept
    const char* text_at "PyUnicode_DATA"(object text) noexcept
    Py_ssize_t text_size "PyUnicode_GET_LENGTH"(object text) noexcept

cdef enum:
    UNIT_SEPARATOR = 31     # between packed values, which hold none

# What a byte may be part of
cdef enum:
    LETTER = 1
    DIGIT = 2
    ALNUM = 3
    DASH = 4
    UNDERSCORE = 8
    JOINT = 16              # between two atoms of a local part
    WORD = 7                # ALNUM or DASH
    ATOM = 15

cdef unsigned char[256] KINDS

for _code in range(256):
    _char = chr(_code)
    KINDS[_code] = (
        LETTER if _code < 128 and _char.isalpha() else DIGIT if _char in "0123456789"
        else DASH if _char == "-" else UNDERSCORE if _char == "_" else JOINT if _char in ".+" else 0
    )


cdef bint is_word(const unsigned char* at, Py_ssize_t size) noexcept:
    cdef Py_ssize_t place
    if not size or not KINDS[at[0]] & ALNUM:
        return False
    for place in range(1, size):
        if not KINDS[at[place]] & WORD:
            return False
    return True


cdef bint is_address(const unsigned char* at, Py_ssize_t size) noexcept:
    cdef Py_ssize_t place = local_size(at, size)
    return place > 0 and is_domain(at + place + 1, size - place - 1)


cdef Py_ssize_t local_size(const unsigned char* at, Py_ssize_t size) noexcept:
    """Of what stands before the first @; 0 where that is no local part, or where there is no @."""
    cdef Py_ssize_t place
    cdef bint in_atom = False
    for place in range(size):
        if at[place] == c"@":
            return place if in_atom else 0
        if KINDS[at[place]] & ATOM:
            in_atom = True
        elif in_atom and KINDS[at[place]] & JOINT:
            in_atom = False
        else:
            return 0
    return 0


cdef bint is_domain(const unsigned char* at, Py_ssize_t size) noexcept:
    """Labels of two and more: none begins or ends with a dash, and the last one begins with a letter."""
    cdef Py_ssize_t place, start = 0
    for place in range(size):
        if at[place] == c".":
            if place == start or not KINDS[at[place - 1]] & ALNUM:
                return False
            start = place + 1
        elif not KINDS[at[place]] & (ALNUM if place == start else WORD):
            return False
    if not start or size - start < 2 or not KINDS[at[size - 1]] & ALNUM:
        return False
    return KINDS[at[start]] & LETTER and KINDS[at[start + 1]] & ALNUM


def plain_address(str text not None):
    if not is_ascii(text) or not is_address(<const unsigned char*>text_at(text), text_size(text)):
        return None
    return PyBytes_FromStringAndSize(text_at(text), text_size(text))


@cython.final
cdef class Form:
    def __cinit__(self, list literals not None, list holes not None, list rooms not None):
        cdef Py_ssize_t place
        if len(literals) != len(holes) + 1 or not 0 < len(rooms) <= MOST_VALUES:
            raise ValueError("a form has a literal more than holes, and no more values than it can hold")
        self._literals = tuple(literals)
        self._holes = tuple(holes)
        self._count = len(rooms)
        for place in range(self._count):
            self._rooms[place] = rooms[place]
        for literal in literals:
            self._size += len(<bytes?>literal)
        for place in holes:
            if not 0 <= place < self._count or self._rooms[place] < 0:
                raise ValueError("a hole for a value that there is none of")

    @property
    def literals(self):
        return list(self._literals)

    @property
    def holes(self):
        return list(self._holes)

    @property
    def rooms(self):
        return [self._rooms[place] for place in range(self._count)]

    def marks(self):
        values = ["x" * max(room, 0) for room in self.rooms]
        values[0] = "x" * max(self._rooms[0] - len("@x.xx"), 0) + "@x.xx"
        return values

    def fill(self, list values not None):
        cdef const char* texts[MOST_VALUES]
        cdef Py_ssize_t sizes[MOST_VALUES]
        cdef Py_ssize_t place
        sizes[0] = 0
        if len(values) != self._count:
            return None
        for place in range(self._count):
            if self._rooms[place] < 0:
                texts[place] = NULL
                sizes[place] = 0
                continue
            value = values[place]
            if type(value) is not str or not is_ascii(value):
                return None
            texts[place] = text_at(value)
            sizes[place] = text_size(value)
        return self._fill(texts, sizes)

    def fill_columns(self, str address not None, str packed not None):
        cdef const char* texts[MOST_VALUES]
        cdef Py_ssize_t sizes[MOST_VALUES]
        cdef const char* at
        cdef const char* end
        cdef const char* stop
        cdef Py_ssize_t count = 1
        if not is_ascii(packed):
            return self.fill([address, *packed.split(SEPARATOR)])
        if not is_ascii(address):
            return None
        texts[0] = text_at(address)
        sizes[0] = text_size(address)
        at = text_at(packed)
        end = at + text_size(packed)
        while count < self._count:
            stop = <const char*>memchr(at, UNIT_SEPARATOR, <size_t>(end - at))
            if stop is NULL:
                stop = end
            texts[count] = at
            sizes[count] = stop - at
            count += 1
            if stop == end:
                break
            at = stop + 1
        if count != self._count or count > 1 and stop != end:
            return None
        return self._fill(texts, sizes)

    cdef bytes _fill(self, const char** texts, const Py_ssize_t* sizes):
        cdef Py_ssize_t place, number, total = self._size
        cdef char* to
        cdef bytes literal, filled
        for place in range(self._count):
            if self._rooms[place] < 0:
                continue
            if sizes[place] > self._rooms[place]:
                return None
            if place == 0:
                if not is_address(<const unsigned char*>texts[0], sizes[0]):
                    return None
            elif not is_word(<const unsigned char*>texts[place], sizes[place]):
                return None
        for number in self._holes:
            total += sizes[number]
        filled = PyBytes_FromStringAndSize(NULL, total)
        to = PyBytes_AS_STRING(filled)
        for place in range(len(self._holes)):
            literal = <bytes>self._literals[place]
            memcpy(to, PyBytes_AS_STRING(literal), <size_t>PyBytes_GET_SIZE(literal))
            to += PyBytes_GET_SIZE(literal)
            number = self._holes[place]
            memcpy(to, texts[number], <size_t>sizes[number])
            to += sizes[number]
        literal = <bytes>self._literals[len(self._holes)]
        memcpy(to, PyBytes_AS_STRING(literal), <size_t>PyBytes_GET_SIZE(literal))
        return filled
