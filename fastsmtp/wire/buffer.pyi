"""Python face of the compiled output buffer: nothing of it is meant for Python, see buffer.pxd."""

from typing import final

@final
class OutBuffer: ...
