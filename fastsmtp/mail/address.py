"""Mail addresses: what a list or a job file says, checked, and the form that goes on the wire.

    parse(text)           Address(local, domain), or the reason (str) why it is none; never raises
    quote(local, domain)  wire form: local part quoted where RFC 5321 needs it
    unquoted(text)        the same for smtp_quote_rfc821_envelope = no, as far as a command allows it
    to_wire(text)         wire form, as bytes, of what `parse` accepts: the one step from str to bytes
    parse_domain(text)    lower case, A-labels; or None
    is_plain(text)        a dot-atom address: its wire form is itself
    split_plain(many)     the common form of many addresses, checked in one look

A local part is a dot-atom, a quoted string, or a dot-atom with dots where none should be (`a..b@`, `.a@`,
`a.@`): such mailboxes exist, Postfix quotes them, so do we. It is ASCII, or where `utf8` allows it any text
that prints (RFC 6531: the peer must offer SMTPUTF8). A domain is a host name, in A- or U-labels, or an
address literal. Underscores are let through as Postfix does. Comments, routes, display names and angle
brackets are not part of an address here.

Source: RFC 5321 4.1.2, 4.1.3, 4.5.3.1; RFC 5891; Postfix valid_hostname(3) (underscores, numeric names),
smtp(8) quoting (spec: session, 10.4).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

LOCAL_LIMIT = 64  # octets, RFC 5321 4.5.3.1.1
ADDRESS_LIMIT = 254  # octets, RFC 5321 4.5.3.1.3: a path of 256, less its angle brackets
LABEL_LIMIT = 63  # octets, RFC 1035 2.3.4

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*", re.ASCII)
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*(?!\d+\Z){_LABEL}", re.ASCII)
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)*(?![0-9]+\Z){_LABEL})", re.ASCII)
_ATOMS_AND_DOTS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+", re.ASCII)
# By what they exclude: a class up to the last character there is takes milliseconds to compile
_UTF8_ATOMS_AND_DOTS = re.compile(r'[^\x00-\x20"(),:;<>@\[\\\]\x7f]+')
_UTF8_QUOTED = re.compile(r'"((?:[^\x00-\x1f"\\\x7f]|\\[ -~])*)"')
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\[ -~])*)"', re.ASCII)
_ESCAPED = re.compile(r"\\(.)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TOO_LONG = f"address longer than {ADDRESS_LIMIT} octets"

# What `quote` looks for (spec: session, 10.4). 8-bit characters alone ask for no quotes.
_NEEDS_QUOTES = re.compile(r'\A\Z|\A\.|\.\Z|\.\.|[\x00-\x20\x7f<>()\[\]\\,;:@"]')
_MISLEADING = re.compile(r'[<>"\\\x00-\x1f\x7f]')  # in a path without quotes
_NEEDS_BACKSLASH = re.compile(r'(["\\\r\n])')

# All that `split_plain` takes away before it compares: atom characters and dots.
_PLAIN_OCTETS = bytes(octet for octet in range(128) if _ATOMS_AND_DOTS.fullmatch(chr(octet)))


class Address(NamedTuple):
    """An address that may be sent to."""

    local: str  # without quotes and backslashes
    domain: str  # lower case, A-labels; an address literal in its brackets


def parse(text: str, local_limit: int = LOCAL_LIMIT, *, utf8: bool = False) -> Address | str:
    """The address in `text` (outer blanks allowed), or one line that says why there is none.

    `utf8`: the local part may be outside ASCII.
    """
    text = text.strip(" \t")
    plain = _PLAIN.fullmatch(text)
    if plain and len(text) <= LOCAL_LIMIT:  # neither limit can be broken
        return Address(plain[1], plain[2].lower())
    return _parse_any(text, local_limit, utf8)


def _parse_any(text: str, local_limit: int, utf8: bool) -> Address | str:
    reason = _text_reason(text)
    if reason:
        return reason
    quoted_local, _, domain_text = text.rpartition("@")
    domain, reason = _domain_and_reason(domain_text)
    if reason:
        return reason
    utf8 = utf8 and not quoted_local.isascii()
    local = _unquote(quoted_local, utf8)
    if local is None:
        return _local_reason(quoted_local, utf8)
    length = len(quoted_local.encode()) if utf8 else len(quoted_local)
    if length > local_limit:
        return f"local part longer than {local_limit} octets"
    if length + 1 + len(domain) > ADDRESS_LIMIT:  # A-labels are longer than U-labels
        return _TOO_LONG
    return Address(local, domain)


def _text_reason(text: str) -> str:
    if not text:
        return "no address"
    if _CONTROL.search(text):
        return "control character in the address"
    if len(text) > ADDRESS_LIMIT:
        return _TOO_LONG
    return "" if "@" in text else "address without @"


def _unquote(text: str, utf8: bool) -> str | None:
    quoted = (_UTF8_QUOTED if utf8 else _QUOTED).fullmatch(text)
    if utf8 and not text.isprintable():
        return None
    if quoted:
        return _ESCAPED.sub(r"\1", quoted[1])
    return text if (_UTF8_ATOMS_AND_DOTS if utf8 else _ATOMS_AND_DOTS).fullmatch(text) else None


def _local_reason(local: str, utf8: bool) -> str:
    if not local:
        return "address without a local part"
    if utf8 and not local.isprintable():
        return "local part holds a character that does not print"
    if not (utf8 or local.isascii()):
        return "local part is not ASCII (would need SMTPUTF8)"
    if '"' in local:
        return "local part is wrongly quoted"
    wrong = next(character for character in local if not _UTF8_ATOMS_AND_DOTS.fullmatch(character))
    what = "a blank" if wrong == " " else f"`{wrong}`"
    return f"local part holds {what} outside quotes"


def parse_domain(text: str) -> str | None:
    """`text` as lower case A-labels (or an address literal), None where it is no domain."""
    domain, reason = _domain_and_reason(text)
    return None if reason else domain


def _domain_and_reason(text: str) -> tuple[str, str]:
    if text.isascii():
        if _HOST_NAME.fullmatch(text):
            return text.lower(), ""
        if text.startswith("["):
            return (text.lower(), "") if _is_literal(text) else ("", "address literal is no IP address")
        return "", _domain_reason(text)
    return _to_a_labels(text)


def _to_a_labels(text: str) -> tuple[str, str]:
    import idna  # noqa: PLC0415 - its tables cost more to load than most lists ever need

    try:
        domain = idna.encode(text, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return "", "domain is not a valid international name"
    if not _HOST_NAME.fullmatch(domain):
        return "", _domain_reason(domain)
    return domain, ""


def _is_literal(text: str) -> bool:
    import ipaddress  # noqa: PLC0415 - as idna: hardly ever needed

    inner = text[1:-1]
    try:
        if inner[:5].lower() == "ipv6:":
            ipaddress.IPv6Address(inner[5:])
        else:
            ipaddress.IPv4Address(inner)
    except ValueError:
        return False
    return text.endswith("]") and "%" not in inner


def _domain_reason(text: str) -> str:
    if not text:
        return "address without a domain"
    labels = text.split(".")
    if "" in labels:
        return "empty label in the domain"
    if max(map(len, labels)) > LABEL_LIMIT:
        return f"label longer than {LABEL_LIMIT} octets in the domain"
    if labels[-1].isdigit():
        return "domain ends in a number (an address literal needs brackets)"
    if any(label.startswith("-") or label.endswith("-") for label in labels):
        return "label with an outer hyphen in the domain"
    return "domain holds a character that no host name has"


def is_plain(text: str) -> bool:
    """Whether this is a dot-atom address, and so its own wire form. The local part may be long."""
    return len(text) <= ADDRESS_LIMIT and _PLAIN.fullmatch(text) is not None


def split_plain(addresses: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Many addresses at once: (addresses, domains), both in lower case; None unless every one is of the
    common form.

    Common: a dot-atom, one @, a rest of atom characters and dots, LOCAL_LIMIT octets at most together. The
    domains are still to be shown to `parse_domain`. Some 150 ns an address: a list is imported on the
    strength of this, and only what fails it is parsed one by one.
    """
    text = "\n".join(addresses)
    if not addresses or not text.isascii():
        return None
    rest = text.encode("ascii").translate(None, _PLAIN_OCTETS)
    if rest != b"@\n" * (len(addresses) - 1) + b"@" or max(map(len, addresses)) > LOCAL_LIMIT:
        return None
    if ".." in text or ".@" in text or "\n." in text or "\n@" in text or text[0] in ".@":
        return None
    text = text.lower()
    return text.split("\n"), text.replace("@", "\n").split("\n")[1::2]


