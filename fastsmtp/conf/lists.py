"""Lists in one text: what separates their elements, and what of them may be shown.

    split_words(text)     the elements: commas and blanks separate, but not inside { }; from an element that
                          begins with # on nothing counts
    comment(text)         what does not count, "" nothing
    veil(text)            the same text for other eyes: tables without what stands in their names
Source: mystrtok(3); postconf(5).
"""

BLANKS = " \t\r\n\v\f"
# Table types whose names may be shown; static, and a type that nobody knows, may hold a secret.
NAMES_A_PLACE = frozenset(
    (
        *("texthash", "hash", "btree", "lmdb", "cdb", "dbm", "sdbm", "regexp", "pcre", "cidr", "sqlite"),
        *("pgsql", "mysql", "ldap", "socketmap", "tcp", "memcache", "proxy", "environ", "unix", "nis"),
        *("internal", "fail", "debug", "inline", "unionmap", "pipemap", "randmap"),
    )
)
_SEPARATORS = BLANKS + ","
_TO_SPACE = str.maketrans(_SEPARATORS, " " * len(_SEPARATORS))


def split_words(text: str) -> tuple[str, ...]:
    """The elements of a list; empty ones vanish. A group in braces protects the separators in it."""
    if "#" in text:
        text = text[: len(text) - len(comment(text))]
    if "{" not in text:
        return tuple([word for word in text.translate(_TO_SPACE).split(" ") if word])
    words: list[str] = []
    start = -1
    depth = 0
    for position, character in enumerate(text):
        if character in _SEPARATORS and not depth:
            if start >= 0:
                words.append(text[start:position])
            start = -1
            continue
        if start < 0:
            start = position
        if character == "{":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
    if start >= 0:
        words.append(text[start:])
    return tuple(words)


def comment(text: str) -> str:
    """A comment behind other text, which main.cf does not have: from its # to the end."""
    depth = 0
    before = " "
    for position, character in enumerate(text):
        if character == "#" and not depth and before in _SEPARATORS:
            return text[position:]
        depth += (character == "{") - (character == "}" and depth > 0)
        before = character
    return ""


def veil(text: str) -> str:
    """`text` without passwords: `inline:{...}`, and `static:...` for what may be its own contents."""
    for word in split_words(text):
        kind, _, name = word.partition(":")
        if kind.isidentifier() and "{" in name:
            text = text.replace(word, f"{kind}:{{...}}")
        elif name and kind.isidentifier() and kind not in NAMES_A_PLACE:
            text = text.replace(word, f"{kind}:...")
    return text
