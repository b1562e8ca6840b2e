"""What is published: a source archive that builds by itself, and a wheel that works far from the source tree.

Built once for this module, from a copy of the tree and with what is installed here, without the network. The
wheel comes from the unpacked archive, so that what the archive lacks is missed; unoptimized, since only the
build is under test.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from fastsmtp.cli.main import COMMANDS
from tests.support.commands import ROOT
from tests.support.process import LOOPBACK, free_port, stop, wait_for_port

BODIES = sorted(path.stem for path in (ROOT / "ext").glob("*.pyx"))
SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
MADE = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "*.so", "*.html")


class Published(NamedTuple):
    archive: Path
    wheel: Path
    commands: Path  # the bin directory of an environment that has the wheel


def run(*words: str | Path, cwd: Path, status: int = 0) -> "subprocess.CompletedProcess[str]":
    """Without what would make Python find the source tree."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env=environment | {"FASTSMTP_DEBUG": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    work = tmp_path_factory.mktemp("published")
    shutil.copytree(ROOT, work / "tree", ignore=MADE)
    shutil.copytree(ROOT / ".ci", work / "tree" / ".ci")
    run(sys.executable, "-c", SDIST, work, cwd=work / "tree")
    (archive,) = work.glob("*.tar.gz")
    run("tar", "-xzf", archive, cwd=work)  # 3.11.2 has no filters, 3.12 warns without one
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
    unpacked = work / archive.name.removesuffix(".tar.gz")
    run(*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", work, unpacked, cwd=work)
    (wheel,) = work.glob("*.whl")
    venv.create(work / "env", symlinks=True)
    python = work / "env" / "bin" / "python"
    # The dependencies alone: a path file does not run the path files of the directory it names
    (site_packages,) = (work / "env").glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", "--ignore-installed", wheel, cwd=work)
    return Published(archive, wheel, work / "env" / "bin")


def test_archive_holds_the_sources_and_nothing_made_from_them(published: Published) -> None:
    with tarfile.open(published.archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    for body in BODIES:
        assert {f"ext/{body}.pyx", f"fastsmtp/wire/{body}.pxd", f"fastsmtp/wire/{body}.pyi"} <= names
    wanted = {"ext/kernels.h", "fastsmtp/py.typed", "fastsmtp/spool/schema.sql", "setup.py", "Makefile"}
    assert wanted | {".ci/prepare", "docs/send.md", "tests/conftest.py", "examples/demo.sh"} <= names
    assert not [name for name in names if name.endswith((".c", ".so", ".pyc"))]


def test_wheel_holds_all_that_runs_and_types_it_and_no_more(published: Published) -> None:
    with zipfile.ZipFile(published.wheel) as packed:
        names = set(packed.namelist())
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    for body in BODIES:
        assert {f"fastsmtp/wire/{body}{end}" for end in (suffix, ".pxd", ".pyi")} <= names
    assert {"fastsmtp/py.typed", "fastsmtp/spool/schema.sql"} <= names
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fastsmtp").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources
    assert {name.partition("/")[0] for name in names} == {
        "fastsmtp",
        published.wheel.name.rsplit("-", 3)[0] + ".dist-info",
    }


def test_installed_package_is_not_the_source_tree(published: Published, tmp_path: Path) -> None:
    said = run(published.commands / "python", "-c", "import fastsmtp; print(fastsmtp.__file__)", cwd=tmp_path)
    assert Path(said.stdout.strip()).is_relative_to(published.commands.parent)


def test_installed_command_knows_its_version_and_its_commands(published: Published, tmp_path: Path) -> None:
    command = published.commands / "fastsmtp"
    version = published.wheel.name.split("-")[1]
    assert run(command, "--version", cwd=tmp_path).stdout == f"fastsmtp {version}\n"
    usage = run(command, "--help", cwd=tmp_path).stdout
    assert all(f"\n  {name} " in usage for name in COMMANDS)
    conf = run(command, "conf", "-n", "-o", "relayhost=[127.0.0.1]:2525", cwd=tmp_path)
    assert conf.stdout == "relayhost = [127.0.0.1]:2525\n"
    (tmp_path / "message.eml").write_text("Subject: x\n\n.\n")
    assert run(command, "wire", "message.eml", cwd=tmp_path).stdout == "Subject: x\n\n..\n.\n"


def test_installed_command_sends_a_job(published: Published, tmp_path: Path) -> None:
    command = published.commands / "fastsmtp"
    (tmp_path / "list.txt").write_text("ann@example.org\n")
    (tmp_path / "message.eml").write_text("Subject: x\n\nhello\n")
    job = 'sender = ""\nmessage = "message.eml"\nrecipients = "list.txt"\n'
    (tmp_path / "job.toml").write_text(job)
    listen = f"{LOOPBACK}:{free_port()}"
    with subprocess.Popen([command, "sink", "--listen", listen, "--quiet"], cwd=tmp_path) as sink:
        wait_for_port(int(listen.rpartition(":")[2]), sink)
        relay = "relayhost=[{}]:{}".format(*listen.split(":"))
        said = run(command, "send", "job.toml", "-o", relay, cwd=tmp_path)
        stop(sink)
    assert said.stderr.startswith("1 row = 1 sent\n")
