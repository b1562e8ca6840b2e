"""Python face of the compiled token reader: nothing of it is meant for Python, see tokens.pxd."""

from typing import final

@final
class TokenReader: ...
