"""Commands that wait for a reply, and events: the words that the engine and its users share."""

GREETING: int
EHLO: int
HELO: int
STARTTLS: int
AUTH: int
XFORWARD: int
MAIL: int
RCPT: int
DATA: int
END: int
LONE_END: int
RSET: int
PROBE: int
QUIT: int
IDLE: int

READY: int
REFUSED: int
CONTENT_DUE: int
ANSWERED: int
UNUSABLE: int
CLOSED: int
ANOMALY: int
WARNED: int
REPLIED: int

OWN_NAME: int
BAD_SIZE: int
NO_8BITMIME: int