def quote(local: str, domain: str) -> str:
    """The wire form, without angle brackets, of an unquoted local part and a domain."""
    if _NEEDS_QUOTES.search(local):
        local = '"' + _NEEDS_BACKSLASH.sub(r"\\\1", local) + '"'
    return f"{local}@{domain}"


def wire_text(text: str) -> str:
    """The wire form of an address that `parse` accepts; "" (the null sender) stays empty. Case is kept where
    it can be.

    Raises ValueError for anything else: a bug of the caller, who should have asked `parse` first.
    """
    if not text or _PLAIN.fullmatch(text):
        return text
    parsed = parse(text, local_limit=ADDRESS_LIMIT, utf8=True)
    if isinstance(parsed, str):
        raise ValueError(f"{text!r}: {parsed}")
    return quote(*parsed)


def to_wire(text: str) -> bytes:
    """`wire_text` as it goes into a command; outside ASCII it is one for SMTPUTF8."""
    return wire_text(text).encode()


def unquoted(text: str) -> bytes:
    """The address without quotes, or its wire form where that would end the command or change its meaning."""
    parsed = parse(text, local_limit=ADDRESS_LIMIT, utf8=True) if text else ""
    if isinstance(parsed, str) or _MISLEADING.search(parsed.local):
        return to_wire(text)
    return f"{parsed.local}@{parsed.domain}".encode()
