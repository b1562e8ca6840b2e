"""Log lines: Postfix's words, one write a batch, no line that an address or a reply could forge."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from shutil import which

import pytest

from fastsmtp.errors import UsageError
from fastsmtp.mail.recipient import Recipient
from fastsmtp.outcome.outcome import Delays, Outcome
from fastsmtp.report.log import PENDING_LIMIT, Log
from fastsmtp.report.log_output import Severity

ACCEPTED = re.compile(  # queue.md, check 30
    r"to=<[^>]*>, (orig_to=<[^>]*>, )?relay=\S+, (conn_use=\d+, )?delay=[\d.]+, delays=[\d.]+(/[\d.]+){3}, "
    r"(tls=\S+, )?dsn=\d\.\d+\.\d+, status=\w+ \(.*\)$"
)
HEADER = re.compile(rf"[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d \S+ postfix/(smtp|qmgr)\[{os.getpid()}\]: ")
DELAYS = Delays(0.0, 0.02, 0.3, 1.25)


class Page:
    """An output that keeps its writes."""

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.closed = False

    def prefix(self, program: str, severity: Severity) -> str:
        return f"{program}:{severity.name}: "

    def write(self, lines: Sequence[str]) -> None:
        self.writes.append(list(lines))

    def reopen(self) -> None:
        self.writes.append(["reopened"])

    def close(self) -> None:
        self.closed = True


def outcome(status: str = "sent", address: str = "r@example.com", **changes: object) -> Outcome:
    plain = Outcome(
        recipient=Recipient(1, address, "example.com", 1, "", 0, 0.0),
        status=status,
        dsn="2.0.0",
        reply="250 2.0.0 Ok",
        relay="mx.example.com[192.0.2.1]:25",
        attempts=1,
        first_attempt_at=1e9,
        finished_at=1e9,
        delays=DELAYS,
        tls="",
        queue_id="4Xg7kQ0ZzzJ1",
        retry_at=0.0,
        sender="s@example.com",
        conn_use=1,
    )
    return plain._replace(**changes)  # type: ignore[arg-type]


def logged(*outcomes: Outcome) -> list[str]:
    page = Page()
    Log(page).outcomes(outcomes)
    assert len(page.writes) == 1
    return page.writes[0]


def test_line_is_that_of_postfix() -> None:
    assert logged(outcome()) == [
        "smtp:INFO: 4Xg7kQ0ZzzJ1: to=<r@example.com>, relay=mx.example.com[192.0.2.1]:25"
        ", delay=1.6, delays=0/0.02/0.3/1.3, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
    ]


@pytest.mark.parametrize("status", ["sent", "deferred", "bounced", "expired", "cancelled", "unknown"])
@pytest.mark.parametrize(
    "changes", [{}, {"conn_use": 2}, {"tls": "TLSv1.3 with cipher X"}, {"relay": "none"}]
)
@pytest.mark.parametrize("address", ["r@example.com", '"a b"@x', "é@ü", "a\nb\x00@\u2028x\udcff"])
def test_line_matches_what_analysers_look_for(status: str, changes: dict[str, object], address: str) -> None:
    line = logged(outcome(status, address, **changes))[0]
    assert ACCEPTED.search(line)
    assert ("conn_use=2, " in line) == ("conn_use" in changes)
    assert ("tls=TLSv1.3, " in line) == ("tls" in changes)


@pytest.mark.parametrize("forged", ["a\nb", "a\rb", "a\x00b", "a\x1b[2Jb", "a\x85b", "a\u2028b", "a\udcffb"])
def test_character_that_does_not_print_becomes_a_question_mark(forged: str) -> None:
    clean = re.sub(r"[^\w\[]", "?", forged)
    page = Page()
    log = Log(page)
    log.outcomes([outcome("expired", forged, reply=forged, relay=forged, sender=forged)])
    log.active("Q", forged, 1, 1)
    log.info(forged)
    log.warning(forged)
    lines = [line for write in page.writes for line in write]
    assert all(line.isprintable() for line in lines)
    assert f"to=<{clean}>, relay={clean}, " in lines[0]
    assert lines[0].endswith(f"({clean})")
    assert len(lines) == 5


def test_recipients_of_different_transactions_show_their_own_delays_and_relays() -> None:
    lines = logged(
        outcome(),
        outcome(),
        outcome(delays=Delays(12.0, 0.0, 0.0, 0.4), relay="other[192.0.2.2]:25"),
        outcome(),
    )
    assert [re.findall(r"delay=[\d.]+|relay=\w+", line) for line in lines] == [
        ["relay=mx", "delay=1.6"],
        ["relay=mx", "delay=1.6"],
        ["relay=other", "delay=12"],
        ["relay=mx", "delay=1.6"],
    ]


def test_expired_recipient_has_its_deferral_and_its_return() -> None:
    deferral, returned = logged(outcome("expired", dsn="4.2.1", reply="450 4.2.1 busy"))
    assert deferral.endswith("dsn=4.2.1, status=deferred (450 4.2.1 busy)")
    assert returned == "qmgr:INFO: 4Xg7kQ0ZzzJ1: from=<s@example.com>, status=expired, returned to sender"


def test_queue_lines_wait_for_the_turn_and_keep_their_order() -> None:
    page = Page()
    log = Log(page)
    log.active("Q1", "", 4096, 3)
    log.removed("Q0")
    assert page.writes == []
    log.outcomes([outcome()])
    log.flush()
    assert [line.split(":", 2)[:2] for line in page.writes[0]] == [["qmgr", "INFO"]] * 2 + [["smtp", "INFO"]]
    assert page.writes[0][0] == "qmgr:INFO: Q1: from=<>, size=4096, nrcpt=3 (queue active)"
    assert page.writes[0][1] == "qmgr:INFO: Q0: removed"
    assert len(page.writes) == 1


def test_lines_that_wait_have_a_limit() -> None:
    page = Page()
    log = Log(page)
    for number in range(PENDING_LIMIT + 1):
        log.removed(f"Q{number}")
    assert [len(write) for write in page.writes] == [PENDING_LIMIT]


def test_warning_says_so() -> None:
    page = Page()
    Log(page).warning("numeric hostname")
    assert page.writes == [["smtp:WARNING: warning: numeric hostname"]]


def test_reopen_and_close_write_what_waits_first() -> None:
    page = Page()
    log = Log(page)
    log.removed("Q1")
    log.reopen()
    log.removed("Q2")
    log.close()
    log.close()
    log.info("nobody reads this")
    assert page.writes == [["qmgr:INFO: Q1: removed"], ["reopened"], ["qmgr:INFO: Q2: removed"]]
    assert page.closed


def test_nothing_is_formatted_when_nobody_listens() -> None:
    log = Log.open(None)
    assert not log.listening
    bomb = outcome()._replace(recipient=None)  # type: ignore[arg-type]
    log.outcomes([bomb])
    log.active("Q", "s", 1, 1)
    log.removed("Q")
    log.info("x")
    log.warning("x")
    log.flush()
    log.reopen()
    log.close()


def test_file_gets_whole_lines_with_time_host_and_tag(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    log = Log.open(str(path), "postfix", "mail")
    assert log.listening
    log.active("Q1", "s@x", 1, 2)
    log.outcomes([outcome(), outcome(address="é@x")])
    log.close()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [HEADER.match(line) is not None for line in lines] == [True] * 3
    assert path.read_bytes().endswith(b"\n")


def test_log_that_cannot_be_opened_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot open the log .*/no/mail\.log: No such file"):
        Log.open(str(tmp_path / "no" / "mail.log"))


def test_dash_is_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    log = Log.open("-", "mail-out")
    log.info("hello")
    log.reopen()
    log.close()
    assert re.search(r" mail-out/smtp\[\d+\]: hello\n$", capfd.readouterr().err)


@pytest.mark.peer
@pytest.mark.skipif(which("pflogsumm") is None, reason="needs the Debian package pflogsumm")
def test_pflogsumm_counts_what_was_sent_deferred_bounced_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "mail.log"
    log = Log.open(str(path))
    for number in range(30):
        queue_id = f"4Xg7kQ0ZzzJ{number:02d}".replace("0", "b").replace("1", "c")
        status, dsn, reply = [
            ("sent", "2.0.0", "250 Ok"),
            ("bounced", "5.1.1", "550 no"),
            ("deferred", "4.2.1", "450"),
        ][number % 3]
        log.active(queue_id, "s@example.org", 1000, 1)
        log.outcomes([outcome(status, f"r{number}@example.com", queue_id=queue_id, dsn=dsn, reply=reply)])
        if status != "deferred":
            log.removed(queue_id)
    log.close()
    report = subprocess.run(["pflogsumm", str(path)], capture_output=True, text=True, check=True).stdout
    counts = {words[1]: words[0] for line in report.splitlines() if len(words := line.split()) >= 2}
    assert (counts["delivered"], counts["bounced"], counts["deferred"]) == ("10", "10", "10")


def test_system_log_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    asked: list[tuple[str, str]] = []

    def found(name: str, facility: str) -> Page | None:
        asked.append((name, facility))
        return page if name == "postfix" else None

    monkeypatch.setattr("fastsmtp.report.log.SyslogOutput.open", found)
    Log.open("syslog", "postfix", "local1").info("hello")
    assert page.writes == [["smtp:INFO: hello"]]
    assert not Log.open("syslog", "absent", "mail").listening
    assert asked == [("postfix", "local1"), ("absent", "mail")]
