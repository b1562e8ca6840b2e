# Commands that wait for a reply, and events. The body is ext/terms.pyx, the Python face terms.pyi.

cdef enum:
    C_GREETING
    C_EHLO
    C_HELO
    C_STARTTLS
    C_AUTH           # and the lines that answer its challenges
    C_XFORWARD
    C_MAIL
    C_RCPT
    C_DATA
    C_END
    C_LONE_END       # an empty message that ends an accepted DATA without recipients: its reply means nothing
    C_RSET
    C_PROBE
    C_QUIT
    C_IDLE           # nothing is unanswered; stays the last one

cdef enum:
    E_READY = 1
    E_REFUSED
    E_CONTENT_DUE
    E_ANSWERED
    E_UNUSABLE
    E_CLOSED
    E_ANOMALY
    E_WARNED
    E_REPLIED

cdef enum:
    N_OWN_NAME = 1   # greeted with our own name
    N_BAD_SIZE       # a SIZE limit that is no number
    N_NO_8BITMIME    # SMTPUTF8 without it
