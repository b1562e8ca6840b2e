"""Python face of the compiled line writer: nothing of it is meant for Python, see lines.pxd."""

from typing import final

@final
class LineWriter: ...
