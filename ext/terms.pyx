"""The words that the engine and its users share: commands that wait for a reply, events, notes of an introduction.

Commands name a stage too: what a session waits for is the oldest command without a reply, IDLE where there is none.
What each event means, and its subject, stands in engine.pyi.

Source: ours; the stages are those of Postfix smtp_proto(3) (spec: session, 11 and 12).
"""

GREETING = C_GREETING
EHLO = C_EHLO
HELO = C_HELO
STARTTLS = C_STARTTLS
AUTH = C_AUTH
XFORWARD = C_XFORWARD
MAIL = C_MAIL
RCPT = C_RCPT
DATA = C_DATA
END = C_END
LONE_END = C_LONE_END
RSET = C_RSET
PROBE = C_PROBE
QUIT = C_QUIT
IDLE = C_IDLE

READY = E_READY
REFUSED = E_REFUSED
CONTENT_DUE = E_CONTENT_DUE
ANSWERED = E_ANSWERED
UNUSABLE = E_UNUSABLE
CLOSED = E_CLOSED
ANOMALY = E_ANOMALY
WARNED = E_WARNED
REPLIED = E_REPLIED

OWN_NAME = N_OWN_NAME
BAD_SIZE = N_BAD_SIZE
NO_8BITMIME = N_NO_8BITMIME
