"""Which mechanism is used: the strongest by our own ranking that the peer offers and the settings allow.

    choose(offered, login, limits)    a maker of the mechanism; None: there is none

A token is shown to mechanisms for tokens alone. A password is shown to them only where the offer, as the
filter leaves it, has nothing else. EXTERNAL must be named in the filter and needs a certificate of ours that
the peer has seen; ANONYMOUS comes last of all.
Source: Cyrus SASL's order, extended; smtp_sasl_security_options; spec: sasl, 5 to 7.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple

from fastsmtp.sasl.anonymous import Anonymous
from fastsmtp.sasl.cram_md5 import CramMd5
from fastsmtp.sasl.credentials import Login
from fastsmtp.sasl.digest_md5 import DigestMd5
from fastsmtp.sasl.external import External
from fastsmtp.sasl.login import LoginPrompts
from fastsmtp.sasl.mechanism import Mechanism, Peer
from fastsmtp.sasl.oauthbearer import OauthBearer
from fastsmtp.sasl.plain import Plain
from fastsmtp.sasl.scram import SaltedKeys, Scram, ScramSha1, ScramSha256, ScramSha512
from fastsmtp.sasl.xoauth2 import Xoauth2

Maker = Callable[[Login, Peer], Mechanism]

PASSWORDS: tuple[type[Mechanism], ...] = (  # the strongest first
    ScramSha512,
    ScramSha256,
    ScramSha1,
    DigestMd5,
    CramMd5,
    Plain,
    LoginPrompts,
)
TOKENS: tuple[type[Mechanism], ...] = (OauthBearer, Xoauth2)
# Ranks: a plug-in says its own (fastsmtp.sasl.plugins)
RANK_OF_BEST = 100
RANK_STEP = 10


class Plugin(NamedTuple):
    """A mechanism from elsewhere."""

    make: Maker
    properties: frozenset[str]
    rank: int


class Limits(NamedTuple):
    """What holds for the session."""

    required: frozenset[str]  # properties that a mechanism must have, each of them
    named: frozenset[str]  # names in the filter, in capitals
    certified: bool  # a certificate of ours was sent over TLS
    plugins: Mapping[str, Plugin]


def choose(offered: Iterable[str], login: Login, limits: Limits, keys: SaltedKeys) -> Maker | None:
    """`offered`: names as the filter leaves them, in any case."""
    names = {name.upper() for name in offered}
    for name, properties, maker in _candidates(names, login, limits, keys):
        if name in names and limits.required <= properties:
            return maker
    return None


def _candidates(
    names: set[str], login: Login, limits: Limits, keys: SaltedKeys
) -> list[tuple[str, frozenset[str], Maker]]:
    """The best first."""
    found: list[tuple[int, str, frozenset[str], Maker]] = []
    if External.name in limits.named and limits.certified:
        found.append((RANK_OF_BEST + RANK_STEP, External.name, External.properties, External))
    if login.is_token:
        rows: tuple[type[Mechanism], ...] = TOKENS
    else:
        known = {row.name for row in PASSWORDS} | limits.plugins.keys() | {Anonymous.name}
        rows = PASSWORDS if names & known else TOKENS
        found += [(each.rank, name, each.properties, each.make) for name, each in limits.plugins.items()]
    for place, row in enumerate(rows):
        maker: Maker = partial(row, keys=keys) if issubclass(row, Scram) else row
        found.append((RANK_OF_BEST - RANK_STEP * place, row.name, row.properties, maker))
    found.append((0, Anonymous.name, Anonymous.properties, Anonymous))
    found.sort(key=lambda each: -each[0])
    return [each[1:] for each in found]
