"""The beginning of a session: greeting, EHLO or HELO, offers. The engine makes it, its users read it."""

class Introduction:
    """What is said to a peer before the first transaction, and what the peer said of itself."""

    offers: dict[str, str]
    peer_name: bytes
    size_limit: int
    notes: tuple[tuple[int, str], ...]
    extended: bool
    is_pix: bool

    def __init__(
        self,
        helo_name: bytes,
        discard: frozenset[str],
        always_ehlo: bool,
        never_ehlo: bool,
        own_name: bytes,
        helo_for_pix: bool,
        forwards: bool,
    ) -> None: ...
