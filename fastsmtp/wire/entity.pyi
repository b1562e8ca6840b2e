"""Python face of the compiled MIME entity: nothing of it is meant for Python, see entity.pxd."""

from typing import final

@final
class Entity: ...
