"""Python face of the compiled boundaries: nothing of it is meant for Python, see boundary.pxd."""

from typing import final

@final
class Boundary: ...
