"""DANE: what the DNS says of a host, and what becomes of its level; acceptance 21 and 22."""

import asyncio
import hashlib
from typing import NamedTuple

import pytest

from fastsmtp.errors import PolicyError
from fastsmtp.tls.dane import Dane, DaneRules
from fastsmtp.tls.level import Level
from tests.support.certificates import authority, self_signed
from tests.support.tls_peer import TlsServer, shake
from tests.support.tls_policies import NAME, NEXTHOP, a_host, policy_of

CA = authority()
LEAF = self_signed("whoever.test", days=-1)
MATCHING = (3, 1, 1, hashlib.sha256(LEAF.spki).digest())
OTHER = (3, 1, 1, b"x" * 32)
USELESS = (1, 1, 1, b"x" * 32)
FAILS = "fails"


class Said(NamedTuple):
    """An answer."""

    secure: bool
    name: str
    records: tuple[object, ...] = ()


class Names:
    """What each question gets; an MX record and an address that are validated, unless told otherwise."""

    def __init__(self, **answers):
        self.answers = {
            "mx": Said(True, NEXTHOP, (NAME,)),
            "address": Said(True, NAME, ("192.0.2.1",)),
            "alias": Said(True, NAME),
            **answers,
        }
        self.asked = []

    def _say(self, kind, name):
        self.asked.append((kind, name))
        found = self.answers.get(kind, Said(False, name))
        found = found.get(name, Said(True, name)) if isinstance(found, dict) else found
        return None if found == FAILS else found

    async def exchangers(self, domain):
        return self._say("mx", domain)

    async def addresses(self, host):
        return self._say("address", host)

    async def alias(self, host):
        return self._say("alias", host)

    async def tlsa(self, host, port):
        return self._say("tlsa", f"_{port}._tcp.{host}")


def having(*records, secure=True, base=NAME):
    return {f"_25._tcp.{base}": Said(secure, f"_25._tcp.{base}", records)}


def planned(names, level=Level.DANE, rules=DaneRules(), nexthop=NEXTHOP, host=None):  # noqa: B008
    """The level that came of it, or why the host is not used."""
    dane = Dane(rules, lambda: names, lambda _: None)
    try:
        return asyncio.run(dane.plan(level, nexthop, host or a_host())).level
    except PolicyError as error:
        return f"{error.dsn} {error}"


