"""What a header block says of the entity it heads: shape, label, and the boundaries that are open.

    take_type(value), take_label(value)   Content-Type and Content-Transfer-Encoding; the last one that says
                                          something counts, but a boundary once named stays open
    pass_boundary(place)                  what a boundary line that was found does to those that are open
Where it leaves Postfix: a type that is not text, message or multipart is a leaf, whatever came before it.
Does not read lines or write any.
Source: RFC 2045 5 and 6, RFC 2046 5.1, RFC 6532 3.7; Postfix mime_state (spec: content, 5.2, 5.3, 5.5).
"""

cimport cython
from fastsmtp.wire.boundary cimport Boundary
from fastsmtp.wire.tokens cimport TokenReader

cdef enum:
    DASH = 45
    DASHES = 2
    SLASH = 47
    EQUALS = 61
    EXTRA_NESTING = 2       # open boundaries accepted beyond mime_nesting_limit, as Postfix counts

cdef const char* TYPE_SPECIALS = b"()<>@,;:\\\"/[]?="
cdef const char* LABEL_SPECIALS = b"()<>@,;:\\\".[]"


@cython.final
cdef class Entity:
    """See entity.pxd."""

    def __cinit__(self, Py_ssize_t nesting_limit, Py_ssize_t boundary_limit) -> None:
        self._nesting_limit = nesting_limit
        self._boundary_limit = boundary_limit
        self._tokens = TokenReader.__new__(TokenReader)
        self.reset()

    cdef int reset(self) except -1:
        self.open = []
        return self.begin(LEAF)

    cdef int begin(self, Shape shape) except -1:
        self.shape = shape
        self.is_8bit = False
        self.coding = PLAIN
        self.has_type = self.has_version = False
        self.type_name = b"message/rfc822" if shape == MESSAGE else b"text/plain"
        return 0

    cdef bint take_type(self, const char* value, const char* end) except -1:
        """False: a boundary too many is open, and was not taken."""
        cdef TokenReader tokens = self._tokens
        cdef bint has_subtype
        cdef int count
        self.shape = LEAF
        self.has_type = True
        tokens.start(value, end, TYPE_SPECIALS)
        count = tokens.item()
        if count <= 0:
            return True
        has_subtype = count == 3 and tokens.kind(1) == SLASH
        if has_subtype:
            self.type_name = tokens.text(0) + b"/" + tokens.text(2)
        if tokens.is_word(0, b"message"):
            if has_subtype and tokens.is_word(2, b"rfc822"):
                self.shape = MESSAGE
            elif has_subtype and tokens.is_word(2, b"global"):
                self.shape = GLOBAL
        elif tokens.is_word(0, b"multipart"):
            self.shape = MULTIPART
            return self._take_boundaries(MESSAGE if has_subtype and tokens.is_word(2, b"digest") else LEAF)
        return True

    cdef bint _take_boundaries(self, Shape part_shape) except -1:
        """Each parameter of that name counts, so that nothing can be hidden behind a second one.

        A bare value that begins with a special character is that character: matching by prefix does the rest.
        """
        cdef TokenReader tokens = self._tokens
        cdef Boundary boundary
        cdef int count = tokens.item()
        while count >= 0:
            if count == 3 and tokens.is_word(0, b"boundary") and tokens.kind(1) == EQUALS:
                if len(self.open) >= self._nesting_limit + EXTRA_NESTING:
                    return False
                boundary = Boundary.__new__(Boundary)
                boundary.text = tokens.text(2)[:self._boundary_limit]
                boundary.part_shape = part_shape
                self.open.append(boundary)
            count = tokens.item()
        return True

    cdef int take_label(self, const char* value, const char* end) except -1:
        cdef TokenReader tokens = self._tokens
        tokens.start(value, end, LABEL_SPECIALS)
        if tokens.item() <= 0:
            return 0
        if tokens.is_word(0, b"8bit") or tokens.is_word(0, b"binary"):
            self.is_8bit = True
            self.coding = PLAIN
        elif tokens.is_word(0, b"7bit"):
            self.is_8bit = False
            self.coding = PLAIN
        elif tokens.is_word(0, b"base64"):
            self.is_8bit = False
            self.coding = CODED
        elif tokens.is_word(0, b"quoted-printable"):
            self.is_8bit = False
            self.coding = QUOTED
        elif not self.is_8bit:
            self.coding = CODED
        return 0

    cdef bint pass_boundary(self, Py_ssize_t place, const char* data, const char* end) except -1:
        """Makes this the entity behind the boundary at `place`; False when the boundary closes."""
        cdef Boundary boundary = <Boundary>self.open[place]
        cdef const char* behind = data + len(boundary.text)
        cdef bint closes = end - behind >= DASHES and behind[0] == DASH and behind[1] == DASH
        del self.open[place + (not closes):]
        self.begin(LEAF if closes else <Shape>boundary.part_shape)
        return not closes
