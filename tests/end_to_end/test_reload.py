"""Settings read anew while a send runs: by SIGHUP, by `fastsmtp reload`, in one process and in several."""

import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.commands import Finished, fastsmtp, started
from tests.support.holding import Holding
from tests.support.jobs import Job
from tests.support.waiting import eventually

FILES = 2600  # descriptors that this process may need
COUNT = 60
ALL_SENT, WRONG = 0, 2
NEW, OLD = "new.example", "old.example"
ANEW = b"settings read anew"


@pytest.fixture
def receiver() -> Iterator[Holding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES, hard)), hard))
    with Holding() as running:
        yield running
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Sending:
    """A job with its main.cf, on its way to the receiver."""

    def __init__(self, directory: Path, receiver: Holding, count: int, limit: int) -> None:
        self.main_cf = directory / "main.cf"
        self.receiver = receiver
        self.limit = limit
        self.write(smtp_helo_name=OLD)
        self.job = Job.write(directory, count)

    def write(self, more: str = "", **settings: str) -> None:
        fixed = {
            "relayhost": f"[127.0.0.1]:{self.receiver.port}",
            "smtp_destination_concurrency_limit": str(self.limit),
            "initial_destination_concurrency": str(self.limit),
            "default_process_limit": "2000",
            "smtp_destination_recipient_limit": "1",
        }
        lines = [f"{name} = {value}\n" for name, value in (fixed | settings).items()]
        self.main_cf.write_text("".join(lines) + more)

    @contextmanager
    def running(self, *options: str) -> "Iterator[subprocess.Popen[bytes]]":
        """A send that is over at the end; killed where the test fails before."""
        words: list[str | Path] = ["-c", self.main_cf, "--results", self.job.results_path, *options]
        process = started("send", self.job.path, *words)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def reload(self) -> Finished:
        return fastsmtp("reload", self.job.path, patience=60.0)

    def held(self, count: int) -> None:
        eventually(lambda: self.receiver.held == count)

    def finish(self, process: "subprocess.Popen[bytes]") -> str:
        """Lets all go; nothing was lost, and nothing sent twice. Gives what the send said."""
        self.receiver.let_go()
        _, errors = process.communicate(timeout=120)
        assert process.returncode == ALL_SENT, errors.decode()
        assert sorted(self.receiver.recipients) == sorted(self.job.expected)
        assert {row["status"] for row in self.job.results()} == {"sent"}
        return errors.decode()


@pytest.fixture
def sending(tmp_path: Path, receiver: Holding) -> Sending:
    return Sending(tmp_path, receiver, COUNT, 10)


def assert_old_ones_end_and_new_ones_follow(sending: Sending, count: int) -> None:
    sessions = sending.receiver.sessions
    assert [session.name for session in sessions[:count]] == [OLD] * count
    assert all(session.taken >= 1 and session.polite for session in sessions[:count])
    assert {session.name for session in sessions[count:]} == {NEW}


def test_reload_drops_none_of_1000_open_sessions(tmp_path: Path, receiver: Holding) -> None:
    sending = Sending(tmp_path, receiver, 2300, 1000)
    with sending.running() as process:
        sending.held(1000)
        sending.write(smtp_helo_name=NEW, smtp_data_done_timeout="1s")
        done = sending.reload()
        assert (done.status, done.said) == (ALL_SENT, "")
        assert receiver.held == 1000
        sending.finish(process)
    assert_old_ones_end_and_new_ones_follow(sending, 1000)
    assert max(session.taken for session in receiver.sessions[:1000]) == 2  # one begun behind the one held


def test_sighup_reads_the_settings_anew(sending: Sending) -> None:
    with sending.running() as process:
        sending.held(10)
        sending.write(smtp_helo_name=NEW)
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        line = process.stderr.readline()
        assert ANEW in line
        sending.finish(process)
    assert_old_ones_end_and_new_ones_follow(sending, 10)


def test_bad_main_cf_leaves_the_old_settings_in_force(sending: Sending) -> None:
    with sending.running() as process:
        sending.held(10)
        sending.write(smtp_helo_name=NEW, smtp_mail_timeout="10S", more="no equals sign\n")
        done = sending.reload()
        assert done.status == WRONG
        assert done.errors.splitlines() == [
            f"fastsmtp reload: {sending.main_cf}:8: missing '=' after the name: \"no equals sign\": "
            "expected name = value"
        ]
        sending.write(smtp_helo_name=NEW, smtp_mail_timeout="10S", smtp_use_tls="on")
        assert [line.split(":")[2] for line in sending.reload().errors.splitlines()] == ["7", "8"]
        said = sending.finish(process)
    assert "the settings in force stand" in said
    assert {session.name for session in sending.receiver.sessions} == {OLD}


