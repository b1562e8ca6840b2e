"""Tables that ask a server: how a question is put and an answer is read, and the answers at hand.

    table.get(key)             the answer at hand; Pending if it must be fetched first
    table.keep(key, answer)    it was fetched: a text, None for "not found", or a TableError
    table.forget(key)          it is too old
    table.asks(key)            False: nothing is known of this key, and the server is not asked; nor is it for
                               a key that is no text

Nothing here waits or knows the time: fastsmtp.remote asks, and says how long an answer is good for. A type is
a subclass with what its server must be told; `client` is the module there that speaks to it.
Source: ours; what is asked and what an answer means is each type's *_table(5).
"""

from collections import OrderedDict
from importlib.util import find_spec
from typing import NamedTuple

from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.table import Stamp, Table, fold

Answer = str | TableError | None


class Manners(NamedTuple):
    """How a type's servers are treated. Spans in seconds."""

    tries: int = 1  # connections that are tried for one question, beside those that had been idle
    pause: float = 0.0  # between two tries
    retry_interval: float = 0.0  # a server that failed is left alone for so long
    idle_interval: float = 60.0  # a connection that nobody needs is kept for so long,
    lifetime: float = 0.0  # and no connection longer than this; 0: no limit
    time_limit: float = 0.0  # the type's own for one question; 0: the general one alone


class Remote(Table):
    """A table whose answers come from a server. Its answers come and go; all else is fixed."""

    __slots__ = ("_answers", "_folded", "client", "hosts", "manners")

    def __init__(
        self,
        reference: str,
        client: str,
        hosts: tuple[str, ...],
        manners: Manners,
        *,
        fixed: bool,
        folded: bool = False,
        files: tuple[Stamp, ...] = (),
    ) -> None:
        super().__init__(reference, fixed=fixed, files=files, volatile=True)
        self.client = client
        self.hosts = hosts  # any of them has the answer
        self.manners = manners
        self._folded = folded
        self._answers: OrderedDict[str, Answer] = OrderedDict()  # who was asked for last stands last

    def asks(self, key: str) -> bool:
        return True

    def get(self, key: str) -> str | None:
        if self._folded:
            key = fold(key)
        answers = self._answers
        try:
            answer = answers[key]
        except KeyError:
            if is_text(key) and self.asks(key):
                raise Pending(self, key) from None
            return None
        answers.move_to_end(key)
        if isinstance(answer, TableError):
            raise TableError(str(answer))
        return answer

    def keep(self, key: str, answer: Answer, limit: int) -> None:
        """`limit`: answers kept; those that nobody has asked for longest go first."""
        answers = self._answers
        while len(answers) >= limit and key not in answers:
            answers.popitem(last=False)
        answers[key] = answer
        answers.move_to_end(key)

    def forget(self, key: str) -> None:
        self._answers.pop(key, None)

    def __len__(self) -> int:
        return len(self._answers)

    def __bool__(self) -> bool:
        return True


def require(library: str, extra: str) -> None:
    """TableError where the library of a type is not installed; says how to get it."""
    if find_spec(library) is None:
        raise TableError(f"{library} is not installed: pip install 'fastsmtp[{extra}]'")


def is_text(key: str) -> bool:
    """Whether it can be asked for: no bytes that are no UTF-8, no NUL."""
    return "\0" not in key and (key.isascii() or not any("\ud800" <= each <= "\udfff" for each in key))


def to_bytes(key: str) -> bytes:
    """A key for the wire."""
    return key.encode()


def to_text(value: bytes, table: Table) -> str:
    """A value from the wire; TableError if it is no text."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise TableError(f"{table.name}: the result is not UTF-8: {value[:100]!r}") from None
