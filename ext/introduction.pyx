"""The beginning of a session: greeting, EHLO or HELO, and what the peer offers.

The engine hands in each reply that is the introduction's to read, and finds what follows from it in two fields:

    line, command   what is said next, and the command whose reply is then waited for; None: nothing
    event           what the engine's user is told: READY (the peer is introduced, `offers` stand) or REFUSED; None: nothing

Only what stands in `offers` was offered: keywords to discard never get there. What is worth a line in the log is left in
`notes`, as (kind, what the peer said) pairs. Does not know of transactions, and sends nothing itself.
Source: RFC 5321 3.1, 3.2, 4.1.1.1; 1870; 9422; Postfix smtp_proto(3), smtp_always_send_ehlo, smtp_never_send_ehlo,
smtp_discard_ehlo_keywords, smtp_pix_workarounds, smtp_send_xforward_command; spec: session, 4 to 8, 10.1.
"""

cimport cython
from fastsmtp.wire.terms cimport (
    C_EHLO, C_GREETING, C_HELO, E_READY, E_REFUSED, N_BAD_SIZE, N_NO_8BITMIME, N_OWN_NAME,
)

STARRED = b"20 *\t\n"  # all that the greeting of a PIX firewall is made of; a `-` or a letter is none
# All that is known of a message that came in here: Postfix says the same of one that was submitted locally
ORIGIN = b"XFORWARD SOURCE=LOCAL\r\n"

MECHANISMS_LIMIT = 2048  # characters of all AUTH lines together, as in Postfix


cdef str joined(list lines):
    """Lines of AUTH, also of the form AUTH=, as one; a line that was there before counts once."""
    cdef dict seen = {}
    cdef Py_ssize_t size = 0
    for line in lines:
        if size < MECHANISMS_LIMIT and line.upper() not in seen:
            seen[line.upper()] = line
            size += len(line) + 1
    return " ".join(line for line in seen.values() if line)[:MECHANISMS_LIMIT]


@cython.final
cdef class Introduction:
    def __init__(
        self, bytes helo_name not None, frozenset discard not None, bint always_ehlo, bint never_ehlo,
        bytes own_name not None, bint helo_for_pix, bint forwards,
    ):
        self._helo_name = helo_name
        self._discard = discard
        self._always_ehlo = always_ehlo
        self._never_ehlo = never_ehlo
        self._own_name = own_name
        self._helo_for_pix = helo_for_pix
        self._forwards = forwards
        self.notes = ()
        self.offers = {}
        self.peer_name = b""

    cdef int answer(self, int command, Reply reply) except -1:
        self.line = None
        self.event = None
        if command == C_GREETING:
            self._answer_greeting(reply)
        elif command == C_EHLO:
            self._answer_ehlo(reply)
        else:
            self._answer_helo(reply)
        return 0

    cdef int begin_again(self) except -1:
        self._secured = True
        self.notes = ()
        self.offers = {}
        self.peer_name = b""
        self.extended = self.pipelining = self.dsn = self.size = self.eightbit = False
        self.size_limit = self.mail_limit = self.recipient_limit = self.domain_limit = 0
        self.forward = None
        return self._say(b"EHLO " + self._helo_name + b"\r\n", C_EHLO)

    cdef int _say(self, bytes line, int command) except -1:
        self.line = line
        self.command = command
        return 0

    cdef int _note(self, int kind, str subject) except -1:
        self.notes += ((kind, subject),)
        return 0

    cdef int _answer_greeting(self, Reply reply) except -1:
        cdef bint esmtp
        if reply.digit() != 2:
            self.event = (E_REFUSED, (C_GREETING, reply))
            return 0
        words = reply.raw[3:].upper().replace(b"\n", b" ").split(b" ")
        esmtp = b"ESMTP" in words
        if self._own_name and words[1:2] == [self._own_name.upper()]:
            self._note(N_OWN_NAME, self._own_name.decode("ascii"))
        self.is_pix = not reply.raw.translate(None, STARRED)
        if (self._always_ehlo or esmtp) and not (self._never_ehlo or (self.is_pix and self._helo_for_pix)):
            return self._say(b"EHLO " + self._helo_name + b"\r\n", C_EHLO)
        return self._say(b"HELO " + self._helo_name + b"\r\n", C_HELO)

    cdef int _answer_ehlo(self, Reply reply) except -1:
        if reply.digit() == 2:
            self._parse_offers(reply)
            self.event = (E_READY, None)
        elif reply.closing():
            self.event = (E_REFUSED, (C_EHLO, reply))
        else:
            self._say(b"HELO " + self._helo_name + b"\r\n", C_HELO)
        return 0

    cdef int _answer_helo(self, Reply reply) except -1:
        self.event = (E_READY, None) if reply.digit() == 2 else (E_REFUSED, (C_HELO, reply))
        return 0

    cdef int _parse_offers(self, Reply reply) except -1:
        """The first line with a word names the peer; each other one is a keyword and its parameters."""
        cdef dict offers = {}
        cdef list mechanisms = []
        named = False
        for line in reply.lines:
            line = line[4:].strip(" ")
            keyword = line.partition(" ")[0].partition("=")[0]
            parameters = line[len(keyword) + 1:]
            if not line:
                continue
            if not named:
                named = True
                self.peer_name = line.partition(" ")[0].encode()
                continue
            keyword = keyword.upper()
            if keyword in self._discard or self._secured and keyword == "STARTTLS":
                continue
            if keyword == "AUTH":
                mechanisms.append(" ".join(parameters.split()))
            else:
                offers[keyword] = parameters.strip(" ")
        if mechanisms:
            offers["AUTH"] = joined(mechanisms)
        if "SMTPUTF8" in offers and "8BITMIME" not in offers:
            self._note(N_NO_8BITMIME, "")
            offers["8BITMIME"] = ""
        self.extended = True
        self.offers = offers
        self.pipelining = "PIPELINING" in offers
        self.dsn = "DSN" in offers
        self.size = "SIZE" in offers
        self.eightbit = "8BITMIME" in offers
        if self._forwards and "SOURCE" in offers.get("XFORWARD", "").upper().split():
            self.forward = ORIGIN
        self._parse_size(offers.get("SIZE", ""))
        self._parse_limits(offers.get("LIMITS", ""))
        return 0

    cdef int _parse_size(self, str limit) except -1:
        """A limit that cannot be read, or does not fit, is none."""
        if limit.isascii() and limit.isdigit():
            self.size_limit = int(limit) if len(limit) < 19 else 0
        elif limit:
            self._note(N_BAD_SIZE, limit)
        return 0

    cdef int _parse_limits(self, str text) except -1:
        """RFC 9422: NAME=number, one to six digits; what is unknown or no number is no limit."""
        cdef dict limits = {"MAILMAX": 0, "RCPTMAX": 0, "RCPTDOMAINMAX": 0}
        for word in text.upper().split():
            name, _, value = word.partition("=")
            if name in limits and value.isascii() and value.isdigit() and len(value) <= 6:
                limits[name] = int(value)
        self.mail_limit = limits["MAILMAX"]
        self.recipient_limit = limits["RCPTMAX"]
        self.domain_limit = limits["RCPTDOMAINMAX"]
        return 0

    cdef bint discards(self, str keyword) except -1:
        return keyword in self._discard
