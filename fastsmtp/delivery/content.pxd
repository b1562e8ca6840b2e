# Types for content.py, which is compiled with them.
from fastsmtp.mail.request cimport Request
from fastsmtp.wire.encoder cimport Encoder
from fastsmtp.wire.form cimport Form
from fastsmtp.wire.transaction cimport Transaction

cdef class _Encoded:
    cdef public:
        bytes wire
        Py_ssize_t size
        int encoding
        bint broke_lines
        bint asks_utf8


cdef class _EncodedForm:
    cdef public:
        Form form
        Py_ssize_t added
        int encoding
        bint asks_utf8


cdef class _Kind:
    cdef public:
        bint eightbit
        bint chunked
        bint binary


cdef class Content:
    cdef:
        object _note
        dict _encoders
        object _rules
        bytes _message
        str _sender
        object _renderer
        object _rewriter
        dict _shared
        dict _forms
        bytes _sender_wire

    cdef bytes _wire(self, str address)
    cdef _Encoded _encoded(self, recipient, _Kind kind)
