"""The verdict on certificates, ours and that of Postfix's posttls-finger: same word, same reason."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.support.certificates import Certified, authority, deep, self_signed
from tests.support.smtp_sink import find
from tests.support.tls_peer import TlsPeer
from tests.support.tls_policies import NAME, a_host, meet, policy_of

pytestmark = pytest.mark.skipif(find("posttls-finger") is None, reason="posttls-finger is not installed")

DIALOGUE = """
S: 220 mx.example.test ESMTP
C: EHLO *
S: 250-mx.example.test
S: 250 STARTTLS
C: STARTTLS
S: 220 go ahead
C: EHLO *
S: 250 mx.example.test
C: QUIT
S: 221 bye
"""
CA = authority()
LEAVES = {
    "good": CA.issue(NAME),
    "wildcard": CA.issue("", ["*.example.test"]),
    "wildcard of two labels": CA.issue("", ["*.test"]),
    "common name alone": CA.issue(NAME, ()),
    "common name beside a dns name": CA.issue(NAME, ["other.test"]),
    "other name": CA.issue("other.test"),
    "expired": CA.issue(NAME, days=-1),
    "not yet valid": CA.issue(NAME, from_days=5),
    "self-signed": self_signed(NAME),
    "unknown issuer": authority("Other CA").issue(NAME),
    "unknown issuer above an intermediate": deep(authority("Other CA"), 1, NAME),
    "intermediate": deep(CA, 2, NAME),
    "too deep": deep(CA, 11, NAME),
    "other purpose": CA.issue(NAME, usage=None, extensions=()),
}
LEVELS = {
    "may": "may",
    "encrypt": "encrypt",
    "verify": f"verify match={NAME}",
    "secure": f"secure match={NAME}",
}
LEVELS["secure below"] = "secure match=.example.test"
LEVELS["fingerprint"] = "fingerprint match={}"
LEVELS["other fingerprint"] = f"fingerprint match={'00' * 32}"
LOG = "summary,untrusted"


def theirs(folder: Path, answer: str, leaf: Certified) -> list[str]:
    level, _, match = answer.partition(" match=")
    (folder / "main.cf").write_text("compatibility_level = 3.6\n")
    with TlsPeer(DIALOGUE, leaf=leaf) as peer:
        site = f"[127.0.0.1]:{peer.port}"
        command = [str(find("posttls-finger")), "-c", "-L", LOG, "-d", "sha256", "-l", level]
        command += ["-F", str(CA.write_certificate(folder)), site, *filter(None, [match])]
        run = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"MAIL_CONFIG": str(folder), "PATH": "/usr/sbin:/usr/bin"},
        )
    lines = [line.removeprefix("posttls-finger: ") for line in run.stdout.splitlines()]
    relay = f"127.0.0.1[127.0.0.1]:{peer.port}"
    return [shortened(line, relay) for line in lines if relay in line]


def ours(folder: Path, answer: str, leaf: Certified) -> list[str]:
    host = a_host(address="127.0.0.1")
    met = meet(
        policy_of(
            smtp_tls_policy_maps=f"static:{{{answer}}}",
            smtp_tls_CAfile=str(CA.write_certificate(folder)),
            smtp_tls_loglevel=LOG,
            smtp_tls_fingerprint_digest="sha256",
            smtp_tls_scert_verifydepth="9",
        ),
        leaf,
        host=host,
    )
    return [shortened(line, host.relay) for line in met.lines.splitlines()]


def shortened(line: str, relay: str) -> str:
    """Without what differs by nature: the address, the cipher, and that Postfix shows one place more."""
    return line.replace(relay, "RELAY").split(" to RELAY")[0].replace("limit(10)", "limit(9)")


@pytest.mark.parametrize("kind", LEAVES)
def test_verdicts_are_postfixs(tmp_path: Path, kind: str) -> None:
    leaf = LEAVES[kind]
    fingerprint = hashlib.sha256(leaf.der).hexdigest()
    found = {}
    expected = {}
    for name, answer in LEVELS.items():
        found[name] = ours(tmp_path, answer.format(fingerprint), leaf)
        expected[name] = theirs(tmp_path, answer.format(fingerprint), leaf)
    assert found == expected
