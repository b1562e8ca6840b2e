"""Lists in values: commas and blanks separate, but not inside { }.

    split_words(text)     the elements, in order; empty ones vanish
Source: postconf(5); Postfix mystrtok(3), extpar(3).
"""

_SEPARATORS = " \t\r\n\v\f,"
_TO_SPACE = str.maketrans(_SEPARATORS, " " * len(_SEPARATORS))


def split_words(text: str) -> tuple[str, ...]:
    """The elements of a list; empty ones vanish. A group in braces protects the separators in it."""
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
