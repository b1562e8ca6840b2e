"""Python face of the compiled header store: nothing of it is meant for Python, see header.pxd."""

from typing import final

@final
class Header: ...
