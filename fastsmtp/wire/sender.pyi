"""The sender's half of a session. Only the engine uses it."""

BLIND_LIMIT: int
AHEAD_LIMIT: int

class Sender: ...
