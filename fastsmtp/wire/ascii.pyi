"""Python face of the compiled ASCII writer: nothing of it is meant for Python, see ascii.pxd."""

from typing import final

@final
class AsciiWriter: ...
