"""The names that the package gives out, and that importing it costs nothing."""

import asyncio
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

import fastsmtp
from fastsmtp.errors import FastsmtpError, JobError, SettingError, SpoolError
from fastsmtp.sink.behaviour import Behaviour
from fastsmtp.sink.receiver import Sink
from tests.support.commands import ROOT

COUNT = 60
IMPORTED = """
import sys
before = set(sys.modules)
import fastsmtp
dir(fastsmtp)
print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))
print(*sorted(name for name in sys.modules if name.startswith('fastsmtp.')))
"""


@pytest.fixture
def job(tmp_path: Path) -> fastsmtp.Job:
    (tmp_path / "list.txt").write_text("".join(f"reader{n}@list.example\n" for n in range(COUNT)))
    (tmp_path / "message.eml").write_text("From: news@news.example\nSubject: hello\n\nhello\n")
    path = tmp_path / "job.toml"
    path.write_text(
        'sender = "bounces@news.example"\nmessage = "message.eml"\nrecipients = "list.txt"\n'
        "[settings]\nsmtp_destination_recipient_limit = 1\nsmtp_destination_concurrency_limit = 2\n"
    )
    return fastsmtp.load_job(path)


def settings_for(job: fastsmtp.Job, sink: Sink) -> fastsmtp.Settings:
    return fastsmtp.Settings.load(None, [f"relayhost=[127.0.0.1]:{sink.port}"], job.settings)


async def addresses(job: fastsmtp.Job, sink: Sink, limit: int = COUNT) -> list[str]:
    """Those sent to before the loop was left."""
    found: list[str] = []
    async with aclosing(fastsmtp.send(job, settings_for(job, sink))) as outcomes:
        async for outcome in outcomes:
            assert outcome.status == "sent"
            found.append(outcome.recipient.address)
            if len(found) == limit:
                break
    return found


def test_import_loads_nothing_but_the_package_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    third_party, rooms = done.stdout.splitlines()
    assert third_party == "fastsmtp"
    assert rooms == ""


def test_every_public_name_resolves_to_what_its_home_calls_it() -> None:
    for name in fastsmtp.__all__:
        assert getattr(fastsmtp, name) is getattr(fastsmtp, name)
    assert fastsmtp.FastsmtpError is FastsmtpError
    assert fastsmtp.load_job.__module__ == "fastsmtp.job.jobfile"
    assert len(fastsmtp.__all__) <= 20


def test_star_import_gives_exactly_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from fastsmtp import *", names)
    assert names.keys() - {"__builtins__"} == set(fastsmtp.__all__)


def test_public_names_are_offered_for_completion() -> None:
    assert set(fastsmtp.__all__) <= set(dir(fastsmtp))


def test_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'fastsmtp' has no attribute 'sned'"):
        fastsmtp.sned  # noqa: B018


def test_encode_ends_with_the_dot() -> None:
    assert fastsmtp.encode(b"Subject: x\n\n.\n") == b"Subject: x\r\n\r\n..\r\n.\r\n"


def test_errors_of_job_and_settings_name_each_fault(tmp_path: Path) -> None:
    path = tmp_path / "job.toml"
    path.write_text("sender = 1\n")
    with pytest.raises(JobError) as job_error:
        fastsmtp.load_job(path)
    assert len(job_error.value.problems) == 3
    with pytest.raises(SettingError) as setting_error:
        fastsmtp.Settings.load(None, ["smtp_mx_address_limit=x", "smtp_connect_timeout=y"])
    assert len(setting_error.value.problems) == 2


def test_send_yields_one_outcome_for_each_recipient(job: fastsmtp.Job) -> None:
    async def run() -> tuple[list[str], int]:
        async with Sink() as sink:
            return await addresses(job, sink), sink.tally.recipients

    found, received = asyncio.run(run())
    assert sorted(found) == sorted(f"reader{n}@list.example" for n in range(COUNT))
    assert received == COUNT


def test_send_that_is_left_early_stops_and_goes_on_with_the_rest(job: fastsmtp.Job) -> None:
    async def run() -> None:
        async with Sink(Behaviour(delay=0.01)) as sink:
            assert len(await addresses(job, sink, limit=5)) == 5
            before = sink.tally.recipients
            assert before < COUNT, "nothing was left to go on with"
            rest = await addresses(job, sink)
            assert len(rest) == COUNT - before, "what was in flight was recorded"
            assert sink.tally.recipients == COUNT, "each exactly once"
            assert await addresses(job, sink) == []

    asyncio.run(run())


def test_send_tells_deferrals_and_with_once_does_not_wait_for_them(job: fastsmtp.Job) -> None:
    async def run() -> set[str]:
        async with (
            Sink(Behaviour(defer=100)) as sink,
            aclosing(fastsmtp.send(job, settings_for(job, sink), once=True)) as outcomes,
        ):
            return {outcome.status async for outcome in outcomes}

    assert asyncio.run(run()) == {"deferred"}


def test_second_send_on_a_spool_in_use_is_a_spool_error(job: fastsmtp.Job) -> None:
    async def run() -> None:
        async with (
            Sink(Behaviour(delay=0.01)) as sink,
            aclosing(fastsmtp.send(job, settings_for(job, sink))) as outcomes,
        ):
            await anext(outcomes)
            with pytest.raises(SpoolError, match="job"):
                await addresses(job, sink)

    asyncio.run(run())


def test_slow_consumer_holds_the_job_back(tmp_path: Path) -> None:
    """What is sent but not yet heard of stays bounded, whatever the length of the list."""
    (tmp_path / "m.eml").write_text("Subject: x\n\nx\n")
    (tmp_path / "list.txt").write_text("".join(f"r{number}@x.example\n" for number in range(3000)))
    job_file = tmp_path / "job.toml"
    job_file.write_text('sender = ""\nmessage = "m.eml"\nrecipients = "list.txt"\n')

    async def run() -> tuple[int, int]:
        async with Sink() as sink:
            job = fastsmtp.load_job(job_file)
            options = [
                f"relayhost=[127.0.0.1]:{sink.port}",
                "smtp_destination_recipient_limit=1",
                "smtp_destination_concurrency_limit=1",
            ]
            settings = fastsmtp.Settings.load(None, options)
            heard = furthest = 0
            async for _ in fastsmtp.send(job, settings):
                heard += 1
                if heard == 10:
                    await asyncio.sleep(1.0)  # time enough for all of them
                    furthest = sink.tally.messages
            return heard, furthest

    heard, furthest = asyncio.run(run())
    assert heard == 3000
    assert furthest < 1200
