"""Python face of the compiled quoted-printable writer: nothing of it is meant for Python, see quoted.pxd."""

from typing import final

@final
class QuotedWriter: ...
