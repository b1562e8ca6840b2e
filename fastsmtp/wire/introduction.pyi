"""The beginning of a session: greeting, EHLO or HELO, offers. Only the engine uses it."""

class Introduction:
    """What is said to a peer before the first transaction, and what the peer said of itself."""

    def __init__(
        self, helo_name: bytes, discard: frozenset[str], always_ehlo: bool, never_ehlo: bool
    ) -> None: ...