NOT_FOUND, UNUSABLE = "4.7.5 no TLSA records found", "4.7.5 TLSA records unusable"
TROUBLE, UNSIGNED = f"4.7.5 TLSA lookup error for {NAME}:25", "4.7.5 non DNSSEC destination"
PLANS = {
    "records that match or not": (Names(tlsa=having(OTHER)), Level.DANE, Level.DANE),
    "no records": (Names(tlsa={}), Level.MAY, NOT_FOUND),
    "records that are not validated": (Names(tlsa=having(OTHER, secure=False)), Level.MAY, NOT_FOUND),
    "none that is usable": (Names(tlsa=having(USELESS)), Level.ENCRYPT, UNUSABLE),
    "one that is usable": (Names(tlsa=having(USELESS, OTHER)), Level.DANE, Level.DANE),
    "lookup of records fails": (Names(tlsa=FAILS), TROUBLE, TROUBLE),
    "lookup of addresses fails": (Names(address=FAILS, tlsa=having(OTHER)), TROUBLE, TROUBLE),
    "lookup of the exchangers fails": (Names(mx=FAILS, tlsa=having(OTHER)), TROUBLE, TROUBLE),
    "exchangers are not validated": (
        Names(mx=Said(False, NEXTHOP, (NAME,)), tlsa=having(OTHER)),
        Level.HALFDANE,
        UNSIGNED,
    ),
    "host is not among the exchangers": (
        Names(mx=Said(True, NEXTHOP, ("mx.other.test",)), tlsa=having(OTHER)),
        Level.HALFDANE,
        UNSIGNED,
    ),
    "address is not validated": (
        Names(address=Said(False, NAME, ("192.0.2.1",)), tlsa=having(OTHER)),
        Level.MAY,
        NOT_FOUND,
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_level_that_comes_of_the_records(case):
    names, dane, only = PLANS[case]
    assert planned(names) == dane
    assert planned(names, Level.DANE_ONLY) == only


def test_zone_without_signatures_is_not_asked_for_records_unless_that_is_forced():
    unsigned = {"address": Said(False, NAME, ("192.0.2.1",)), "tlsa": having(OTHER)}
    names = Names(**unsigned)
    assert planned(names) is Level.MAY
    assert "tlsa" not in dict(names.asked)
    assert planned(Names(**unsigned), rules=DaneRules(forces_lookup=True)) is Level.DANE


@pytest.mark.parametrize(("policy", "level"), [(Level.MAY, Level.MAY), (Level.ENCRYPT, Level.ENCRYPT)])
def test_records_behind_exchangers_that_were_not_validated_mean_what_main_cf_says(policy, level):
    names = Names(mx=Said(False, NEXTHOP, (NAME,)), tlsa=having(OTHER))
    assert planned(names, rules=DaneRules(insecure_mx=policy)) is level


def test_host_in_brackets_needs_no_exchangers():
    names = Names(mx=FAILS, tlsa=having(OTHER))
    assert planned(names, Level.DANE_ONLY, nexthop=f"[{NAME}]:25") is Level.DANE


def test_domain_without_exchangers_is_its_own():
    names = Names(mx=Said(True, NAME), tlsa=having(OTHER))
    assert planned(names, nexthop=NAME) is Level.DANE


def test_address_has_no_records():
    names = Names(tlsa=having(OTHER))
    literal = a_host("192.0.2.1")
    assert planned(names, nexthop="[192.0.2.1]", host=literal) is Level.MAY
    assert planned(names, Level.DANE_ONLY, nexthop="[192.0.2.1]", host=literal) == NOT_FOUND
    assert names.asked == []


ALIAS = {"address": Said(True, "real.test", ("192.0.2.1",))}


def test_records_stand_where_the_cnames_end_and_then_at_the_own_name():
    real = {**ALIAS, "tlsa": having(OTHER, base="real.test")}
    assert planned(Names(**real)) is Level.DANE
    own = Names(**ALIAS, tlsa=having(OTHER))
    assert planned(own) is Level.DANE
    assert [name for kind, name in own.asked if kind == "tlsa"] == ["_25._tcp.real.test", f"_25._tcp.{NAME}"]


def test_own_name_counts_only_where_its_alias_is_validated():
    assert planned(Names(**ALIAS, alias=Said(False, NAME), tlsa=having(OTHER))) is Level.MAY
    assert planned(Names(**ALIAS, alias=FAILS, tlsa=having(OTHER))) == TROUBLE
    half = {"address": Said(False, "real.test", ("192.0.2.1",)), "tlsa": having(OTHER)}
    assert planned(Names(**half)) is Level.DANE


def test_setting_that_no_answer_can_be_trusted_with_is_said_once():
    warnings = []
    dane = Dane(DaneRules(obstacle="smtp_dns_support_level is not dnssec"), Names, warnings.append)
    for _ in range(2):
        assert asyncio.run(dane.plan(Level.DANE, NEXTHOP, a_host())).level is Level.MAY
        with pytest.raises(PolicyError, match="client TLS configuration problem"):
            asyncio.run(dane.plan(Level.DANE_ONLY, NEXTHOP, a_host()))
    assert warnings == [
        "DANE cannot be used: smtp_dns_support_level is not dnssec; level dane is may, level dane-only defers"
    ]


@pytest.mark.parametrize(
    ("settings", "obstacle"),
    [
        ({}, "smtp_dns_support_level is not dnssec"),
        (
            {"smtp_dns_support_level": "dnssec", "smtp_host_lookup": "native"},
            "smtp_host_lookup is without dns",
        ),
        (
            {"smtp_dns_support_level": "dnssec", "ignore_mx_lookup_error": "yes"},
            "ignore_mx_lookup_error is yes",
        ),
        (
            {"smtp_dns_support_level": "dnssec", "smtp_dns_resolver_options": "res_dnsrch"},
            "smtp_dns_resolver_options completes names",
        ),
        ({"smtp_dns_support_level": "dnssec"}, ""),
    ],
)
def test_obstacles_in_main_cf(settings, obstacle):
    assert policy_of(smtp_tls_security_level="dane", **settings)._dane._rules.obstacle == obstacle


# With the handshake


def met(names, leaf, level="dane", **settings):
    policy = policy_of(
        smtp_tls_security_level=level, smtp_dns_support_level="dnssec", smtp_tls_loglevel="1", **settings
    )
    policy._dane._names = names
    before = policy.protection(NEXTHOP, a_host())
    assert before.required
    protection = asyncio.run(before.secured())
    channel, server = protection.channel(), TlsServer(leaf)
    channel.start()
    shake(channel, server)
    return protection, channel.verdict, server


def test_21_matching_record_accepts_an_expired_certificate_and_says_verified():
    protection, verdict, server = met(Names(tlsa=having(MATCHING)), LEAF)
    assert protection.required
    assert verdict.matched
    assert verdict.word == "Verified"
    assert server.servername == NAME.encode()


def test_21_other_record_is_no_match():
    _, verdict, _ = met(Names(tlsa=having(OTHER)), LEAF)
    assert not verdict.matched
    assert verdict.lines[0].endswith("num=65:no matching DANE TLSA records")


def test_21_no_record_behaves_as_may_and_useless_ones_as_encrypt():
    assert met(Names(tlsa={}), LEAF)[0].level == "may"
    assert met(Names(tlsa=having(USELESS)), LEAF)[0].level == "encrypt"


def test_half_dane_must_match_and_is_called_trusted():
    unsigned = Said(False, NEXTHOP, (NAME,))
    protection, verdict, _ = met(Names(mx=unsigned, tlsa=having(MATCHING)), LEAF)
    assert protection.required
    assert (verdict.matched, verdict.word) == (True, "Trusted")
    assert not met(Names(mx=unsigned, tlsa=having(OTHER)), LEAF)[1].matched


def test_authority_in_a_record_asks_for_a_name_of_host_or_domain():
    intermediate = CA.issue("Intermediate", is_ca=True)
    record = (2, 1, 1, hashlib.sha256(intermediate.spki).digest())
    for name, matched in ((NAME, True), (NEXTHOP, True), ("other.test", False)):
        assert met(Names(tlsa=having(record)), intermediate.issue(name))[1].matched is matched


def test_protection_whose_records_were_not_looked_up_lets_nothing_through():
    policy = policy_of(smtp_tls_security_level="dane", smtp_dns_support_level="dnssec")
    protection = policy.protection(NEXTHOP, a_host())
    assert protection.required
    assert protection.handshake.context is None


def test_setting_that_only_the_level_it_became_looks_at_is_a_configuration_problem():
    policy = policy_of(
        smtp_tls_security_level="dane", smtp_dns_support_level="dnssec", smtp_tls_servername="not/a/name"
    )
    policy._dane._names = Names(tlsa={})
    with pytest.raises(PolicyError, match="client TLS configuration problem"):
        asyncio.run(policy.protection(NEXTHOP, a_host()).secured())


def test_records_are_part_of_what_sessions_have_in_common():
    one, two = (met(Names(tlsa=having(record)), LEAF)[0].identity for record in (MATCHING, OTHER))
    assert one != two
