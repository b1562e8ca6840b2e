"""What a policy makes of settings and tables: attributes, parameters of a level, server names, errors."""

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL
from OpenSSL.crypto import X509

from fastsmtp.errors import PolicyError
from tests.support.certificates import authority, deep, self_signed
from tests.support.tls_policies import NAME, NEXTHOP, a_host, meet, policy_of

CA = authority()
LEAF = CA.issue(NAME)
OLD = {"versions": (0, SSL.TLS1_2_VERSION), "ciphers": b"ALL:!aNULL:@SECLEVEL=0"}


@pytest.fixture(scope="module")
def trusted(tmp_path_factory):
    return {"smtp_tls_CAfile": str(CA.write_certificate(tmp_path_factory.mktemp("ca")))}


def by_table(answer, warnings=None, **settings):
    return policy_of(warnings, smtp_tls_policy_maps=f"static:{{{answer}}}", **settings)


def level_of(policy, nexthop=NEXTHOP, host=None):
    return policy.protection(nexthop, host or a_host()).level


def refusal(policy, nexthop=NEXTHOP, host=None):
    with pytest.raises(PolicyError) as caught:
        policy.protection(nexthop, host or a_host())
    return f"{caught.value.dsn} {caught.value}"


# Which entry


def test_key_is_the_destination_as_configured():
    policy = policy_of(smtp_tls_policy_maps="inline:{ {[mx.test]:587 = encrypt}, {mx.test = none} }")
    assert level_of(policy, "[mx.test]:587") == "encrypt"
    assert level_of(policy, "mx.test") == "none"


def test_plain_name_is_looked_up_below_its_parents_and_others_are_not():
    policy = policy_of(smtp_tls_policy_maps="inline:{ {.example.test = encrypt}, {.test = may} }")
    assert level_of(policy, "a.b.example.test") == "encrypt"
    assert level_of(policy, "other.test") == "may"
    assert level_of(policy, "example.test") == "may"
    assert level_of(policy, "[a.example.test]") == "none"
    assert level_of(policy, "a.example.test:25") == "none"
    assert level_of(policy, "test") == "none"


def test_policy_table_silences_the_per_site_one_and_says_so():
    warnings = []
    policy = by_table("may", warnings, smtp_tls_per_site="static:MUST")
    assert level_of(policy) == "may"
    assert warnings == ["smtp_tls_per_site is not looked up: smtp_tls_policy_maps is set"]


def test_unknown_word_per_site_is_a_configuration_problem():
    warnings = []
    policy = policy_of(warnings, smtp_tls_per_site="static:MUSTNT", smtp_use_tls="yes")
    assert refusal(policy) == "4.7.5 client TLS configuration problem"
    assert warnings == [
        "smtp_tls_per_site, next-hop destination \"example.test\": unknown TLS policy 'MUSTNT'"
    ]


@pytest.mark.parametrize(
    "answer",
    ["encrypted", "secure tafile=/nonexistent.pem", "may servername=-.", "fingerprint", "may match=x"],
)
def test_error_never_falls_back_to_the_global_level_and_warns_once(answer):
    warnings = []
    policy = by_table(answer, warnings, smtp_tls_security_level="may")
    for _ in range(3):
        assert refusal(policy) == "4.7.5 client TLS configuration problem"
    assert len(warnings) == 1
    assert warnings[0].startswith('smtp_tls_policy_maps, next-hop destination "example.test": ')


def test_attribute_behind_none_is_pointed_out():
    warnings = []
    assert level_of(by_table("none ciphers=high", warnings)) == "none"
    assert 'attribute "ciphers" has no meaning at security level "none"' in warnings[0]


def test_connection_reuse_is_an_attribute():
    assert not by_table("may connection_reuse=no").protection(NEXTHOP, a_host()).reuses
    never = by_table("may connection_reuse=yes", smtp_tls_connection_reuse="no")
    assert never.protection(NEXTHOP, a_host()).reuses


# Parameters of the level


