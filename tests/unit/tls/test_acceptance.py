"""The acceptance checks of the specification's page on TLS that need no session, by their numbers there.

Those of the dialogue (7 to 14, 25) are in tests/wire.
"""

import hashlib

import pytest

from fastsmtp.errors import PolicyError, TableError
from tests.support.certificates import authority, deep, self_signed
from tests.support.tls_policies import NAME, NEXTHOP, a_host, meet, policy_of

CA = authority()
GLOBAL = {
    "none": {},
    "may": {"smtp_use_tls": "yes"},
    "encrypt": {"smtp_enforce_tls": "yes", "smtp_tls_enforce_peername": "no"},
    "verify": {"smtp_enforce_tls": "yes"},
}
WORDS = (None, "MAY", "NONE", "MUST_NOPEERMATCH", "MUST")
COMBINED = {  # next-hop's word: what it makes with each of WORDS from the host
    None: (None, "MAY", "NONE", "MUST_NOPEERMATCH", "MUST"),
    "MAY": ("MAY", "MAY", "NONE", "MUST_NOPEERMATCH", "MUST"),
    "NONE": ("NONE", "NONE", "NONE", "MUST_NOPEERMATCH", "MUST"),
    "MUST_NOPEERMATCH": (*["MUST_NOPEERMATCH"] * 4, "MUST"),
    "MUST": ("MUST",) * 5,
}
EFFECT = {  # of the combined word on each global level, in the order of GLOBAL
    None: ("none", "may", "encrypt", "verify"),
    "MAY": ("may", "may", "encrypt", "verify"),
    "NONE": ("none",) * 4,
    "MUST_NOPEERMATCH": ("encrypt",) * 4,
    "MUST": ("verify",) * 4,
}
CASES = [
    (level, nexthop, host, EFFECT[COMBINED[nexthop][at]][column])
    for column, level in enumerate(GLOBAL)
    for nexthop in WORDS
    for at, host in enumerate(WORDS)
]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    return {"smtp_tls_CAfile": str(CA.write_certificate(tmp_path_factory.mktemp("ca")))}


def table(**entries):
    return "inline:{ " + ", ".join(f"{{ {key} = {value} }}" for key, value in entries.items()) + " }"


def level_of(policy, nexthop=NEXTHOP, host=None):
    return policy.protection(nexthop, host or a_host()).level


def refusal(policy, nexthop=NEXTHOP):
    with pytest.raises(PolicyError) as caught:
        policy.protection(nexthop, a_host())
    return f"{caught.value.dsn} {caught.value}"


def met_and_left(policy, leaf, **settings):
    """A session that ends without a goodbye cannot be resumed."""
    met = meet(policy, leaf, **settings)
    met.channel.close()
    return met


@pytest.mark.parametrize(("level", "nexthop", "host", "expected"), CASES)
def test_1_per_site_words_and_global_level_combine(level, nexthop, host, expected):
    found = {NEXTHOP: nexthop, NAME: host, "unused.test": "MAY"}
    sites = table(**{key: word for key, word in found.items() if word})
    assert level_of(policy_of(**GLOBAL[level], smtp_tls_per_site=sites)) == expected


def test_2_peername_alone_never_starts_tls():
    assert policy_of(smtp_enforce_tls="no", smtp_tls_enforce_peername="yes", smtp_use_tls="no") is None


def test_3_per_site_may_does_not_soften_and_none_does():
    enforced = {"smtp_enforce_tls": "yes", "smtp_tls_per_site": table(**{"a.test": "MAY", "b.test": "none"})}
    policy = policy_of(**enforced)
    assert policy.protection("a.test", a_host()).required
    assert not policy.protection("b.test", a_host()).tries


