"""What TLS must achieve, whom it trusts and how it is spoken, from a parameter to a handshake in memory."""

import asyncio
import atexit
import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from OpenSSL.crypto import X509

from fastsmtp.errors import HandshakeFailed, PolicyError
from fastsmtp.route.secure import Secured
from fastsmtp.tls.policy import Policy
from tests.support.certificates import authority, deep, rsa_key, self_signed
from tests.support.tls_peer import TlsServer, make_context, shake
from tests.support.tls_policies import NAME, NEXTHOP, Met, a_host, meet, policy_of
from tests.unit.parameters.proof import Proof

FOLDER = Path(tempfile.mkdtemp(prefix="fastsmtp-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

CA = authority()
LEAF = CA.issue(NAME)
ODD = self_signed("odd.test")
CA_FILE = str(CA.write_certificate(FOLDER))
OTHER_CA_FILE = str(authority("Other CA").write_certificate(FOLDER, "other.pem"))
(FOLDER / "hashed").mkdir()
CA.write_certificate(FOLDER / "hashed", f"{X509.from_cryptography(CA.certificate).subject_name_hash():08x}.0")
OWN = CA.issue("client.test")
OWN_RSA = CA.issue("client.test", key=rsa_key())
OWN_FILE, RSA_FILE = str(OWN.write(FOLDER, "own.pem")), str(OWN_RSA.write(FOLDER, "rsa.pem"))
BARE_FILE = str(OWN.write_certificate(FOLDER, "bare.pem"))  # its key is in OWN_FILE
MAY = {"smtp_tls_security_level": "may"}
ENCRYPT = {"smtp_tls_security_level": "encrypt"}
VERIFY = {"smtp_tls_security_level": "verify", "smtp_tls_CAfile": CA_FILE}
SECURE = {"smtp_tls_security_level": "secure", "smtp_tls_CAfile": CA_FILE}
AES, CHACHA = "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"
OLD = {"versions": (0, SSL.TLS1_2_VERSION), "ciphers": b"ALL:eNULL:!aNULL:@SECLEVEL=0"}


class NoPolicyError(Exception):
    """TLS is not even loaded."""


def opened(**settings: str) -> Policy:
    found = policy_of(**settings)
    if found is None:
        raise NoPolicyError
    return found


def in_the_clear(observe: Callable[..., object]) -> Callable[..., object]:
    """Says so of a transport without TLS."""

    @functools.wraps(observe)
    def observed(**settings: str) -> object:
        try:
            return observe(**settings)
        except NoPolicyError:
            return "in the clear"

    return observed


def level(**settings: str) -> str:
    """What a host of a.test needs; a `*` where TLS is not even loaded."""
    policy = policy_of(**settings)
    return "*" if policy is None else policy.protection("a.test", a_host("mx.a.test")).level


@in_the_clear
def connected(**settings: str) -> str:
    policy = opened(**settings)
    try:
        return "wrapped" if policy.protection(NEXTHOP, a_host()).wrapper else "STARTTLS"
    except PolicyError as error:
        return error.dsn


def met(leaf: object = LEAF, nexthop: str = NEXTHOP, server: object = None, **settings: str) -> Met:
    return meet(opened(**settings), leaf, nexthop=nexthop, **(server or {}))  # type: ignore[arg-type, call-overload]


@in_the_clear
def word(**settings: str) -> str:
    return met(**settings).word


@in_the_clear
def word_by_system(**settings: str) -> str:
    """The system's authorities are those of a file that we choose."""
    with mock.patch.dict(os.environ, {"SSL_CERT_FILE": CA_FILE}):
        return met(**settings).word


@in_the_clear
def version(**settings: str) -> str:
    found = met(**settings)
    return found.reason or found.server.connection.get_protocol_version_name()


@in_the_clear
def cipher(**settings: str) -> str:
    found = met(server=OLD, **settings)
    return found.reason or str(found.server.connection.get_cipher_name())


@in_the_clear
def group(**settings: str) -> str:
    return str(met(**settings).server.connection.get_group_name())


@in_the_clear
def servername(**settings: str) -> bytes | None:
    return met(**settings).server.servername


@in_the_clear
def matched(**settings: str) -> bool:
    """The certificate is for mx.a.test, the next-hop is a.test."""
    leaf = CA.issue("mx.a.test")
    return meet(opened(**settings), leaf, nexthop="a.test", host=a_host("mx.elsewhere.test")).matched


@in_the_clear
def deep_matched(**settings: str) -> bool:
    return met(deep(CA, 2, NAME), **settings).matched


@in_the_clear
def odd_matched(**settings: str) -> object:
    """A certificate that is accepted for its fingerprint alone."""
    try:
        return met(ODD, **settings).matched
    except PolicyError as error:
        return error.dsn


@in_the_clear
def ours(**settings: str) -> str:
    """The certificate that a server which asks for one is shown."""
    context = make_context(LEAF)
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    server = TlsServer(None, context=context)
    protection = opened(**settings).protection(NEXTHOP, a_host())
    if not protection.available:
        return "unavailable"
    channel = protection.channel()
    channel.start()
    shake(channel, server)
    shown = server.connection.get_peer_certificate()
    names = {OWN.der: "own", OWN_RSA.der: "rsa"}
    return "none" if shown is None else names[shown.to_cryptography().public_bytes(Encoding.DER)]


@in_the_clear
def resumed(**settings: str) -> bool:
    """The second session with a host."""
    policy = opened(**settings)
    first = meet(policy, LEAF)
    first.channel.close()
    return meet(policy, LEAF, context=first.server.context).channel.resumed


@in_the_clear
def logged(**settings: str) -> int:
    """How many lines a handshake is worth."""
    return len(met(**settings).lines.splitlines())


@in_the_clear
def reused(**settings: str) -> bool:
    return opened(**settings).protection(NEXTHOP, a_host()).reuses


@in_the_clear
def sts(**settings: str) -> str:
    """A host that is outside the patterns of its domain's MTA-STS policy."""
    try:
        return met(**settings).word
    except (PolicyError, HandshakeFailed) as error:
        return str(error).partition(" of ")[0]


STS = "static:{secure match=mx.example.test policy_type=sts mx_host_pattern=*.other.test}"


def fingerprint(algorithm: str) -> str:
    return hashlib.new(algorithm, ODD.spki).hexdigest()


class Names:
    """A validated address, and TLSA records that do not match; the MX records are not validated."""

    def __init__(self, *, signed: bool, digest: str) -> None:
        self._signed = signed
        size = hashlib.new(digest).digest_size
        self._record = 3, 1, {"sha256": 1, "sha512": 2}[digest], b"x" * size

    async def exchangers(self, domain: str) -> Secured:
        return Secured(False, domain, (NAME,))

    async def addresses(self, host: str) -> Secured:
        return Secured(self._signed, host, ("192.0.2.1",))

    async def alias(self, host: str) -> Secured:
        return Secured(self._signed, host, ())

    async def tlsa(self, host: str, port: int) -> Secured:
        return Secured(True, host, (self._record,))


def by_records(*, signed: bool = True, digest: str = "sha256", **settings: str) -> str:
    """The level that the host's TLSA records make."""
    policy = opened(**settings)
    policy._dane._names = Names(signed=signed, digest=digest)
    protection = policy.protection(NEXTHOP, a_host())
    assert protection.secured is not None
    return asyncio.run(protection.secured()).level


@in_the_clear
def by_insecure_mx(**settings: str) -> str:
    return by_records(**settings)


@in_the_clear
def in_unsigned_zone(**settings: str) -> str:
    return by_records(signed=False, **settings)


@in_the_clear
def by_sha512(**settings: str) -> str:
    return by_records(digest="sha512", **settings)


DANE = {"smtp_tls_security_level": "dane", "smtp_dns_support_level": "dnssec"}
PROOFS = [
    Proof(
        "smtp_tls_dane_insecure_mx_policy",
        by_insecure_mx,
        {"dane": "halfdane", "encrypt": "encrypt", "may": "may"},
        also=DANE,
    ),
    Proof(
        "smtp_tls_force_insecure_host_tlsa_lookup",
        in_unsigned_zone,
        {"no": "may", "yes": "halfdane"},
        also=DANE,
    ),
    Proof("tls_dane_digests", by_sha512, {"sha512 sha256": "halfdane", "sha256": "encrypt"}, also=DANE),
    Proof(
        "smtp_tls_security_level",
        level,
        {"": "*", "none": "*", "may": "may", "Encrypt": "encrypt", "verify": "verify", "secure": "secure"},
    ),
    Proof("smtp_use_tls", level, {"no": "*", "yes": "may"}),
    Proof("smtp_enforce_tls", level, {"no": "*", "yes": "verify"}),
    Proof(
        "smtp_tls_enforce_peername",
        level,
        {"yes": "verify", "no": "encrypt"},
        also={"smtp_enforce_tls": "yes"},
    ),
    Proof(
        "smtp_tls_policy_maps", level, {"": "*", "static:encrypt": "encrypt", "inline:{b.test=may}": "none"}
    ),
    Proof("smtp_tls_per_site", level, {"": "*", "inline:{a.test=MUST}": "verify"}),
    Proof("smtp_tls_wrappermode", connected, {"no": "STARTTLS", "yes": "wrapped"}, also=ENCRYPT),
    Proof("smtp_tls_wrappermode", connected, {"no": "in the clear", "yes": "4.3.0"}),
    Proof(
        "smtp_tls_CAfile", word, {"": "Untrusted", CA_FILE: "Trusted", OTHER_CA_FILE: "Untrusted"}, also=MAY
    ),
    Proof("smtp_tls_CApath", word, {"": "Untrusted", str(FOLDER / "hashed"): "Trusted"}, also=MAY),
    Proof("tls_append_default_CA", word_by_system, {"no": "Untrusted", "yes": "Trusted"}, also=MAY),
    Proof(
        "smtp_tls_trust_anchor_file",
        word,
        {"": "Verified", OTHER_CA_FILE: "Untrusted", CA_FILE: "Verified"},
        also=VERIFY,
    ),
    Proof("smtp_tls_cert_file", ours, {"": "none", OWN_FILE: "own", RSA_FILE: "rsa"}, also=MAY),
    Proof(
        "smtp_tls_key_file",
        ours,
        {"$smtp_tls_cert_file": "unavailable", OWN_FILE: "own"},
        also=MAY | {"smtp_tls_cert_file": BARE_FILE},
    ),
    Proof("smtp_tls_dcert_file", ours, {"": "none", RSA_FILE: "rsa"}, also=MAY),
    Proof(
        "smtp_tls_dkey_file",
        ours,
        {"$smtp_tls_dcert_file": "unavailable", OWN_FILE: "own"},
        also=MAY | {"smtp_tls_dcert_file": BARE_FILE},
    ),
    Proof("smtp_tls_eccert_file", ours, {"": "none", OWN_FILE: "own"}, also=MAY),
    Proof(
        "smtp_tls_eckey_file",
        ours,
        {"$smtp_tls_eccert_file": "unavailable", OWN_FILE: "own"},
        also=MAY | {"smtp_tls_eccert_file": BARE_FILE},
    ),
    Proof(
        "smtp_tls_chain_files",
        ours,
        {"": "own", RSA_FILE: "rsa"},
        also=MAY | {"smtp_tls_cert_file": OWN_FILE},
    ),
    Proof("smtp_tls_scert_verifydepth", deep_matched, {"5": True, "2": False}, also=VERIFY),
    Proof("smtp_tls_verify_cert_match", matched, {"hostname": False, ".a.test": True}, also=VERIFY),
    Proof(
        "smtp_tls_secure_cert_match", matched, {"nexthop, dot-nexthop": True, "nexthop": False}, also=SECURE
    ),
    Proof(
        "smtp_tls_fingerprint_cert_match",
        odd_matched,
        {"": "4.7.5", fingerprint("md5"): True, "00" * 16: False},
        also={"smtp_tls_security_level": "fingerprint"},
    ),
    Proof(
        "smtp_tls_fingerprint_digest",
        odd_matched,
        {"md5": "4.7.5", "sha256": True},
        also={
            "smtp_tls_security_level": "fingerprint",
            "smtp_tls_fingerprint_cert_match": fingerprint("sha256"),
        },
    ),
    Proof("smtp_tls_protocols", version, {">=TLSv1": "TLSv1.3", "!TLSv1.3": "TLSv1.2"}, also=MAY),
    Proof(
        "smtp_tls_mandatory_protocols", version, {">=TLSv1": "TLSv1.3", "<=TLSv1.2": "TLSv1.2"}, also=ENCRYPT
    ),
    Proof(
        "tls_ssl_options",
        version,
        {"": "TLSv1.3", "NO_TLSv1_3": "TLSv1.2", "0x20000000": "TLSv1.2"},
        also=MAY,
    ),
    Proof("smtp_tls_exclude_ciphers", cipher, {"": AES, "AESGCM, ADH": CHACHA}, also=MAY),
    Proof("smtp_tls_mandatory_exclude_ciphers", cipher, {"": AES, "AESGCM": CHACHA}, also=ENCRYPT),
    Proof("smtp_tls_ciphers", cipher, {"medium": AES, "null": "ECDHE-ECDSA-NULL-SHA"}, also=MAY),
    Proof(
        "smtp_tls_mandatory_ciphers",
        cipher,
        {"medium": AES, "high": CHACHA},
        also=ENCRYPT | {"tls_high_cipherlist": CHACHA},
    ),
    Proof("smtp_tls_cipherlist", cipher, {"": AES, CHACHA: CHACHA}, also=MAY),
    Proof(
        "tls_high_cipherlist",
        cipher,
        {"aNULL:-aNULL:HIGH:@STRENGTH": AES, CHACHA: CHACHA},
        also=MAY | {"smtp_tls_ciphers": "high"},
    ),
    Proof("tls_medium_cipherlist", cipher, {"HIGH:MEDIUM": AES, CHACHA: CHACHA}, also=MAY),
    Proof(
        "tls_null_cipherlist",
        cipher,
        {"eNULL:!aNULL": "ECDHE-ECDSA-NULL-SHA", CHACHA: CHACHA},
        also=MAY | {"smtp_tls_ciphers": "null"},
    ),
    Proof(
        "tls_eecdh_auto_curves",
        group,
        {"X25519 X448 prime256v1 secp521r1 secp384r1": "X25519MLKEM768", "secp384r1": "secp384r1"},
        also=MAY,
    ),
    Proof(
        "smtp_tls_servername",
        servername,
        {"": None, "hostname": NAME.encode(), "x.test": b"x.test"},
        also=MAY,
    ),
    Proof("smtp_tls_session_cache_timeout", resumed, {"3600s": True, "0": False}, also=MAY),
    Proof("smtp_tls_connection_reuse", reused, {"yes": True, "no": False}, also=MAY),
    Proof("smtp_tls_loglevel", logged, {"0": 0, "1": 1, "Summary, untrusted": 2, "2": 4, "3": 4}, also=MAY),
    Proof("smtp_tls_loglevel_maps", logged, {"": 0, f"inline:{{{NAME}=1}}": 1}, also=MAY),
    Proof(
        "smtp_tls_enforce_sts_mx_patterns",
        sts,
        {"yes": f"MX host {NAME}", "no": "Verified"},
        also={"smtp_tls_policy_maps": STS, "smtp_tls_CAfile": CA_FILE},
    ),
]