@pytest.mark.parametrize(
    ("level", "settings", "fails"),
    [
        ("may", {"smtp_tls_protocols": ">=TLSv1.3"}, True),
        ("encrypt", {"smtp_tls_protocols": ">=TLSv1.3"}, False),
        ("may", {"smtp_tls_mandatory_protocols": ">=TLSv1.3"}, False),
        ("encrypt", {"smtp_tls_mandatory_protocols": "!TLSv1.2 !TLSv1.1 !TLSv1"}, True),
        ("encrypt protocols=TLSv1.3", {}, True),
        ("encrypt protocols=TLSv1.2", {"smtp_tls_mandatory_protocols": ">=TLSv1.3"}, False),
    ],
)
def test_versions_belong_to_the_level_unless_the_answer_names_them(level, settings, fails):
    assert bool(meet(by_table(level, **settings), LEAF, **OLD).reason) is fails


def cipher(policy, leaf=LEAF, **server):
    met = meet(policy, leaf, **(OLD | server))
    return met.reason or met.channel._connection.get_cipher_name()


AES = "ECDHE-ECDSA-AES256-GCM-SHA384"
CHACHA = "ECDHE-ECDSA-CHACHA20-POLY1305"


def test_exclusions_add_up_above_may_and_an_attribute_replaces_both():
    both = {"smtp_tls_exclude_ciphers": "AESGCM", "smtp_tls_mandatory_exclude_ciphers": "CHACHA20"}
    assert cipher(by_table("may", **both)) == CHACHA
    assert cipher(by_table("encrypt", **both)) not in (AES, CHACHA)
    assert cipher(by_table("encrypt exclude=CHACHA20:RC4", **both)) == AES


def test_anonymous_ciphers_end_above_encrypt():
    anonymous = {"leaf": None, "ciphers": b"aNULL:@SECLEVEL=0"}
    assert cipher(by_table("may"), **anonymous).startswith(("ADH", "AECDH"))
    assert cipher(by_table("encrypt"), **anonymous).startswith(("ADH", "AECDH"))
    assert "handshake failure" in cipher(by_table("secure"), **anonymous)


def test_ciphers_without_encryption_are_never_used_at_encrypt():
    null = {"ciphers": b"eNULL:@SECLEVEL=0"}
    assert "NULL" in cipher(by_table("may ciphers=null"), **null)
    assert "no cipher match" in cipher(by_table("encrypt ciphers=null"), **null)


def test_raw_list_counts_where_no_grade_is_set():
    raw = {"smtp_tls_cipherlist": "ECDHE-ECDSA-CHACHA20-POLY1305"}
    assert cipher(by_table("may", **raw)) == CHACHA
    assert cipher(by_table("may", smtp_tls_ciphers="high", **raw)) == AES
    assert cipher(by_table("may ciphers=high", **raw)) == AES
    assert cipher(by_table("encrypt", smtp_tls_ciphers="high", **raw)) == CHACHA


def test_grade_stands_for_its_list():
    assert cipher(by_table("may ciphers=high", tls_high_cipherlist=CHACHA)) == CHACHA


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("may protocols=TLSv2", 'invalid TLS version "tlsv2" in "TLSv2"'),
        ("may ciphers=best", 'invalid TLS cipher grade "best"'),
        ("may exclude=+RC4", 'invalid unquoted character in cipher exclusion "+RC4"'),
        ("may { servername = " + ".".join(["x" * 60] * 5) + " }", "server name too long: 304 bytes"),
    ],
)
def test_parameters_that_the_library_cannot_use_fail_the_handshake(answer, problem):
    protection = by_table(answer).protection(NEXTHOP, a_host())
    assert protection.tries
    met = meet(by_table(answer), LEAF)
    assert met.reason == problem
    assert met.channel.take() == b""


# Server names


@pytest.mark.parametrize(
    ("settings", "nexthop", "expected"),
    [
        ({}, NEXTHOP, None),
        ({"smtp_tls_servername": "hostname"}, NEXTHOP, NAME.encode()),
        ({"smtp_tls_servername": "nexthop"}, "[other.test]:587", b"other.test"),
        ({"smtp_tls_servername": "fixed.test"}, NEXTHOP, b"fixed.test"),
        ({"smtp_tls_servername": "nexthop"}, "[192.0.2.1]", None),
        ({"smtp_tls_servername": "nexthop"}, "[ipv6:2001:db8::1]:25", None),
        ({"smtp_tls_servername": "bücher.example"}, NEXTHOP, b"xn--bcher-kva.example"),
    ],
)
def test_server_name(settings, nexthop, expected):
    policy = policy_of(smtp_tls_security_level="may", **settings)
    assert meet(policy, LEAF, nexthop=nexthop).server.servername == expected


