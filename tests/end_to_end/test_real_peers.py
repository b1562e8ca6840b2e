"""A job of ten thousand through servers that are not ours: each message compared with what was to be sent."""

from pathlib import Path

import pytest

from tests.support.commands import fastsmtp
from tests.support.jobs import SENDER, Job
from tests.support.postfix import Postfix
from tests.support.receiver import Receiver
from tests.support.waiting import eventually

COUNT = 10_000
ARRIVAL_LIMIT = 120.0  # seconds after the sender was told "250" for all; Postfix delivers behind it


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job.write(tmp_path, COUNT)


def all_sent(job: Job) -> bool:
    rows = job.results()
    return {row["email"] for row in rows} == set(job.expected) and {row["status"] for row in rows} == {"sent"}


def test_ten_thousand_messages_arrive_whole_at_aiosmtpd(job: Job, receiver: Receiver) -> None:
    done = fastsmtp("send", *job.arguments(receiver.port))
    assert done.status == 0, done.said
    assert all_sent(job)
    arrived = {transaction.recipients: transaction for transaction in receiver.transactions}
    assert len(arrived) == len(receiver.transactions) == COUNT
    assert {transaction.sender for transaction in receiver.transactions} == {SENDER}
    assert {recipients[0]: transaction.content for recipients, transaction in arrived.items()} == job.expected


@pytest.mark.peer
def test_ten_thousand_messages_arrive_whole_at_postfix(job: Job, postfix_inbox: Postfix) -> None:
    done = fastsmtp("send", *job.arguments(postfix_inbox.port))
    assert done.status == 0, done.said
    assert all_sent(job)
    eventually(lambda: postfix_inbox.inbox_size() == COUNT, ARRIVAL_LIMIT)
    arrived = {delivered.recipient: delivered for delivered in postfix_inbox.inbox()}
    assert {delivered.sender for delivered in arrived.values()} == {SENDER}
    contents = {
        recipient: delivered.content.replace(b"\n", b"\r\n") for recipient, delivered in arrived.items()
    }
    assert contents == job.expected
