"""Exim as a receiver: unpacked, not installed (it cannot stand beside Postfix), in a directory of the test.

    with Exim() as exim: ... exim.port ... exim.received()
    with Exim("...") as exim: ... exim.methods()    mail from USER with that password alone


Offers PIPELINING, CHUNKING, SIZE, 8BITMIME. Refuses recipients with `refused` (550) or `later` (451) in their
names. Keeps what it took in its queue and delivers nothing. `.ci/prepare test` unpacks it; libnss_wrapper
gives it the account it insists on. Runs as the caller, or as nobody where that is root.
"""

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import NamedTuple, Self

from tests.support import process
from tests.support.certificates import Certified

UNPACKED = Path(sys.prefix) / "peers"
PROGRAM = UNPACKED / "usr/sbin/exim4"

CONFIGURATION = """\
spool_directory = {root}/spool
log_file_path = {root}/%slog
pid_file_path = {root}/pid
exim_user = {user}
exim_group = {group}
primary_hostname = exim.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
queue_only = true
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = {tls_hosts}
{certificate}
chunking_advertise_hosts = *
keep_environment =
acl_smtp_rcpt = recipient
acl_smtp_data = accept
begin acl
recipient:
  deny message = no such one
       condition = ${{if match{{$local_part}}{{refused}}}}
  defer message = not now
        condition = ${{if match{{$local_part}}{{later}}}}
  {accepts}
begin routers
begin transports
begin retry
{authenticators}
"""
USER = "tim"
AUTHENTICATORS = """\
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
  server_prompts = :
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = who are you? : and your password?
  server_condition = ${{if and{{{{eq{{$auth1}}{{{user}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{{user}}}{{{password}}}fail}}
  server_set_id = $auth1
"""


def missing() -> str:
    """Why it cannot run here; "" if it can."""
    if not PROGRAM.exists():
        return "Exim is not unpacked (.ci/prepare test does it, on Debian)"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "setpriv is not installed"
    return ""


class Received(NamedTuple):
    sender: str
    recipients: tuple[str, ...]
    body: bytes  # LF line ends


class Exim:
    def __init__(self, password: str = "", leaf: Certified | None = None) -> None:
        """`password` of USER; "": it takes mail from everybody. No `}` or `$` in it. `leaf`: offers TLS."""
        self._password = password
        self._leaf = leaf
        self.port = process.free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._directory = TemporaryDirectory(prefix="exim-")
        self.root = Path(self._directory.name)
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
        self._lay_out()

    def _lay_out(self) -> None:
        user, group = self._account.pw_uid, self._account.pw_gid
        settings = {"root": self.root, "port": self.port, "user": user, "group": group}
        settings |= {"accepts": "accept", "authenticators": "", "tls_hosts": "", "certificate": ""}
        if self._leaf is not None:
            chain = self._leaf.write(self.root)
            chain.chmod(0o644)
            settings |= {"tls_hosts": "*", "certificate": f"tls_certificate = {chain}"}
        if self._password:
            settings["accepts"] = "accept authenticated = *"
            settings["authenticators"] = AUTHENTICATORS.format(user=USER, password=self._password)
        (self.root / "exim.conf").write_text(CONFIGURATION.format(**settings))
        passwd = Path("/etc/passwd").read_text() + f"Debian-exim:x:{user}:{group}::/nonexistent:/bin/false\n"
        (self.root / "passwd").write_text(passwd)
        (self.root / "group").write_text(Path("/etc/group").read_text() + f"Debian-exim:x:{group}:\n")
        (self.root / "spool").mkdir()
        if os.geteuid() == 0:
            for path in (self.root, self.root / "spool"):
                os.chown(path, user, group)

    def __enter__(self) -> Self:
        libraries = sorted({path.parent for path in (UNPACKED / "usr/lib").rglob("*.so*")})
        wrapper = next((UNPACKED / "usr/lib").rglob("libnss_wrapper.so"))
        environment = {
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            "LD_PRELOAD": str(wrapper),
            "NSS_WRAPPER_PASSWD": str(self.root / "passwd"),
            "NSS_WRAPPER_GROUP": str(self.root / "group"),
        }
        user, group = self._account.pw_uid, self._account.pw_gid
        as_nobody = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "env"]
        settings = [f"{name}={value}" for name, value in environment.items()]
        command = [*(as_nobody if os.geteuid() == 0 else ["env"]), *settings, str(PROGRAM)]
        self.process = subprocess.Popen(
            [*command, "-C", str(self.root / "exim.conf"), "-bdf"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        process.wait_for_port(self.port, self.process, greeted=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            process.stop(self.process)
            self.process = None
        self._directory.cleanup()

    def methods(self) -> list[tuple[str, str]]:
        """Authenticator and user of each message so far."""
        return re.findall(r" A=(\w+):(\S+)", (self.root / "mainlog").read_text(errors="replace"))

    def received(self) -> list[Received]:
        """What it took, in no order."""
        return [read(path) for path in (self.root / "spool" / "input").rglob("*-H")]


def read(head: Path) -> Received:
    """One message of its queue: spool_format(5) in short."""
    lines = head.read_text(errors="replace").split("\n\n", 1)[0].splitlines()
    at = next(place for place, line in enumerate(lines) if line == "XX")
    body = head.with_name(head.name.removesuffix("H") + "D").read_bytes().partition(b"\n")[2]
    return Received(lines[2].strip("<>"), tuple(lines[at + 2 :]), body)
