"""DANE in whole sessions (spec: tls, 9; checks 21 and 22 of 17): what TLSA records make of each host, and where mail goes."""

import hashlib
from unittest import mock

import pytest

from fastsmtp.route.secure import Secured
from tests.support.certificates import authority, self_signed
from tests.support.memory_peer import TLS, Manner
from tests.support.world import World

LEAF = self_signed("whoever.example", days=-1)
OTHER = authority().issue("one.example")
FIRST, SECOND = "192.0.2.1", "192.0.2.2"
NAMES = {
    ("x.example", "MX"): [(10, "one.example"), (20, "two.example")],
    ("one.example", "A"): [FIRST],
    ("two.example", "A"): [SECOND],
}
MATCHING = (3, 1, 1, hashlib.sha256(LEAF.spki).digest())
USELESS = (1, 1, 1, hashlib.sha256(LEAF.spki).digest())
FAILS = None
SETTINGS = {
    "relayhost": "",
    "smtp_dns_support_level": "dnssec",
    "smtp_tls_security_level": "dane",
    "smtp_tls_loglevel": "1",
}


class Validated:
    """In place of SecureNames: everything is validated; TLSA records by host name, none where none stand."""

    def __init__(self, records, *, signed=True):
        self._records = records
        self._signed = signed

    async def exchangers(self, domain):
        return Secured(self._signed, domain, ("one.example", "two.example"))

    async def addresses(self, host):
        return Secured(True, host, (FIRST,))

    async def alias(self, host):
        return Secured(True, host, ())

    async def tlsa(self, host, port):
        found = self._records.get(host, ())
        return None if found is FAILS else Secured(True, f"_{port}._tcp.{host}", tuple(found))


def run(records, *, first=LEAF, second=LEAF, signed=True, **settings):
    peers = {
        FIRST: Manner(leaf=first) if first else Manner(),
        SECOND: Manner(leaf=second) if second else Manner(),
    }
    names = Validated(records, signed=signed)
    with mock.patch("fastsmtp.route.secure.SecureNames", return_value=names):
        return World(peers=peers, names=NAMES).run(**(SETTINGS | settings))


def in_the_clear(seen):
    """Whether any part of the mail was."""
    return b"MAIL" in b"".join(piece for each in seen.conversations for piece in each.pieces)


def test_21_matching_record_delivers_in_spite_of_an_expired_certificate():
    seen = run({"one.example": [MATCHING]})
    assert seen.status() == "sent 2.0.0"
    assert seen.verbs[:4] == ["EHLO", "STARTTLS", TLS, "EHLO"]
    assert "Verified TLS connection established to one.example[192.0.2.1]:25: TLSv1.3" in seen.log
    assert "tls=dane, dsn=2.0.0" in seen.log


def test_21_lookup_that_fails_leads_to_the_next_host_and_never_into_the_clear():
    seen = run({"one.example": FAILS, "two.example": [MATCHING]})
    assert seen.status() == "sent 2.0.0"
    assert [each.host for each in seen.conversations] == [SECOND]
    seen = run({"one.example": FAILS, "two.example": FAILS})
    assert seen.status() == "deferred 4.7.5"
    assert seen.outcomes["r@x.example"].reply == "TLSA lookup error for two.example:25"
    assert seen.conversations == []


@pytest.mark.parametrize("leaf", [LEAF, None])
def test_21_no_record_behaves_as_may(leaf):
    seen = run({}, first=leaf)
    assert seen.status() == "sent 2.0.0"
    assert in_the_clear(seen) is (leaf is None)


def test_21_records_that_cannot_be_used_behave_as_encrypt():
    useless = {"one.example": [USELESS], "two.example": [USELESS]}
    assert run(useless, first=OTHER).status() == "sent 2.0.0"
    seen = run(useless, first=None, second=None)
    assert seen.status() == "deferred 4.7.4"
    assert not in_the_clear(seen)


def test_record_that_names_another_certificate_leads_to_the_next_host():
    seen = run({"one.example": [MATCHING], "two.example": [MATCHING]}, first=OTHER)
    assert [each.host for each in seen.conversations] == [FIRST, SECOND]
    assert seen.conversations[0].commands[-1] == "QUIT"
    assert seen.status() == "sent 2.0.0"
    seen = run({"one.example": [MATCHING], "two.example": [MATCHING]}, first=OTHER, second=None)
    assert seen.status() == "deferred 4.7.4"
    assert not in_the_clear(seen)


def test_next_host_may_have_another_level():
    seen = run({"one.example": [MATCHING]}, first=OTHER, second=None)
    assert seen.status() == "sent 2.0.0"
    assert seen.conversations[1].host == SECOND
    assert b"MAIL" not in b"".join(seen.conversations[0].pieces)


def test_22_dane_only_defers_for_every_host_of_an_unsigned_domain():
    seen = run({"one.example": [MATCHING]}, signed=False, smtp_tls_security_level="dane-only")
    assert seen.status() == "deferred 4.7.5"
    assert seen.outcomes["r@x.example"].reply == "non DNSSEC destination"
    assert seen.conversations == []


def test_exchangers_that_are_not_validated_make_half_of_it():
    seen = run({"one.example": [MATCHING]}, signed=False)
    assert seen.status() == "sent 2.0.0"
    assert "Trusted TLS connection established" in seen.log
    assert "tls=halfdane" in seen.log


def test_level_of_a_policy_table_counts_likewise():
    seen = run(
        {"one.example": [MATCHING]},
        smtp_tls_security_level="none",
        smtp_tls_policy_maps="inline:{x.example=dane-only}",
    )
    assert "tls=dane, dsn=2.0.0" in seen.log


def test_without_dnssec_it_is_may_and_that_is_said():
    seen = run({"one.example": [MATCHING]}, first=None, smtp_dns_support_level="enabled")
    assert seen.status() == "sent 2.0.0"
    assert "DANE cannot be used: smtp_dns_support_level is not dnssec" in seen.log
