"""Python face of the compiled line writer: nothing of it is meant for Python; Cython modules use lines.pxd."""

from typing import final

@final
class LineWriter: ...
