"""Names that are not ours: Postfix's other parameters, names of the user's own, and names with a slip in
them.

    judge(main, told, known)     warnings and problems about the names that were set
    hint(name, known)            what one of them was probably meant to be
In main.cf an unknown name is legal: it may be the user's, for `$name`. It is pointed out only when nothing
refers to it and it is close to one of ours. In [settings] and -o nobody defines names for later: there it
is a problem.
Source: postconf(5) for what is legal; ours for the help with slips.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from fastsmtp.conf.expand import references
from fastsmtp.conf.foreign import is_foreign
from fastsmtp.conf.maincf import Entry

CLOSE = 0.85  # difflib's measure: one or two letters in a name of usual length


class Judgement(NamedTuple):
    warnings: list[str]
    problems: list[str]


def judge(
    main: Sequence[Entry], told: Sequence[Entry], known: Collection[str], is_known: Callable[[str], bool]
) -> Judgement:
    """What is to be said about unknown names in main.cf (`main`), and in [settings] and -o (`told`).

    `known` are the names to compare a slip with; `is_known` also tells those made for a transport.
    """
    warnings: list[str] = []
    problems: list[str] = []
    unknown = [entry for entry in (*main, *told) if not is_known(entry.name) and not is_foreign(entry.name)]
    if not unknown:
        return Judgement(warnings, problems)
    used = mentioned((*main, *told))
    for entry in unknown:
        if entry.name in used:
            continue
        said = hint(entry.name, known)
        if entry in told:
            problems.append(
                f"{entry.origin}: {entry.name} = {entry.value}: expected the name of a parameter{said}"
            )
        elif said:
            warnings.append(f"{entry.origin}: {entry.name} is not a parameter{said}")
    return Judgement(warnings, problems)


def hint(name: str, known: Collection[str]) -> str:
    """What may be wrong with it, behind a colon; empty if nothing comes to mind."""
    meant, transport = close_to(name, known), _transport_of(name, known)
    hints = [f"did you mean {meant}?"] if meant else []
    if transport:
        hints.append(f"smtp_transports does not name {transport}")
    return ": " + " ".join(hints) if hints else ""


def _transport_of(name: str, known: Collection[str]) -> str:
    """Of `NAME_rest` the NAME, if there is a smtp_rest; empty if not."""
    words = name.split("_")
    for count in range(1, len(words)):
        if "_".join(("smtp", *words[count:])) in known:
            return "_".join(words[:count])
    return ""


def mentioned(entries: Iterable[Entry]) -> set[str]:
    """Every name that some value refers to."""
    found: set[str] = set()
    for entry in entries:
        if "$" in entry.value:
            found |= references(entry.value)
    return found


def close_to(name: str, known: Collection[str]) -> str:
    """The one of `known` that `name` was probably meant to be; empty if there is none so close."""
    import difflib  # noqa: PLC0415 -- 8 ms, for a faulty main.cf alone

    best = difflib.get_close_matches(name, known, n=1, cutoff=CLOSE)
    return best[0] if best else ""
