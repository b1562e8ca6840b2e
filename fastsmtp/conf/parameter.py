"""What a parameter is: a row of the table, `P`, and the kind of its value, `Kind`.

    P("smtp_helo_timeout", Seconds(minimum=1), "300s", "Limit for the greeting.", source="Postfix 2.2; ...")

`default` is the text that stands when nobody sets the parameter; it may hold `$name`. `newer` is (text,
version): the default of that Postfix version and later, in force when compatibility_level says so.
`aliases` are other names whose value counts when this one is not set. `reload` is False where a change
needs a restart. `accepted` says why a parameter that has nothing to steer here is taken all the same;
`successor` is the name that replaced it. `fixed`: the program sets it and nobody else can. `secret`: what
an inline table in it says must not be printed.
Source: ours; the idea of one row for help, checks and manual is datasette's.
"""

from typing import Any, ClassVar


class BadValue(ValueError):
    """The text is not of this kind; says what was expected."""


class Kind:
    """What a value may be. `shape` names the getter that gives it out."""

    __slots__ = ()
    shape: ClassVar[str]

    def parse(self, text: str) -> Any:
        """The value that expanded `text` stands for; BadValue if it stands for none."""
        raise NotImplementedError

    def describe(self) -> str:
        """The kind in a few words, for the reference page and for what was expected."""
        raise NotImplementedError

    def bad(self) -> BadValue:
        return BadValue(f"expected {self.describe()}")


class P:
    """A parameter. Written once in a table, never changed."""

    __slots__ = (
        "accepted",
        "aliases",
        "default",
        "doc",
        "fixed",
        "kind",
        "name",
        "newer",
        "reload",
        "secret",
        "source",
        "successor",
    )

    def __init__(
        self,
        name: str,
        kind: Kind,
        default: str,
        doc: str,
        *,
        source: str,
        aliases: tuple[str, ...] = (),
        newer: tuple[str, str] | None = None,
        reload: bool = True,
        accepted: str = "",
        successor: str = "",
        fixed: bool = False,
        secret: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.doc = doc
        self.source = source
        self.aliases = aliases
        self.newer = newer
        self.reload = reload
        self.accepted = accepted
        self.successor = successor
        self.fixed = fixed
        self.secret = secret

    def __repr__(self) -> str:
        return f"<P {self.name} = {self.default}>"
