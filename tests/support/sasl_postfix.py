"""A throw-away Postfix that takes mail from those alone who authenticate, by the Cyrus library.

    with AuthenticatingPostfix(root) as postfix: ... postfix.port, postfix.postfix.inbox()
    postfix.methods()    mechanism and user of each authentication so far

Its users stand in a file of its own: USER with PASSWORD. Offers every mechanism of the library, with `AUTH=`
for old clients besides, and STARTTLS.
"""

import os
import pwd
import re
import subprocess
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Self

from tests.support import postfix
from tests.support.certificates import self_signed
from tests.support.postfix import Postfix

USER, PASSWORD = "tim", "tanstaaf:tanstaaf"
REALM = "mx.example.net"  # myhostname of tests.support.postfix

MAIN = """\
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {root}/etc/sasl
smtpd_sasl_security_options = noanonymous
smtpd_sasl_local_domain = {realm}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
broken_sasl_auth_clients = yes
smtpd_tls_security_level = may
smtpd_tls_chain_files = {root}/etc/sasl/leaf.pem
"""
LIBRARY = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {root}/etc/sasl/users
mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512
"""


def missing() -> str:
    """Why no instance can run here; "" if it can."""
    if reason := postfix.missing():
        return reason
    if which("saslpasswd2", path="/usr/sbin:/usr/bin") is None:
        return "sasl2-bin is not installed"
    return ""


class AuthenticatingPostfix:
    """One instance below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        lines = MAIN.format(root=root, realm=REALM) + postfix.receiving(root)
        self.postfix = Postfix(root, lines)
        self.port = self.postfix.port
        directory = root / "etc" / "sasl"  # where Debian's Postfix looks, whatever its settings say
        directory.mkdir()
        (directory / "smtpd.conf").write_text(LIBRARY.format(root=root))
        users = directory / "users"
        subprocess.run(
            ["/usr/sbin/saslpasswd2", "-p", "-c", "-f", users, "-u", REALM, USER],
            input=PASSWORD.encode(),
            check=True,
        )
        self_signed(REALM).write(directory)
        owner = pwd.getpwnam("postfix")
        os.chown(users, owner.pw_uid, owner.pw_gid)

    def __enter__(self) -> Self:
        self.postfix.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.postfix.__exit__(kind, error, trace)

    def methods(self) -> list[tuple[str, str]]:
        return re.findall(r"sasl_method=([\w-]+), sasl_username=([^\s,]+)", self.postfix.log())
