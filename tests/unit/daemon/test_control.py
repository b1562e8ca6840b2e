"""The control socket: a line of JSON each way, whatever the other side does."""

import json
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fastsmtp.daemon import control
from fastsmtp.daemon.control import LINE_LIMIT, NAME, PEERS_LIMIT, ControlServer, Message, NobodyError, Reply

LOOKS = 1000  # at the sockets; what is not done then never is


def echo(request: Message, reply: Reply) -> None:
    reply({"heard": dict(request)})


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., ControlServer]]:
    servers: list[ControlServer] = []

    def open_server(answer: Callable[[Message, Reply], None] = echo) -> ControlServer:
        server = ControlServer.open(tmp_path, answer)
        assert server is not None
        servers.append(server)
        return server

    yield open_server
    for server in servers:
        server.close()


def peer(directory: Path) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    stream.connect(str(directory / NAME))
    stream.setblocking(False)
    return stream


def heard(stream: socket.socket, server: ControlServer) -> Any:
    """The next answer; None at the end of the stream."""
    data = b""
    for _ in range(LOOKS):
        server.attend()
        try:
            piece = stream.recv(1)
        except BlockingIOError:
            continue
        if not piece:
            return None
        data += piece
        if piece == b"\n":
            return json.loads(data)
    raise AssertionError("no answer")


def test_request_gets_its_answer(tmp_path: Path, serve) -> None:
    server = serve()
    with peer(tmp_path) as stream:
        stream.send(b'{"ask": "x"}\n')
        assert heard(stream, server) == {"heard": {"ask": "x"}}


def test_request_cut_anywhere_is_one_request(tmp_path: Path, serve) -> None:
    server = serve()
    with peer(tmp_path) as stream:
        for octet in b'{"ask": "x"}\n':
            stream.send(bytes([octet]))
            server.attend()
        assert heard(stream, server) == {"heard": {"ask": "x"}}


def test_many_requests_in_one_piece_are_answered_in_turn(tmp_path: Path, serve) -> None:
    server = serve()
    with peer(tmp_path) as stream:
        stream.send(b"".join(b'{"number": %d}\n' % number for number in range(3000)))
        for number in range(3000):
            assert heard(stream, server) == {"heard": {"number": number}}


@pytest.mark.parametrize("line", [b"", b"[]", b"nonsense", b"\xff", b"1", b'{"a":', b"[" * 5000])
def test_line_that_is_no_object_is_answered_and_harms_nothing(tmp_path: Path, serve, line: bytes) -> None:
    server = serve()
    with peer(tmp_path) as stream:
        stream.send(line + b'\n{"ask": "x"}\n')
        assert "expected" in heard(stream, server)["problems"][0]
        assert heard(stream, server) == {"heard": {"ask": "x"}}


def test_endless_line_ends_the_connection(tmp_path: Path, serve) -> None:
    server = serve()
    with peer(tmp_path) as stream:
        sent = 0
        while sent <= LINE_LIMIT:
            sent += stream.send(b"x" * 4096)
            server.attend()
        assert heard(stream, server) is None


def test_half_a_request_disturbs_nobody(tmp_path: Path, serve) -> None:
    server = serve()
    with peer(tmp_path) as gone:
        gone.send(b'{"ask"')
    with peer(tmp_path) as stream:
        stream.send(b"{}\n")
        assert heard(stream, server) == {"heard": {}}


def test_answer_may_come_later_and_to_nobody(tmp_path: Path, serve) -> None:
    waiting: list[Reply] = []
    server = serve(lambda request, reply: waiting.append(reply))
    with peer(tmp_path) as patient:
        with peer(tmp_path) as hasty:
            patient.send(b"{}\n")
            hasty.send(b"{}\n")
            for _ in range(10):
                server.attend()
        for _ in range(10):
            server.attend()
        assert len(waiting) == 2
        for reply in waiting:
            reply({"late": True})
            reply({"twice": True})
        assert heard(patient, server) == {"late": True}