def test_4_per_site_key_with_port_is_that_destination_and_a_name_is_a_host():
    policy = policy_of(smtp_tls_per_site=table(**{"[mx.test]:587": "MUST"}))
    host = a_host("mx.test")
    assert level_of(policy, "[mx.test]:587", host) == "verify"
    assert {level_of(policy, other, host) for other in ("mx.test", "[mx.test]", "other.test")} == {"none"}
    by_name = policy_of(smtp_tls_per_site=table(**{"mx.test": "MUST"}))
    assert level_of(by_name, "other.test", host) == "verify"


@pytest.mark.parametrize("name", ["smtp_tls_per_site", "smtp_tls_policy_maps"])
def test_5_table_that_fails_decides_nothing(name):
    with pytest.raises(TableError):
        policy_of(**{name: "fail:broken", "smtp_use_tls": "yes"}).protection(NEXTHOP, a_host())


def test_6_match_at_level_may_is_a_configuration_problem():
    warnings = []
    policy = policy_of(warnings, smtp_tls_policy_maps="static:{may match=x}")
    assert refusal(policy) == "4.7.5 client TLS configuration problem"
    assert warnings == [
        'smtp_tls_policy_maps, next-hop destination "example.test": '
        'attribute "match" invalid at security level "may"'
    ]


def test_15_common_name_counts_only_without_a_dns_name(trusted):
    policy = policy_of(smtp_tls_security_level="verify", **trusted)
    host = a_host("b.test")
    assert not meet(policy, CA.issue("b.test", ["a.test"]), host=host).matched
    assert meet(policy, CA.issue("b.test", ()), host=host).matched


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("x.test.example", "*.test.example", True),
        ("x.y.test.example", "*.test.example", False),
        ("test.example", "*.test.example", False),
        ("example.com", "*.com", False),
    ],
)
def test_16_wildcard_stands_for_one_label(trusted, name, pattern, expected):
    policy = policy_of(smtp_tls_security_level="verify", **trusted)
    assert meet(policy, CA.issue("", [pattern]), host=a_host(name)).matched is expected


def test_17_secure_takes_names_of_the_domain_and_none_that_mx_records_gave(trusted):
    policy = policy_of(smtp_tls_security_level="secure", **trusted)
    foreign = a_host("mx.elsewhere.example")
    for name in ("example.com", "*.example.com", "mx.example.com"):
        assert meet(policy, CA.issue("", [name]), nexthop="example.com", host=foreign).matched, name
    assert not meet(policy, CA.issue("mx.elsewhere.example"), nexthop="example.com", host=foreign).matched


