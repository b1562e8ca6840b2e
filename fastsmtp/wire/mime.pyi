"""Python face of the compiled MIME machine: nothing of it is meant for Python, see mime.pxd."""

from typing import final

@final
class MimeMachine: ...
