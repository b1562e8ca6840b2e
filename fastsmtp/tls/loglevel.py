"""How much of TLS is logged: smtp_tls_loglevel, digits or words.

    parse("1") == SUMMARY          LogError says which word is none
    FORBIDDEN                      words that would put credentials and mail into the log

What the library's debugging and packet words add cannot be had from the binding: they count as `debug`.
Source: Postfix tls_log_mask(3); spec: tls, 16.
"""

import re

NOTHING = 0
SUMMARY = 1  # one line for each handshake
UNTRUSTED = 2  # why a chain is not trusted, also where it need not be
PEERCERT = 4  # names and fingerprints
CERTMATCH = 8  # what was compared
VERBOSE = 16  # ciphers and versions
CACHE = 32  # resumption
DANE = 64

ROUTINE = SUMMARY
DEBUG = SUMMARY | UNTRUSTED | PEERCERT | CERTMATCH | VERBOSE | CACHE | DANE
WORDS = {
    "0": NOTHING,
    "none": NOTHING,
    "1": ROUTINE,
    "routine": ROUTINE,
    "2": DEBUG,
    "debug": DEBUG,
    "3": DEBUG,
    "ssl-expert": DEBUG,
    "summary": SUMMARY,
    "untrusted": UNTRUSTED,
    "peercert": PEERCERT,
    "certmatch": CERTMATCH,
    "verbose": VERBOSE,
    "cache": CACHE,
    "dane": DANE,
    "ssl-debug": NOTHING,
    "ssl-handshake-packet-dump": NOTHING,
    "trace": NOTHING,
}
FORBIDDEN = ("4", "5", "6", "7", "8", "9", "ssl-developer", "session-packet-dump", "ssl-session-packet-dump")
SEPARATORS = re.compile(r"[\s,]+")


class LogError(ValueError):
    """A word that is none, or one that is not obeyed."""


def parse(text: str) -> int:
    """What to log, as a mask."""
    mask = NOTHING
    for word in filter(None, SEPARATORS.split(text.lower())):
        if word in FORBIDDEN:
            raise LogError(f'"{word}" would put passwords and mail into the log')
        if word not in WORDS:
            raise LogError(f'unknown TLS log level "{word}"')
        mask |= WORDS[word]
    return mask