BAD = {
    "expired": (
        CA.issue(NAME, days=-1),
        "server certificate verification failed for {}: certificate has expired",
    ),
    "not yet valid": (
        CA.issue(NAME, from_days=5),
        "server certificate verification failed for {}: certificate not yet valid",
    ),
    "self-signed": (
        self_signed(NAME),
        "certificate verification failed for {}: self-signed certificate",
    ),
    "wrong name": (
        CA.issue("other.test"),
        "server certificate verification failed for {}: num=62:hostname mismatch",
    ),
    "unknown issuer": (
        authority("Other CA").issue(NAME),
        "certificate verification failed for {}: untrusted issuer /CN=Other CA",
    ),
    "too deep": (
        deep(CA, 7, NAME),
        "certificate verification failed for {}: certificate chain longer than limit(5)",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_18_bad_chain_is_no_match_and_the_session_is_whole(trusted, kind):
    leaf, line = BAD[kind]
    met = meet(policy_of(smtp_tls_security_level="verify", **trusted), leaf)
    assert met.channel.established
    assert not met.matched
    assert met.lines == line.format(f"{NAME}[192.0.2.1]:25")


def test_18_reason_is_the_error_nearest_to_the_leaf(trusted):
    intermediate = authority("Other CA").issue("Intermediate", is_ca=True)
    leaf = intermediate.issue("other.test", days=-1)
    met = meet(policy_of(smtp_tls_security_level="verify", **trusted), leaf)
    assert "certificate has expired" in met.lines


def test_19_fingerprint_of_the_key_accepts_an_expired_certificate_of_its_own():
    leaf = self_signed("whoever.test", days=-1)
    digest = hashlib.sha256(leaf.spki).hexdigest().upper()
    met = meet(
        policy_of(
            smtp_tls_security_level="fingerprint",
            smtp_tls_fingerprint_digest="sha256",
            smtp_tls_fingerprint_cert_match=digest,
            smtp_tls_loglevel="1",
        ),
        leaf,
    )
    assert met.matched
    assert met.lines.startswith(f"Verified TLS connection established to {NAME}[192.0.2.1]:25: TLSv1.3 with")


def test_20_unreadable_authorities_make_the_engine_unavailable():
    warnings = []
    for level, required in (("may", False), ("encrypt", True)):
        policy = policy_of(warnings, smtp_tls_security_level=level, smtp_tls_CAfile="/nonexistent/ca.pem")
        protection = policy.protection(NEXTHOP, a_host())
        assert (protection.available, protection.tries, protection.required) == (False, False, required)
    assert all("/nonexistent/ca.pem: cannot be read: No such file" in warning for warning in warnings)
    assert len(warnings) == 2


@pytest.mark.parametrize("level", ["none", "may"])
def test_23_wrapper_mode_needs_a_level_that_requires_tls(level):
    warnings = []
    policy = policy_of(warnings, smtp_tls_wrappermode="yes", smtp_tls_security_level=level)
    assert refusal(policy) == "4.3.0 server unavailable or unable to receive mail"
    assert warnings == ['smtp_tls_wrappermode requires "smtp_tls_security_level = encrypt" (or stronger)']
    assert (
        policy_of(smtp_tls_wrappermode="yes", smtp_tls_security_level="encrypt")
        .protection(NEXTHOP, a_host())
        .wrapper
    )


def test_24_session_without_verification_is_never_resumed_where_it_is_required(trusted):
    policies = table(**{"a.test": "encrypt", "b.test": "verify"})
    policy = policy_of(smtp_tls_policy_maps=policies, **trusted)
    leaf = CA.issue("other.test")
    server = met_and_left(policy, leaf, nexthop="a.test").server
    assert meet(policy, leaf, nexthop="a.test", context=server.context).channel.resumed
    strict = meet(policy, leaf, nexthop="b.test", context=server.context)
    assert not strict.channel.resumed
    assert not strict.matched


def test_24_nor_is_one_that_was_verified_for_another_next_hop(trusted):
    policy = policy_of(smtp_tls_security_level="secure", **trusted)
    leaf = CA.issue("", ["a.test"])
    server = met_and_left(policy, leaf, nexthop="a.test").server
    other = meet(policy, leaf, nexthop="b.test", context=server.context)
    assert not other.channel.resumed
    assert not other.matched


STATUS = {
    "Anonymous": ({"smtp_tls_security_level": "may", "smtp_tls_protocols": "<=TLSv1.2"}, None),
    "Untrusted": ({"smtp_tls_security_level": "encrypt"}, self_signed(NAME)),
    "Trusted": ({"smtp_tls_security_level": "may"}, CA.issue(NAME)),
    "Verified": ({"smtp_tls_security_level": "verify"}, CA.issue(NAME)),
}


@pytest.mark.parametrize("word", STATUS)
def test_26_one_line_for_each_handshake_with_its_word(trusted, word):
    settings, leaf = STATUS[word]
    server = {"ciphers": b"aNULL:@SECLEVEL=0"} if leaf is None else {}
    policy = policy_of(smtp_tls_loglevel="1", **settings, **trusted)
    met = met_and_left(policy, leaf, **server)
    assert met.lines.startswith(f"{word} TLS connection established to {NAME}[192.0.2.1]:25: TLSv1.")
    assert met.lines.count("\n") == 0
    again = meet(policy, leaf, context=met.server.context)
    assert again.lines.split(" with ")[0] == met.lines.split(" with ")[0]
