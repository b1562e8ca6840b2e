"""smtp_tls_per_site: what a table says of the next-hop and of the host, and what that makes of the global
level.

    combined(nexthop_answer, host_answer, level) -> Level       SiteError for a word that is none

The more specific beats MAY, the more secure beats the rest: MUST, MUST_NOPEERMATCH, NONE, MAY, nothing. MAY
raises only `none`; everything else replaces the global level, also downwards.
Source: Postfix 2.2.9 and later, TLS_LEGACY_README; spec: tls, 3."""

from fastsmtp.tls.level import Level

MAY = "MAY"
REPLACING = {"NONE": Level.NONE, "MUST_NOPEERMATCH": Level.ENCRYPT, "MUST": Level.VERIFY}
RANK = (None, MAY, "NONE", "MUST_NOPEERMATCH", "MUST")


class SiteError(ValueError):
    """A word that is no policy."""


def combined(nexthop: str | None, host: str | None, level: Level) -> Level:
    """`level` is the global one; None: the table has no answer."""
    word = max(_word(nexthop), _word(host), key=RANK.index)
    if word is None:
        return level
    if word == MAY:
        return max(level, Level.MAY)
    return REPLACING[word]


def _word(text: str | None) -> str | None:
    word = text.strip().upper() if text is not None else None
    if word not in RANK:
        raise SiteError(f"unknown TLS policy '{text}'")
    return word