def test_long_answer_to_a_slow_reader_arrives_whole(tmp_path: Path, serve) -> None:
    server = serve(lambda request, reply: reply({"text": "x" * 1_000_000}))
    with peer(tmp_path) as stream:
        stream.send(b"{}\n")
        data = b""
        for _ in range(100 * LOOKS):
            server.attend()
            try:
                data += stream.recv(65536)
            except BlockingIOError:
                continue
            if data.endswith(b"\n"):
                break
        assert len(json.loads(data)["text"]) == 1_000_000


def test_who_comes_too_many_waits_for_a_place(tmp_path: Path, serve) -> None:
    server = serve()
    crowd = [peer(tmp_path) for _ in range(PEERS_LIMIT)]
    late = peer(tmp_path)
    late.send(b"{}\n")
    for _ in range(50):
        server.attend()
    with pytest.raises(BlockingIOError):
        late.recv(1)
    crowd.pop().close()
    assert heard(late, server) == {"heard": {}}
    for stream in (*crowd, late):
        stream.close()


def test_socket_is_its_owners_alone(tmp_path: Path, serve) -> None:
    serve()
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_no_path_is_too_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    server = ControlServer.open(deep, echo)
    assert server is not None
    answers: list[object] = []
    asking = threading.Thread(target=lambda: answers.append(control.ask(deep, {"ask": "x"})))
    asking.start()
    while asking.is_alive():
        server.attend()
        asking.join(0.001)
    assert answers == [{"heard": {"ask": "x"}}]
    server.close()


def test_stale_socket_of_a_killed_program_is_taken_over(tmp_path: Path, serve) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / NAME))
    server = serve()
    with peer(tmp_path) as stream:
        stream.send(b"{}\n")
        assert heard(stream, server) == {"heard": {}}


def test_living_program_is_left_alone(tmp_path: Path, serve) -> None:
    serve()
    assert ControlServer.open(tmp_path, echo) is None


def test_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("precious")
    with pytest.raises(OSError, match="in use"):
        ControlServer.open(tmp_path, echo)
    assert (tmp_path / NAME).read_text() == "precious"


def test_closing_tells_who_waits_and_takes_the_socket_away(tmp_path: Path) -> None:
    server = ControlServer.open(tmp_path, lambda request, reply: None)
    assert server is not None
    with peer(tmp_path) as stream:
        stream.send(b"{}\n")
        for _ in range(5):
            server.attend()
        server.close()
        assert json.loads(stream.recv(1000)) == {"problems": ["the program has ended"]}
    assert not (tmp_path / NAME).exists()


def test_closing_takes_nobody_elses_socket_away(tmp_path: Path) -> None:
    server = ControlServer.open(tmp_path, echo)
    assert server is not None
    (tmp_path / NAME).rename(tmp_path / "moved")
    (tmp_path / NAME).touch()
    server.close()
    assert (tmp_path / NAME).exists()


def test_server_can_be_watched_by_a_loop(tmp_path: Path, serve) -> None:
    server = serve()
    with peer(tmp_path) as stream:
        stream.send(b"{}\n")
        assert os.fstat(server.fileno())
        assert heard(stream, server) == {"heard": {}}


def test_asking_where_nobody_is_says_so(tmp_path: Path) -> None:
    with pytest.raises(NobodyError, match="nobody answers"):
        control.ask(tmp_path, {})
    with pytest.raises(NobodyError, match="No such file"):
        control.ask(tmp_path / "none", {})


def test_asking_who_ends_meanwhile_says_so(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / NAME))
    listener.listen()

    def leave() -> None:
        stream, _ = listener.accept()
        stream.recv(100)
        stream.close()

    leaving = threading.Thread(target=leave)
    leaving.start()
    with pytest.raises(NobodyError, match="ended before it answered"):
        control.ask(tmp_path, {})
    leaving.join()
    listener.close()
