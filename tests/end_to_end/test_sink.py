"""The sink as a server: its class inside a test, and the command as a user starts it."""

import asyncio
import random
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop

from fastsmtp.sink.behaviour import Behaviour, Envelope
from fastsmtp.sink.certificate import context
from fastsmtp.sink.maildir import stored
from fastsmtp.sink.receiver import Sink
from tests.support.certificates import authority

RUNNERS = pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
Runner = Callable[[Coroutine[Any, Any, None]], None]


@contextmanager
def running(*options: str) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """`fastsmtp sink` on a free port; ended by SIGINT, as by Ctrl-C, if the test did not end it."""
    command = [sys.executable, "-m", "fastsmtp", "sink", "--listen", "127.0.0.1:0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:2] == ["listening", "on"]
        try:
            yield process, int(words[2].rpartition(":")[2])
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


@RUNNERS
def test_sink_hands_each_message_to_the_hook(runner: Runner) -> None:
    taken: list[tuple[Envelope, bytes]] = []

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            refused = client.sendmail("s@x", ["a@y", "b@z"], b"Subject: t\r\n\r\n.dot\r\n..two\r\n")
            assert refused == {}
            client.sendmail("", ["c@z"], b"x\r\n")

    async def scenario() -> None:
        async with Sink(on_message=lambda envelope, content: taken.append((envelope, content))) as sink:
            await asyncio.to_thread(send, sink.port)
            assert (sink.tally.connections, sink.tally.messages, sink.tally.recipients) == (1, 2, 3)
            while sink.tally.open:
                await asyncio.sleep(0.001)
            assert sink.tally.lost == 0
            assert not sink.tally.violations

    runner(scenario())
    assert [(e.sender, e.recipients, content) for e, content in taken] == [
        ("s@x", ("a@y", "b@z"), b"Subject: t\r\n\r\n.dot\r\n..two\r\n"),
        ("", ("c@z",), b"x\r\n"),
    ]


@RUNNERS
def test_groups_cut_at_random_are_all_answered(runner: Runner) -> None:
    rng = random.Random(2920)
    script = b"EHLO c\r\n"
    for number in range(50):
        script += b"MAIL FROM:<s@x>\r\nRCPT TO:<r%d@y>\r\nDATA\r\nline %d\r\n..\r\n.\r\n" % (number, number)
    script += b"QUIT\r\n"
    contents: list[bytes] = []

    async def scenario() -> None:
        async with Sink(on_message=lambda _envelope, content: contents.append(content)) as sink:
            reader, writer = await asyncio.open_connection("127.0.0.1", sink.port)
            position = 0
            while position < len(script):
                size = rng.choice([1, 2, 3, 50, 400])
                writer.write(script[position : position + size])
                position += size
                await asyncio.sleep(0)
            replies = (await reader.read()).split(b"\r\n")
            writer.close()
            await writer.wait_closed()
        assert sum(reply.startswith(b"354 ") for reply in replies) == 50
        assert sum(reply.startswith(b"250 2.0.0 Taken") for reply in replies) == 50
        assert replies[-2].startswith(b"221 ")

    runner(scenario())
    assert contents == [b"line %d\r\n.\r\n" % number for number in range(50)]


@RUNNERS
def test_delay_holds_replies_back_and_keeps_their_order(runner: Runner) -> None:
    async def scenario() -> None:
        async with Sink(Behaviour(delay=0.1)) as sink:
            started_at = time.monotonic()
            reader, writer = await asyncio.open_connection("127.0.0.1", sink.port)
            writer.write(b"EHLO c\r\n")
            await asyncio.sleep(0.02)
            writer.write(b"NOOP\r\nQUIT\r\n")
            replies = await reader.read()
            assert time.monotonic() - started_at >= 0.1
            assert [line[:3] for line in replies.splitlines() if line[3:4] == b" "] == [
                b"220",
                b"250",
                b"250",
                b"221",
            ]
            writer.close()
            await writer.wait_closed()

    runner(scenario())


@RUNNERS
def test_stop_ends_open_sessions(runner: Runner) -> None:
    async def scenario() -> None:
        sink = Sink()
        port = await sink.start("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readline()
        await sink.stop()
        await sink.stop()
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        assert sink.tally.open == 0
        assert sink.tally.lost == 0
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    runner(scenario())


@RUNNERS
def test_peer_that_reads_no_replies_is_not_read_from(runner: Runner) -> None:
    async def scenario() -> None:
        async with Sink() as sink:
            with socket.create_connection(("127.0.0.1", sink.port)) as client:
                client.setblocking(False)
                blocked = 0
                while blocked < 50:
                    try:
                        client.send(b"NOOP\r\n" * 5000)
                    except BlockingIOError:
                        blocked += 1
                    await asyncio.sleep(0.001)
            while sink.tally.open:
                await asyncio.sleep(0.001)
            assert sink.tally.lost == 1

    runner(scenario())


def test_command_keeps_messages_and_sums_up(tmp_path: Path) -> None:
    with running("--keep", str(tmp_path), "--no-pipelining", "--no-8bitmime") as (process, port):
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            assert client.has_extn("size")
            assert not client.has_extn("pipelining")
            assert not client.has_extn("8bitmime")
            client.sendmail("s@x", ["r@y"], b"one\r\n")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert errors == ""
    assert output.startswith("1 connections, 1 messages, 1 recipients, 5 bytes in ")
    assert [(e.sender, e.recipients, content) for e, content in stored(tmp_path)] == [
        ("s@x", ("r@y",), b"one\r\n")
    ]


def test_command_defers_and_rejects_the_share_asked_for() -> None:
    behaviour = Behaviour(defer=50, reject=25)
    addresses = [f"u{number}@example.com" for number in range(60)]
    with running("--defer", "50", "--reject", "25") as (process, port):
        with smtplib.SMTP("127.0.0.1", port) as client:
            refused = client.sendmail("s@x", addresses, b"x\r\n")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    codes = {address: code for address, (code, _) in refused.items()}
    wanted = {"defer": 450, "reject": 550}
    assert codes == {a: wanted[v] for a in addresses if (v := behaviour.verdict(a)) != "take"}
    assert f"{list(codes.values()).count(450)} recipients deferred" in output


def test_command_names_violations_in_its_summary() -> None:
    with running() as (process, port):
        with socket.create_connection(("127.0.0.1", port)) as client, client.makefile("rb") as replies:
            replies.readline()
            client.sendall(b"NOOP\n")
            assert replies.readline().startswith(b"500")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert "1 connections lost" in output
    assert "violation: command ended by a bare LF: 1\n" in output


def test_port_in_use_is_one_line_and_status_two() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-m", "fastsmtp", "sink", "--listen", f"127.0.0.1:{port}"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"fastsmtp sink: cannot listen on 127.0.0.1:{port}: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("value", ["", "host", "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:65536", "[::1]:-1"])
def test_listen_wants_a_port(value: str) -> None:
    command = [sys.executable, "-m", "fastsmtp", "sink", "--listen", value]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert result.returncode == 2
    assert "does not end in a port" in result.stderr


@RUNNERS
def test_session_under_tls_is_taken(runner: Runner) -> None:
    contents: list[bytes] = []

    def send(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.starttls(context=unverified())
            client.login("ann", "x")
            for number in range(20):
                client.sendmail("s@x", ["r@y"], b"%d\r\n" % number + b"line\r\n" * 5000)

    async def scenario() -> None:
        behaviour = Behaviour(tls=context(None, "sink.example"), login="ann:x")
        async with Sink(behaviour, lambda _envelope, content: contents.append(content)) as sink:
            await asyncio.to_thread(send, sink.port)
            while sink.tally.open:
                await asyncio.sleep(0.001)
            assert (sink.tally.secured, sink.tally.logins, sink.tally.lost) == (1, 1, 0)
            assert not sink.tally.violations

    runner(scenario())
    assert [content.partition(b"\r\n")[0] for content in contents] == [b"%d" % n for n in range(20)]
    assert {len(content.partition(b"\r\n")[2]) for content in contents} == {30000}


@RUNNERS
def test_peer_that_breaks_the_handshake_off_is_lost(runner: Runner) -> None:
    async def scenario() -> None:
        async with Sink(Behaviour(tls=context(None, "sink.example"))) as sink:
            for said in (b"no TLS at all\r\n", b"\x16\x03\x01", b""):
                reader, writer = await asyncio.open_connection("127.0.0.1", sink.port)
                writer.write(b"EHLO c\r\nSTARTTLS\r\n")
                while not (await reader.readline()).startswith(b"220 2.0.0"):
                    pass
                writer.write(said)
                writer.write_eof()
                await reader.read()
                writer.close()
            while sink.tally.open:
                await asyncio.sleep(0.001)
            assert (sink.tally.secured, sink.tally.lost) == (0, 3)

    runner(scenario())


def test_command_speaks_tls_with_a_certificate_of_its_own_or_of_a_file(tmp_path: Path) -> None:
    file = authority().issue("mx.example").write(tmp_path)
    for options, name in ((["--tls"], "sink.example"), (["--tls-cert", str(file)], "mx.example")):
        with running(*options, "--auth", "ann:x") as (process, port):
            with smtplib.SMTP("127.0.0.1", port) as client:
                client.starttls(context=unverified())
                assert isinstance(client.sock, ssl.SSLSocket)
                shown = client.sock.getpeercert(binary_form=True)
                assert shown is not None
                assert name.encode() in shown
                client.login("ann", "x")
                client.sendmail("s@x", ["r@y"], b"one\r\n")
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=20)
        assert errors == ""
        assert output.endswith("1 sessions under TLS, 1 logins\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--tls-cert", "empty.pem"],
            "cannot use empty.pem: expected a PEM file of a key and its certificate",
        ),
        (["--auth", ":x"], "expected a user before the colon"),
    ],
)
def test_bad_certificate_and_user_are_one_line_and_status_two(
    options: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").touch()
    command = [sys.executable, "-m", "fastsmtp", "sink", "--listen", "127.0.0.1:0", *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20, cwd=tmp_path)
    assert result.returncode == 2
    assert message in result.stderr


def unverified() -> ssl.SSLContext:
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made
