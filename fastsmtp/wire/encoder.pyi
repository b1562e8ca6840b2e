"""Message content to the bytes that follow DATA, the final dot included. The body is ext/encoder.pyx."""

from typing import NamedTuple, final

from typing_extensions import Buffer

class Scan(NamedTuple):
    encoding: str
    size: int

class Note(NamedTuple):
    line: int
    text: str

def encode(
    message: Buffer,
    *,
    line_length_limit: int = 990,
    downgrade: bool = False,
    nesting_limit: int = 100,
    boundary_limit: int = 2048,
    header_limit: int = 102400,
    repair: bool = False,
    stuffed: bool = True,
) -> bytes: ...
def explain(
    message: Buffer,
    *,
    line_length_limit: int = 990,
    downgrade: bool = False,
    nesting_limit: int = 100,
    boundary_limit: int = 2048,
    header_limit: int = 102400,
    repair: bool = False,
    stuffed: bool = True,
) -> list[Note]: ...
def scan(message: Buffer) -> Scan: ...

@final
class Encoder:
    def __init__(
        self,
        *,
        line_length_limit: int = 990,
        downgrade: bool = False,
        nesting_limit: int = 100,
        boundary_limit: int = 2048,
        header_limit: int = 102400,
        repair: bool = False,
        stuffed: bool = True,
    ) -> None: ...
    def encode(self, message: Buffer) -> bytes: ...
    def feed(self, data: Buffer) -> bytes: ...
    def finish(self) -> bytes: ...
    @property
    def broke_lines(self) -> bool: ...
