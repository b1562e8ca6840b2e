"""Where lines go when all is well, when files are rotated, and when disk or daemon are in trouble."""

import errno
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastsmtp.conf.kind import Choice
from fastsmtp.conf.table import find
from fastsmtp.report.log_output import FACILITIES, Clock, FileOutput, Severity, SyslogOutput


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[socket.socket]:
    """A log daemon's socket at tmp_path/log."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "log"))
        server.setblocking(False)
        yield server


def failing(monkeypatch: pytest.MonkeyPatch, *results: int | OSError) -> list[bytes]:
    """os.write takes as many bytes as each of `results` says, or fails with it; all the rest goes well."""
    script = list(results)
    taken: list[bytes] = []

    def write(_descriptor: int, octets: bytes) -> int:
        result = script.pop(0) if script else len(octets)
        if isinstance(result, OSError):
            raise result
        taken.append(bytes(octets[:result]))
        return result

    monkeypatch.setattr(os, "write", write)
    return taken


FULL = OSError(errno.ENOSPC, "No space left on device")


def test_time_is_made_once_a_second_and_in_no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    now = [1_700_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    clock = Clock()
    assert clock.changed()
    assert clock.text == "Nov 14 22:13:20"
    now[0] += 0.9
    assert not clock.changed()
    now[0] += 86400 * 20
    assert clock.changed()
    assert clock.text == "Dec  4 22:13:20"


def test_prefix_follows_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = FileOutput.open(str(tmp_path / "log"), "postfix")
    now = [1_700_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    first = output.prefix("smtp", Severity.INFO)
    assert output.prefix("smtp", Severity.INFO) is first
    now[0] += 1
    assert output.prefix("smtp", Severity.INFO) != first
    output.close()


def test_file_is_appended_to_and_private(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    for line in ("one", "two"):
        output = FileOutput.open(str(path), "postfix")
        output.write([line])
        output.close()
    assert path.read_text() == "before\none\ntwo\n"
    FileOutput.open(str(tmp_path / "new"), "postfix").close()
    assert (tmp_path / "new").stat().st_mode & 0o007 == 0


def test_rotated_file_is_left_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = FileOutput.open(str(path), "postfix")
    output.write(["one"])
    path.rename(tmp_path / "log.1")
    output.write(["two"])
    output.reopen()
    output.write(["three"])
    output.close()
    assert (tmp_path / "log.1").read_text() == "one\ntwo\n"
    assert path.read_text() == "three\n"


def test_file_that_cannot_be_reopened_leaves_the_old_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "log"
    output = FileOutput.open(str(path), "postfix")
    (tmp_path / "logs").rename(tmp_path / "gone")
    output.reopen()
    output.write(["still here"])
    output.close()
    assert (tmp_path / "gone" / "log").read_text() == "still here\n"
    assert "cannot reopen the log" in capsys.readouterr().err


def test_full_disk_is_told_once_and_the_loss_is_logged_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = FileOutput.open(str(tmp_path / "log"), "postfix")
    taken = failing(monkeypatch, FULL, FULL)
    output.write(["a", "b"])
    output.write(["c"])
    output.write(["d"])
    error = capsys.readouterr().err
    assert error == f"fastsmtp: cannot write the log {tmp_path}/log: No space left on device\n"
    assert taken[0].endswith(b"]: warning: 3 log lines were lost\n")
    assert taken[1:] == [b"d\n"]
    output.close()


def test_line_torn_by_a_full_disk_does_not_swallow_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = FileOutput.open(str(tmp_path / "log"), "postfix")
    taken = failing(monkeypatch, 3, FULL)
    output.write(["abcdef"])
    output.write(["next"])
    text = b"".join(taken)
    assert text.startswith(b"abc\n")
    assert text.endswith(b": warning: 1 log lines were lost\nnext\n")
    output.close()


def test_syslog_gets_a_datagram_a_line(daemon: socket.socket, tmp_path: Path) -> None:
    output = SyslogOutput.open("postfix", "local3", str(tmp_path / "log"))
    assert output is not None
    output.write(
        [output.prefix("smtp", Severity.INFO) + "one", output.prefix("qmgr", Severity.WARNING) + "two"]
    )
    output.reopen()
    output.close()
    first, second = daemon.recv(2000), daemon.recv(2000)
    local3 = (16 + 3) * 8
    assert first.startswith(b"<%d>" % (local3 + 6))
    assert first.endswith(b" postfix/smtp[%d]: one" % os.getpid())
    assert second.startswith(b"<%d>" % (local3 + 4))


def test_system_without_a_log_daemon_has_no_log(tmp_path: Path) -> None:
    assert SyslogOutput.open("postfix", "mail", str(tmp_path / "log")) is None


def test_log_daemon_started_anew_is_found_again(tmp_path: Path, daemon: socket.socket) -> None:
    path = tmp_path / "log"
    output = SyslogOutput.open("postfix", "mail", str(path))
    assert output is not None
    daemon.close()
    path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as anew:
        anew.bind(str(path))
        output.write(["hello"])
        assert anew.recv(100) == b"hello"
    output.close()


def test_log_daemon_that_is_gone_or_full_loses_lines_and_holds_nothing_up(
    tmp_path: Path, daemon: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    output = SyslogOutput.open("postfix", "mail", str(tmp_path / "log"))
    assert output is not None
    output.write(["x" * 1000] * 5000)
    error = capsys.readouterr().err
    assert error.startswith("fastsmtp: cannot write to the system's log: ")
    assert error.count("\n") == 1
    received = 0
    while True:
        try:
            daemon.recv(2000)
        except BlockingIOError:
            break
        received += 1
    output.write(["after"])
    assert daemon.recv(2000).endswith(b": warning: %d log lines were lost" % (5000 - received))
    assert daemon.recv(2000) == b"after"
    daemon.close()
    (tmp_path / "log").unlink()
    output.write(["nobody"])
    output.close()
    assert capsys.readouterr().err.count("\n") == 1


def test_facilities_have_the_numbers_of_syslog() -> None:
    assert (FACILITIES["kern"], FACILITIES["mail"], FACILITIES["authpriv"], FACILITIES["ftp"]) == (
        0,
        2,
        10,
        11,
    )
    assert (FACILITIES["local0"], FACILITIES["local7"]) == (16, 23)


def test_every_facility_that_a_setting_may_name_is_known() -> None:
    row = find("syslog_facility")
    assert row is not None
    assert isinstance(row.kind, Choice)
    assert set(row.kind.names) == set(FACILITIES)
