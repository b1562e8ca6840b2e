"""Python face of the compiled text holder: nothing of it is meant for Python, see held.pxd."""

from typing import final

@final
class HeldText: ...