def test_reloads_in_a_row_each_take_effect(sending: Sending) -> None:
    with sending.running() as process:
        sending.held(10)
        for number in range(5):
            sending.write(smtp_helo_name=f"n{number}.example")
            assert sending.reload().status == ALL_SENT
        sending.write(smtp_helo_name=NEW)
        assert sending.reload().status == ALL_SENT
        sending.finish(process)
    assert_old_ones_end_and_new_ones_follow(sending, 10)


def test_job_settings_and_overrides_stay_the_strongest(sending: Sending) -> None:
    sending.job.path.write_text(sending.job.path.read_text() + '[settings]\nsmtp_helo_name = "job.example"\n')
    with sending.running("-o", "smtp_mail_timeout=77") as process:
        sending.held(10)
        sending.write(smtp_helo_name=NEW, smtp_mail_timeout="10S")
        assert sending.reload().status == ALL_SENT
        sending.finish(process)
    assert {session.name for session in sending.receiver.sessions} == {"job.example"}


def test_what_needs_a_restart_is_pointed_out(sending: Sending) -> None:
    with sending.running() as process:
        sending.held(10)
        sending.write(inet_protocols="all")
        done = sending.reload()
        assert done.status == ALL_SENT
        assert done.errors == (
            f"fastsmtp: warning: {sending.main_cf}:6: inet_protocols = all: a change needs a restart; "
            "ipv4 stands\n"
        )
        sending.finish(process)


def test_table_that_cannot_be_opened_does_not_fail_the_reload(sending: Sending) -> None:
    with sending.running() as process:
        sending.held(10)
        sending.write(smtp_generic_maps=f"texthash:{sending.main_cf.parent}/none")
        assert sending.reload().status == ALL_SENT
        sending.write()
        assert sending.reload().status == ALL_SENT
        sending.finish(process)


def test_log_is_opened_anew(sending: Sending) -> None:
    first, second = (sending.main_cf.with_name(name) for name in ("first.log", "second.log"))
    sending.write(maillog_file=str(first))
    with sending.running() as process:
        sending.held(10)
        sending.write(maillog_file=str(second), syslog_name="bulk")
        assert sending.reload().status == ALL_SENT
        sending.finish(process)
    assert "status=sent" not in first.read_text()
    assert second.read_text().count("status=sent") == COUNT
    assert " bulk/smtp[" in second.read_text()


def test_workers_reload_together(sending: Sending) -> None:
    with sending.running("--workers", "2") as process:
        sending.held(10)
        sending.write(smtp_helo_name=NEW)
        done = sending.reload()
        assert (done.status, done.said) == (ALL_SENT, "")
        sending.finish(process)
    assert_old_ones_end_and_new_ones_follow(sending, 10)


def test_workers_keep_the_old_settings_when_the_new_ones_are_bad(sending: Sending) -> None:
    with sending.running("--workers", "2") as process:
        sending.held(10)
        sending.write(smtp_helo_name=NEW, smtp_mail_timeout="10S")
        done = sending.reload()
        assert done.status == WRONG
        assert f"{sending.main_cf}:7: smtp_mail_timeout = 10S" in done.errors
        process.send_signal(signal.SIGHUP)
        sending.write(smtp_helo_name=NEW, smtp_destination_concurrency_limit="1")
        done = sending.reload()
        assert done.status == WRONG
        assert "2 workers send at a time" in done.errors
        sending.finish(process)
    assert {session.name for session in sending.receiver.sessions} == {OLD}


def test_sighup_reaches_every_worker(sending: Sending) -> None:
    with sending.running("--workers", "2") as process:
        sending.held(10)
        sending.write(smtp_helo_name=NEW)
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        assert ANEW in process.stderr.readline()
        sending.finish(process)
    assert_old_ones_end_and_new_ones_follow(sending, 10)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_reload_while_the_list_is_read(tmp_path: Path, receiver: Holding, workers: str) -> None:
    """SIGHUP and the command at any time from the start on: the job goes on, and by the last settings."""
    sending = Sending(tmp_path, receiver, 20_000, 10)
    receiver.let_go()
    control = tmp_path / ".fastsmtp" / "job" / "control"
    with sending.running("--once", "--workers", workers) as process:
        eventually(control.exists)
        sending.write(smtp_helo_name=NEW)
        process.send_signal(signal.SIGHUP)
        done = sending.reload()
        assert done.status == ALL_SENT, done.said
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert receiver.sessions[-1].name in ("", NEW)


def test_nobody_to_reload_is_said(tmp_path: Path) -> None:
    job = Job.write(tmp_path, 1)
    done = fastsmtp("reload", job.path)
    assert done.status == WRONG
    assert done.errors.startswith(f"fastsmtp reload: no send of {job.path} runs: ")


def test_socket_is_gone_when_the_send_is_over(sending: Sending) -> None:
    control = sending.main_cf.parent / ".fastsmtp" / "job" / "control"
    with sending.running() as process:
        sending.held(10)
        assert control.exists()
        sending.finish(process)
    assert not control.exists()