def test_server_name_of_an_answer_stands_before_that_of_main_cf():
    policy = by_table("may servername=table.test", smtp_tls_servername="fixed.test")
    assert meet(policy, LEAF).server.servername == b"table.test"


def test_server_name_that_is_none_is_a_configuration_problem():
    policy = policy_of(smtp_tls_security_level="may", smtp_tls_servername="not/a/name")
    assert refusal(policy) == "4.7.5 client TLS configuration problem"


# Trust


def test_levels_with_match_lists_of_their_own(trusted):
    policy = policy_of(
        smtp_tls_security_level="secure", smtp_tls_secure_cert_match="other.test:hostname", **trusted
    )
    assert meet(policy, LEAF).matched
    assert not meet(by_table("secure match=nexthop", **trusted), LEAF).matched
    assert meet(by_table("verify match=.example.test", **trusted), LEAF).matched


def test_address_literal_is_matched_by_an_address(trusted):
    policy = policy_of(smtp_tls_security_level="verify", **trusted)
    literal = a_host("192.0.2.1")
    assert meet(policy, CA.issue("", ["192.0.2.1"]), nexthop="[192.0.2.1]", host=literal).matched
    met = meet(policy, CA.issue("192.0.2.1", ()), nexthop="[192.0.2.1]", host=literal)
    assert not met.matched
    assert met.lines.endswith("num=64:IP address mismatch")


@pytest.mark.parametrize("which", ["root", "intermediate", "leaf"])
def test_anchor_stands_alone_wherever_in_the_chain_it_is(tmp_path, trusted, which):
    leaf = deep(authority("Private CA"), 2, NAME) if which != "root" else LEAF
    anchor = {"root": CA.certificate, "intermediate": leaf.above[:1], "leaf": leaf.certificate}[which]
    anchor = anchor[0] if isinstance(anchor, tuple) else anchor
    file = tmp_path / "anchor.pem"
    file.write_bytes(type(CA)(CA.key, anchor).pem)
    assert meet(by_table(f"verify tafile={file}"), leaf).matched
    assert meet(
        policy_of(smtp_tls_security_level="verify", smtp_tls_trust_anchor_file=str(file)), leaf
    ).matched
    stranger = authority("Third CA").issue(NAME)
    assert not meet(by_table(f"verify tafile={file}", **trusted), stranger).matched
    if which != "root":
        assert not meet(by_table(f"verify tafile={file}", **trusted), LEAF).matched


def test_dates_of_an_anchor_do_not_count_and_those_of_the_leaf_do(tmp_path):
    old = authority("Old CA", days=-1)
    file = old.write_certificate(tmp_path)
    policy = by_table(f"verify tafile={file}")
    assert meet(policy, old.issue(NAME)).matched
    assert not meet(policy, old.issue(NAME, days=-1)).matched


