"""xtext, the spelling of arbitrary text in a parameter of a command: what does not print becomes +XX.

    xtext(text)               for ENVID (RFC 3461 4): `+` and `=` are spelled out
    xtext(text, keep="=")     for XFORWARD: `=` stays

The commands of a transaction spell theirs in ext/transaction.pyx.
Source: RFC 3461 4; Postfix xtext(3), XFORWARD_README.
"""


def xtext(text: str, *, keep: str = "") -> bytes:
    """ASCII without blanks, whatever `text` holds."""
    return b"".join(
        bytes((octet,))
        if 32 < octet < 127 and (octet not in b"+=" or chr(octet) in keep)
        else b"+%02X" % octet
        for octet in text.encode("utf-8", "surrogateescape")
    )
