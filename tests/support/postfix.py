"""A throw-away Postfix: own main.cf, master.cf, queue, data directory, log and port, under one directory.

    with Postfix(root, RELAY.format(port=sink.port)) as postfix: ...   sends all it gets to a sink
    with Postfix(root, receiving(root)) as postfix: ...                keeps all it gets: postfix.inbox()
    postfix.port                      where it takes mail
    postfix.log(), postfix.pids()     its mail log so far; its processes, the master first

Needs root, as Postfix itself does. The machine's own Postfix, its configuration and its queue are never
touched: master(8) is started directly, with our configuration directory, and ended by its pid.
"""

import atexit
import grp
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from tests.support import process

DAEMONS = Path("/usr/lib/postfix/sbin")

MAIN = """\
compatibility_level = 3.6
queue_directory = {root}/queue
data_directory = {root}/data
daemon_directory = {daemons}
maillog_file = {root}/mail.log
maillog_file_prefixes = {root}
myhostname = mx.example.net
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_tls_security_level =
smtpd_tls_security_level =
"""

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
verify    unix  - - n -     1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
relay     unix  - - n -     - smtp
showq     unix  n - n -     - showq
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
virtual   unix  - n n -     - virtual
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
tlsmgr    unix  - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""

# (directory under the queue, mode); all but `pid` belong to the mail owner
PRIVATE, DROP, SOCKETS = 0o700, 0o1730, 0o2710
QUEUES = [
    *((name, PRIVATE) for name in ("incoming", "active", "deferred", "bounce", "defer", "flush", "corrupt")),
    *((name, PRIVATE) for name in ("saved", "hold", "trace", "private")),
    ("maildrop", DROP),
    ("public", SOCKETS),
]

RELAY = "relayhost = [127.0.0.1]:{port}\n"


def missing() -> str:
    """Why no instance can run here; "" if it can."""
    if os.geteuid() != 0:
        return "a throw-away Postfix needs root"
    if not (DAEMONS / "master").exists():
        return "Postfix is not installed"
    return ""


def receiving(root: Path) -> str:
    """Lines for main.cf: every address of every domain goes into one maildir, see Postfix.inbox()."""
    owner = pwd.getpwnam("postfix")
    return (
        "virtual_mailbox_domains = static:all\n"
        f"virtual_mailbox_base = {root}\n"
        "virtual_mailbox_maps = static:inbox/\n"
        "virtual_minimum_uid = 1\n"
        f"virtual_uid_maps = static:{owner.pw_uid}\n"
        f"virtual_gid_maps = static:{owner.pw_gid}\n"
        "virtual_mailbox_limit = 0\n"
    )


def fast_directory() -> str | None:
    """Where a queue costs no disk syncs, for tests of mail and not of durability; None: the usual place."""
    memory = "/dev/shm"
    return memory if os.access(memory, os.W_OK) else None


def age(path: Path) -> None:
    """Makes a file an hour old: Postfix waits for two seconds on one that may still be written to."""
    written_at = path.stat().st_mtime
    os.utime(path, (written_at - 3600, written_at - 3600))


@cache
def silent_configuration() -> Path:
    """A directory with a main.cf that sets nothing, for programs that insist on one where there is none."""
    directory = Path(tempfile.mkdtemp(prefix="postfix-"))
    atexit.register(shutil.rmtree, directory)
    (directory / "main.cf").write_text("compatibility_level = 3.6\n")
    age(directory / "main.cf")
    return directory


class Delivered(NamedTuple):
    sender: str
    recipient: str
    content: bytes  # LF line ends, without the headers that this Postfix put on top


class Postfix:
    """One instance below `root` (see scratch()); its port is chosen before the start."""

    def __init__(self, root: Path, main: str = "", master: str = "") -> None:
        self.root = root
        self.port = process.free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._lay_out(main, master)

    def _lay_out(self, main: str, master: str) -> None:
        owner = pwd.getpwnam("postfix")
        drop_group = grp.getgrnam("postdrop").gr_gid
        self.root.chmod(0o755)  # its daemons run as the mail owner
        for name in ("etc", "queue", "queue/pid", "data", "inbox"):
            (self.root / name).mkdir()
        os.chown(self.root / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.root / "inbox", owner.pw_uid, owner.pw_gid)
        for name, mode in QUEUES:
            directory = self.root / "queue" / name
            directory.mkdir()
            os.chown(directory, owner.pw_uid, owner.pw_gid if mode == PRIVATE else drop_group)
            directory.chmod(mode)
        etc = self.root / "etc"
        (etc / "main.cf").write_text(MAIN.format(root=self.root, daemons=DAEMONS) + main)
        (etc / "master.cf").write_text(MASTER.format(port=self.port) + master)
        age(etc / "main.cf")

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [DAEMONS / "master", "-c", self.root / "etc"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait_for_port(self.port, self.process, greeted=True)
        except RuntimeError as error:
            process.stop_group(self.process)
            raise RuntimeError(f"{error}\n{self.log()}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            process.stop_group(self.process)
            self.process = None

    def log(self) -> str:
        path = self.root / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def pids(self) -> list[int]:
        """The master first."""
        assert self.process is not None, "not started"
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [self.process.pid, *map(int, children.split())]

    def inbox(self) -> Iterator[Delivered]:
        """What was delivered so far, in no order."""
        for path in (self.root / "inbox" / "new").glob("*"):
            yield delivered(path.read_bytes())

    def inbox_size(self) -> int:
        arrived = self.root / "inbox" / "new"
        return len(os.listdir(arrived)) if arrived.exists() else 0


ON_TOP = re.compile(
    rb"Return-Path: <(?P<sender>.*)>\nX-Original-To: (?P<recipient>.*)\nDelivered-To: .*\n"
    rb"Received: from .*\n(?:[ \t].*\n)+"
)


def delivered(data: bytes) -> Delivered:
    """A file of the maildir, taken apart: what virtual(8) and smtpd(8) put on top, and the message."""
    top = ON_TOP.match(data)
    if top is None:
        raise ValueError(f"not written by Postfix's virtual(8): {data[:200]!r}")
    return Delivered(top["sender"].decode(), top["recipient"].decode(), data[top.end() :])


def scratch(prefix: str = "postfix-") -> tempfile.TemporaryDirectory[str]:
    """A directory for an instance, on a memory file system where there is one."""
    return tempfile.TemporaryDirectory(prefix=prefix, dir=fast_directory())
