"""Servers that lookup tables ask, each with data, configuration and address of its own below a directory.

    with postgres(root) as server: ...     PostgreSQL: .port, .socket (a directory), superuser "owner"
    with mariadb(root) as server: ...      MariaDB: .port, .socket (a file), user "reader", password PASSWORD
    with slapd(root) as server: ...        OpenLDAP: .port, below SUFFIX, root MANAGER with PASSWORD
    with memcached(root) as server: ...    memcached: .port
    with stopped(server): ...              none of its threads runs meanwhile
    missing("postgres")                    why it cannot run here; "" if it can

Whatever the system runs of these is never touched. Started as root, they run as an unprivileged user.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support import process
from tests.support.process import LOOPBACK, free_port
from tests.support.waiting import eventually

PASSWORD = "s3cret,'x"
SUFFIX = "dc=x,dc=example"
MANAGER = f"cn=manager,{SUFFIX}"
PATH = ":".join(
    [*map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"))), "/usr/sbin", "/usr/bin", "/bin"]
)
PROGRAMS = {
    "postgres": ("initdb", "postgres"),
    "mariadb": ("mariadbd", "mariadb-install-db", "mariadb"),
    "slapd": ("slapd", "slapadd"),
    "memcached": ("memcached",),
}


class Server(NamedTuple):
    port: int
    socket: Path
    pid: int


def missing(name: str) -> str:
    absent = [program for program in PROGRAMS[name] if shutil.which(program, path=PATH) is None]
    return f"{absent[0]} is not installed" if absent else ""


def _program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    assert found is not None
    return found


def _run(*command: str | Path, user: str | None, given: str = "") -> None:
    done = subprocess.run(
        command,
        input=given,
        user=user,
        group=_group(user),
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def _group(user: str | None) -> int | None:
    return None if user is None else pwd.getpwnam(user).pw_gid


def _owner(root: Path) -> str | None:
    """Whom a server runs as: nobody, where we are root."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    os.chown(root, nobody.pw_uid, nobody.pw_gid)
    root.chmod(0o755)
    return "nobody"


@contextmanager
def _running(command: Sequence[str | Path], port: int, user: str | None, log: Path) -> Iterator[int]:
    with log.open("wb") as output:
        started = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            group=_group(user),
            cwd="/",
        )
    try:
        process.wait_for_port(port, started)
        yield started.pid
    except RuntimeError as error:
        raise RuntimeError(f"{error}\n{log.read_text(errors='replace')}") from None
    finally:
        process.stop(started)


@contextmanager
def postgres(root: Path) -> Iterator[Server]:
    user, port, data = _owner(root), free_port(), root / "data"
    secret = root / "password"
    secret.write_text(PASSWORD + "\n")
    if user is not None:
        shutil.chown(secret, user)
    # fmt: off
    _run(_program("initdb"), "-D", data, "-U", "owner", "-E", "UTF8", "--no-locale", "--no-sync",
         "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}", user=user)
    command = [_program("postgres"), "-D", str(data), "-p", str(port), "-k", str(root), "-h", LOOPBACK, "-F",
               "-c", "shared_buffers=1MB", "-c", "max_connections=20"]
    # fmt: on
    with _running(command, port, user, root / "log") as pid:
        yield Server(port, root, pid)


@contextmanager
def mariadb(root: Path) -> Iterator[Server]:
    user, port, data, socket = _owner(root), free_port(), root / "data", root / "socket"
    # fmt: off
    common = ["--no-defaults", f"--datadir={data}"]
    _run(_program("mariadb-install-db"), *common, "--auth-root-authentication-method=normal",
         "--skip-test-db", f"--tmpdir={root}", user=user)
    command = [_program("mariadbd"), *common, f"--socket={socket}", f"--port={port}", f"--tmpdir={root}",
               f"--bind-address={LOOPBACK}", f"--pid-file={root}/pid", "--innodb-buffer-pool-size=8M",
               "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve"]
    # fmt: on
    with _running(command, port, user, root / "log") as pid:
        yield Server(port, socket, pid)


def mariadb_run(server: Server, sql: str) -> None:
    """As root of the database."""
    _run(
        _program("mariadb"), "--no-defaults", f"--socket={server.socket}", "-u", "root", user=None, given=sql
    )


@contextmanager
def slapd(root: Path, ldif: str) -> Iterator[Server]:
    user, port = _owner(root), free_port()
    data, configuration = root / "data", root / "slapd.conf"
    data.mkdir()
    if user is not None:
        shutil.chown(data, user)
    configuration.write_text(
        "include /etc/ldap/schema/core.schema\n"
        "include /etc/ldap/schema/cosine.schema\n"
        "include /etc/ldap/schema/inetorgperson.schema\n"
        f"pidfile {root}/pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nallow bind_v2\n"
        f'database mdb\nsuffix "{SUFFIX}"\nrootdn "{MANAGER}"\nrootpw "{PASSWORD}"\ndirectory {data}\n'
        "access to attrs=description by dn.exact=cn=nobody write by * none\naccess to * by * read\n"
    )
    _run(_program("slapadd"), "-f", configuration, user=user, given=ldif)
    command = [_program("slapd"), "-f", str(configuration), "-h", f"ldap://{LOOPBACK}:{port}/", "-d", "0"]
    with _running(command, port, user, root / "log") as pid:
        yield Server(port, root, pid)


@contextmanager
def memcached(root: Path) -> Iterator[Server]:
    user, port = _owner(root), free_port()
    command = [_program("memcached"), "-l", LOOPBACK, "-p", str(port), "-U", "0", "-m", "4"]
    with _running(command, port, user, root / "log") as pid:
        yield Server(port, root, pid)


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """None of its threads runs meanwhile."""
    threads = Path(f"/proc/{server.pid}/task")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        eventually(lambda: all(_state(each) == "T" for each in threads.iterdir()))
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def _state(thread: Path) -> str:
    return (thread / "stat").read_text().rpartition(")")[2].split()[0]
