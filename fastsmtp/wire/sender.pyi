"""The sender's half of a session. Only the engine uses it, but for what an authentication adds."""

BLIND_LIMIT: int
AHEAD_LIMIT: int

class Sender:
    says_auth: bool  # MAIL has AUTH=<> (RFC 4954, 5): the session authenticated
