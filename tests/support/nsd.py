"""NSD, an authoritative name server from Debian, run by a test on an address and a port of its own.

    with Nsd({"example.com": "@ MX 10 mx1\\nmx1 A 127.0.0.2\\n"}) as dns: ... dns.address, dns.port ...

A zone is the records alone, in the master file's form: SOA, NS and $TTL come by themselves. Names that it was
not asked to serve are answered REFUSED; those of a zone that is None, SERVFAIL.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from tests.support import process
from tests.support.smtp_sink import find

TTL = 60
NEGATIVE_TTL = 30
HEAD = f"$TTL {TTL}\n@ SOA ns root 1 3600 600 86400 {NEGATIVE_TTL}\n@ NS ns\nns A 127.0.0.1\n"
CONFIGURATION = """\
server:
  ip-address: {address}
  port: {port}
  username: ""
  database: ""
  pidfile: ""
  xfrdfile: "{directory}/xfrd"
  xfrdir: "{directory}"
  zonelistfile: "{directory}/zones.list"
  zonesdir: "{directory}"
  logfile: "{directory}/log"
  server-count: 1
remote-control:
  control-enable: no
"""
ZONE = 'zone:\n  name: "{name}"\n  zonefile: "{name}.zone"\n'


def missing() -> str:
    """Why it cannot run here; "" if it can."""
    return "" if find("nsd") else "nsd is not installed (Debian: nsd)"


class Nsd:
    def __init__(
        self, zones: Mapping[str, str | None], *, address: str = process.LOOPBACK, port: int | None = None
    ) -> None:
        self.address = address
        self.port = process.free_port() if port is None else port
        self._directory = TemporaryDirectory(prefix="nsd-")
        directory = Path(self._directory.name)
        text = CONFIGURATION.format(address=address, port=self.port, directory=directory)
        for name, records in zones.items():
            if records is not None:
                (directory / f"{name}.zone").write_text(f"$ORIGIN {name}.\n{HEAD}{records}")
            text += ZONE.format(name=name)
        (directory / "nsd.conf").write_text(text)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> str:
        """For smtp_dns_nameservers."""
        return f"[{self.address}]:{self.port}"

    def __enter__(self) -> Self:
        directory = Path(self._directory.name)
        program = find("nsd")
        if program is None:
            raise RuntimeError(missing())
        self.process = subprocess.Popen(
            [program, "-d", "-c", str(directory / "nsd.conf")],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
        )
        try:
            process.wait_for_port(self.port, self.process, address=self.address)
        except RuntimeError as error:
            process.stop(self.process)
            raise RuntimeError(f"{error}\n{(directory / 'log').read_text()}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            process.stop(self.process)
            self.process = None
        self._directory.cleanup()