def test_certificate_of_another_purpose_is_no_match(trusted):
    leaf = CA.issue(NAME, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    met = meet(policy_of(smtp_tls_security_level="verify", **trusted), leaf)
    assert not met.matched
    assert met.lines.endswith("not designated for use as a server certificate")


@pytest.mark.parametrize(("depth", "matched"), [("2", False), ("3", True)])
def test_depth_counts_the_certificates_above_the_leaf(trusted, depth, matched):
    policy = policy_of(smtp_tls_security_level="verify", smtp_tls_scert_verifydepth=depth, **trusted)
    assert meet(policy, deep(CA, 2, NAME)).matched is matched


def test_depth_one_is_enough_where_a_listed_authority_issued_the_leaf(trusted):
    policy = policy_of(smtp_tls_security_level="verify", smtp_tls_scert_verifydepth="1", **trusted)
    assert meet(policy, LEAF).matched


def test_folder_of_authorities(tmp_path):
    name = f"{X509.from_cryptography(CA.certificate).subject_name_hash():08x}.0"
    CA.write_certificate(tmp_path, name)
    assert meet(policy_of(smtp_tls_security_level="verify", smtp_tls_CApath=str(tmp_path)), LEAF).matched


def test_huge_certificate_is_no_match_and_no_error(trusted):
    policy = policy_of(smtp_tls_security_level="verify", **trusted)
    huge = CA.issue("", [f"name{number}.test" for number in range(2000)])
    assert not meet(policy, huge).matched


@pytest.mark.parametrize("level", ["encrypt", "verify"])
def test_check_that_stumbles_is_no_match_and_ends_nothing(trusted, monkeypatch, level):
    def stumble(certificate):
        raise x509.InvalidVersion("a certificate that nobody foresaw\n", 7)

    monkeypatch.setattr("fastsmtp.tls.certificate.parsed", stumble)
    met = meet(policy_of(smtp_tls_security_level=level, **trusted), LEAF)
    assert met.channel.established
    assert met.matched is (level == "encrypt")
    assert met.lines.startswith(f"{NAME}[192.0.2.1]:25: its certificate cannot be checked: InvalidVersion")


# MTA-STS by a plug-in

STS = (
    "secure match=mx1.test servername=hostname policy_type=sts policy_domain=example.test "
    "mx_host_pattern=*.{}"
)


def test_host_outside_the_mx_patterns_is_not_connected_to():
    warnings = []
    assert refusal(by_table(STS.format("elsewhere.test"), warnings)).startswith(
        "4.7.5 MX host mx.example.test"
    )
    assert len(warnings) == 1


def test_certificate_must_then_be_for_the_mx_host(trusted):
    policy = by_table(STS.format("example.test"), **trusted)
    assert meet(policy, LEAF).matched
    assert not meet(policy, CA.issue("mx1.test")).matched


def test_patterns_are_overlooked_where_they_are_not_enforced(trusted):
    policy = by_table(STS.format("elsewhere.test"), smtp_tls_enforce_sts_mx_patterns="no", **trusted)
    assert not meet(policy, LEAF).matched
    assert meet(policy, CA.issue("mx1.test")).matched


def test_failure_that_the_plug_in_reports_fails_every_certificate(trusted):
    answer = STS.format("example.test") + " policy_failure=sts-policy-invalid"
    met = meet(by_table(answer, **trusted), LEAF)
    assert not met.matched
    assert met.lines.endswith("sts-policy-invalid")


# The log


@pytest.mark.parametrize("level", ["may", "encrypt"])
def test_untrusted_chain_is_explained_only_where_that_is_asked_for(level):
    leaf = self_signed(NAME)
    assert meet(policy_of(smtp_tls_security_level=level), leaf).lines == ""
    explained = meet(policy_of(smtp_tls_security_level=level, smtp_tls_loglevel="untrusted"), leaf).lines
    assert explained.endswith("self-signed certificate")


def test_level_two_names_names_fingerprints_and_the_cache(trusted):
    lines = meet(policy_of(smtp_tls_security_level="may", smtp_tls_loglevel="2", **trusted), LEAF).lines
    assert f"subject_CN={NAME}, issuer_CN=Test CA, fingerprint=" in lines
    assert f"names in the certificate: {NAME}" in lines


@pytest.mark.parametrize(
    ("key", "logged"), [(NAME, True), ("192.0.2.1", True), ("other.test", False), (NEXTHOP, False)]
)
def test_log_level_for_a_peer_alone(key, logged):
    policy = policy_of(smtp_tls_security_level="may", smtp_tls_loglevel_maps=f"inline:{{ {key}=1 }}")
    assert bool(meet(policy, LEAF).lines) is logged


def test_log_level_of_a_table_that_is_none_logs_nothing():
    warnings = []
    policy = policy_of(
        warnings, smtp_tls_security_level="may", smtp_tls_loglevel="1", smtp_tls_loglevel_maps="static:4"
    )
    assert meet(policy, LEAF).lines == ""
    assert (
        'smtp_tls_loglevel_maps, mx.example.test: "4" would put passwords and mail into the log'
        in warnings[0]
    )


def test_failed_handshake_is_logged_at_every_level():
    policy = policy_of(smtp_tls_security_level="may", smtp_tls_protocols=">=TLSv1.3")
    channel = policy.protection(NEXTHOP, a_host()).channel()
    error = channel.failed("lost connection")
    assert error.lines == (f"SSL_connect error to {NAME}[192.0.2.1]:25: lost connection",)


# What sessions have in common


def test_identity_tells_apart_what_may_not_be_mixed_up():
    policy = policy_of(
        smtp_tls_policy_maps="inline:{ {a.test=may}, {b.test=may}, {c.test=encrypt}, {d.test=secure}, "
        "{e.test=secure}, {f.test=none}, {g.test=may servername=x.test} }"
    )
    identity = {letter: policy.protection(f"{letter}.test", a_host()).identity for letter in "abcdefg"}
    assert identity["a"] == identity["b"]
    assert identity["f"] == ""
    assert len({*identity.values()}) == 6
