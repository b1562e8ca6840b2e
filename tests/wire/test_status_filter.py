"""smtp_delivery_status_filter: what an outcome counts as (spec: parameters, 2.4)."""

from unittest import mock

import pytest

from fastsmtp.errors import SettingError
from fastsmtp.worker.filters import status_filter
from tests.support.memory_peer import Manner
from tests.support.world import World, load

FULL = Manner(answers={"RCPT": "552 5.2.2 mailbox full"})
LATER = Manner(answers={"RCPT": "450 4.2.0 later"})


def table(tmp_path, *rules):
    path = tmp_path / "filter"
    path.write_text("".join(f"{rule}\n" for rule in rules))
    return f"regexp:{path}"


def seen(manner, filters, **settings):
    run = World(manner).run(smtp_delivery_status_filter=filters, **settings)
    return run, run.outcomes["r@x.example"]


def test_bounce_becomes_a_deferral(tmp_path):
    run, outcome = seen(FULL, table(tmp_path, "/^5(\\.2\\.2 .*)/ 4$1"))
    assert (outcome.status, outcome.dsn) == ("deferred", "4.2.2")
    assert outcome.reply.endswith("said: 552 5.2.2 mailbox full (in reply to RCPT TO command)")
    assert outcome.retry_at > 0
    assert "dsn=4.2.2, status=deferred" in run.log


def test_deferral_becomes_a_bounce_with_another_text(tmp_path):
    _, outcome = seen(LATER, table(tmp_path, "/^4\\.2\\.0 .*/ 5.7.1 not worth another try"))
    assert (outcome.status, outcome.dsn, outcome.reply) == ("bounced", "5.7.1", "not worth another try")


def test_success_gets_another_text_and_stays_success(tmp_path):
    _, outcome = seen(Manner(), table(tmp_path, "/^2\\..*/ 2.6.0 taken"))
    assert (outcome.status, outcome.dsn, outcome.reply) == ("sent", "2.6.0", "taken")


@pytest.mark.parametrize("answer", ["2.0.0 fine", "5.7 x", "no status", "5.7.1"])
def test_answer_that_makes_no_sense_is_warned_of_and_changes_nothing(tmp_path, answer):
    run, outcome = seen(LATER, table(tmp_path, f"/^4/ {answer}"))
    assert (outcome.status, outcome.dsn) == ("deferred", "4.2.0")
    assert "warning: smtp_delivery_status_filter: 4.2.0 host" in run.log


def test_success_never_becomes_a_failure(tmp_path):
    run, outcome = seen(Manner(), table(tmp_path, "/^2/ 5.7.1 no"))
    assert outcome.status == "sent"
    assert "warning: smtp_delivery_status_filter" in run.log


def test_table_without_an_answer_changes_nothing():
    run, outcome = seen(LATER, "fail:sore")
    assert (outcome.status, outcome.dsn) == ("deferred", "4.2.0")
    assert "warning:" in run.log


def test_table_that_asks_a_server_is_refused():
    with pytest.raises(SettingError, match="does not wait for a server"):
        seen(LATER, "tcp:127.0.0.1:1")


def test_filter_comes_before_soft_bounce(tmp_path):
    _, outcome = seen(LATER, table(tmp_path, "/^4\\.2\\.0 .*/ 5.7.1 never"), soft_bounce="yes")
    assert (outcome.status, outcome.dsn, outcome.reply) == ("deferred", "4.7.1", "never")


def test_table_that_changes_is_read_anew(tmp_path):
    tables = table(tmp_path, "/^4/ 5.7.1 no")
    filtered = status_filter(load({"smtp_delivery_status_filter": tables}), [].append)
    assert filtered is not None
    with mock.patch("time.monotonic", return_value=1000.0):
        assert filtered("4.2.0", "later") == ("5.7.1", "no")
    table(tmp_path, "/^4/ 5.7.2 another and longer text")
    with mock.patch("time.monotonic", return_value=1060.0):
        assert filtered("4.2.0", "later") == ("5.7.2", "another and longer text")
