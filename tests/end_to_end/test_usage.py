"""What the shell sees of a command that is interrupted, cut off or called wrongly."""

import signal
import subprocess
import sys
import time
from array import array
from fcntl import ioctl
from pathlib import Path
from termios import FIONREAD

import pytest

from fastsmtp.cli.main import COMMANDS

FASTSMTP = [sys.executable, "-m", "fastsmtp"]
MORE_THAN_A_PIPE_HOLDS = b"Subject: x\r\n\r\n" + b"line\r\n" * 50_000


def waits_for_more(process: "subprocess.Popen[bytes]") -> bool:
    """It has read all that was written and sleeps: a signal between two reads would wait for the next."""
    assert process.stdin is not None
    waiting = array("i", [0])
    ioctl(process.stdin, FIONREAD, waiting)
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return waiting[0] == 0 and state == "S"


def test_interrupted_command_ends_with_130_and_no_traceback() -> None:
    with subprocess.Popen([*FASTSMTP, "wire", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(MORE_THAN_A_PIPE_HOLDS)
        process.stdin.flush()
        while not waits_for_more(process):
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert process.stderr.read().strip() == b""


def test_reader_that_leaves_is_no_error_worth_a_word(tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(MORE_THAN_A_PIPE_HOLDS)
    command = [*FASTSMTP, "wire", str(message)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(5) == b"Subje"
        process.stdout.close()
        assert process.wait(timeout=20) == 1
        assert process.stderr.read() == b""


@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_option_is_one_line_and_status_two(name: str) -> None:
    result = subprocess.run([*FASTSMTP, name, "--wrong"], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"fastsmtp {name}: No such option")
    assert result.stderr.endswith(f" (see fastsmtp {name} --help)\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["conf"], ["wire", "{message}"], ["--help"]])
def test_full_disk_behind_standard_output_is_one_line(words: list[str], tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(MORE_THAN_A_PIPE_HOLDS)
    command = [*FASTSMTP, *(word.format(message=message) for word in words)]
    with open("/dev/full", "w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "fastsmtp: standard output: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_stream_that_the_caller_closed_is_no_error(closed: str) -> None:
    result = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *FASTSMTP, "conf", "-n"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_job_that_is_over_does_not_take_new_files_in_silence(tmp_path: Path) -> None:
    (tmp_path / "m.eml").write_text("Subject: x\n\nx\n")
    (tmp_path / "list.txt").write_text("no address\n")
    job = tmp_path / "job.toml"
    job.write_text('sender = ""\nmessage = "m.eml"\nrecipients = "list.txt"\n')
    command = [*FASTSMTP, "send", str(job), "--quiet"]
    assert subprocess.run(command, check=False).returncode == 1
    (tmp_path / "list.txt").write_text("no address\n")  # written anew, the same
    assert subprocess.run(command, check=False).returncode == 1
    (tmp_path / "list.txt").write_text("none either\n")
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert again.returncode == 2
    assert "nothing was sent: job job is over; expected another `name`" in again.stderr


def test_faults_of_job_and_settings_are_told_together_with_their_lines(tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    job.write_text(
        'sender = ""\nmessage = "m.eml"\nrecipients = "l.txt"\n\n[settings]\nsmtp_helo_timeout = "x"\n'
    )
    command = [*FASTSMTP, "send", str(job), "-o", "smtp_mail_timeout=y"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{job}:2: message: " in done.stderr
    assert f"{job}:3: recipients: " in done.stderr
    assert "smtp_mail_timeout = y: expected" in done.stderr
    (tmp_path / "m.eml").write_text("Subject: x\n\nx\n")
    (tmp_path / "l.txt").write_text("a@b.example\n")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert f"{job}:6: smtp_helo_timeout = x: expected" in done.stderr
