"""What replies mean for a recipient (spec: session, 2 and 3)."""

import pytest

from fastsmtp.outcome import classify
from fastsmtp.wire.reply import Reply
from fastsmtp.wire.transaction import Transaction

HOST = "mx.example[192.0.2.1]"


@pytest.mark.parametrize(
    ("line", "dsn", "soft", "text"),
    [
        (b"550 5.1.1 who", "5.1.1", False, f"host {HOST} said: 550 5.1.1 who (in reply to RCPT TO command)"),
        (b"450 later", "4.0.0", True, f"host {HOST} said: 450 later (in reply to RCPT TO command)"),
        (b"354 x", "5.5.0", False, f"host {HOST} said: 354 x (in reply to RCPT TO command)"),
        (b"600 x", "5.5.0", False, f"host {HOST} said: 600 x (in reply to RCPT TO command)"),
        (
            b"250 ok",
            "5.5.0",
            False,
            f"Protocol error: host {HOST} said: 250 ok (in reply to RCPT TO command)",
        ),
    ],
)
def test_refusal_has_status_class_and_reason(line, dsn, soft, text):
    verdict = classify.refused(Reply(line), HOST, "RCPT TO command")
    assert verdict[:4] == (False, soft, dsn, text)


@pytest.mark.parametrize(
    ("line", "soften", "dsn", "soft"),
    [
        (b"554 5.7.1 x", True, "4.7.1", True),
        (b"554 x", True, "4.0.0", True),
        (b"554 5.7.1 x", False, "5.7.1", False),
        (b"421 4.3.2 x", False, "4.3.2", True),
        (b"354 x", True, "5.5.0", False),
    ],
)
def test_greeting_refusal_is_softened_only_in_class_5(line, soften, dsn, soft):
    verdict = classify.unwelcome(Reply(line), HOST, soften=soften)
    assert (verdict.dsn, verdict.soft) == (dsn, soft)
    assert verdict.text == f"host {HOST} refused to talk to me: {line.decode()}"


@pytest.mark.parametrize(
    ("timed_out", "text"),
    [
        (False, f"lost connection with {HOST} while sending MAIL FROM"),
        (True, f"conversation with {HOST} timed out while sending MAIL FROM"),
    ],
)
def test_broken_stream_is_soft(timed_out, text):
    verdict = classify.stream_failure(HOST, "sending MAIL FROM", timed_out=timed_out)
    assert verdict[:4] == (False, True, "4.4.2", text)


def test_transaction_without_a_reply_has_no_verdict():
    assert classify.of_transaction(Transaction(b"", [b"r@x"], b".\r\n"), 0, HOST) is None


@pytest.mark.parametrize(
    ("timed_out", "how"),
    [(False, f"lost connection with {HOST}"), (True, f"conversation with {HOST} timed out")],
)
def test_stream_broken_behind_the_end_of_data_is_neither_soft_nor_hard(timed_out, how):
    verdict = classify.in_doubt(HOST, timed_out=timed_out)
    assert (verdict.sent, verdict.soft, verdict.in_doubt, verdict.dsn) == (False, False, True, "4.4.2")
    assert (
        verdict.text
        == f"{how} while sending end of data -- message may have been delivered, and is not sent again"
    )
