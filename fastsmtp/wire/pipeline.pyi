"""What was said to the peer and is not answered, or not gone. Only the engine uses it."""

GROUP_LIMIT: int
TAKE_LIMIT: int

class Pipeline:
    def __init__(self, idle: int) -> None: ...
