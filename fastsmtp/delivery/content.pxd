# Types for content.py, which is compiled with them.
from fastsmtp.mail.request cimport Request
from fastsmtp.wire.encoder cimport Encoder
from fastsmtp.wire.form cimport Form
from fastsmtp.wire.transaction cimport Transaction

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
