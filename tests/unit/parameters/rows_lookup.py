"""Tables that ask a server: how long an answer takes and lasts, how many are kept, how they are asked for."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from unittest import mock

from fastsmtp.errors import TableError
from fastsmtp.lookup.remote import Manners, Remote
from fastsmtp.remote.answers import Answers
from fastsmtp.worker.asking import answer_rules
from tests.support.jumping import run
from tests.support.world import load
from tests.unit.parameters.proof import Proof

SLOWLY = 3.0  # seconds to an answer


class Server:
    """Knows every key, after a while; never answers one that is called so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.connected = 0

    async def connect(self, _table: Remote, _host: str) -> "Server":
        self.connected += 1
        return self

    async def ask(self, key: str) -> str:
        self.asked.append(key)
        await asyncio.sleep(1_000_000 if key == "never" else SLOWLY)
        return f"answer to {key}"

    def close(self) -> None:
        """Nothing to let go of."""


Asking = Callable[[Callable[[str], Awaitable[object]]], Awaitable[object]]


def asked(scene: Asking, settings: dict[str, str]) -> tuple[object, Server]:
    """What `scene` gives, which is handed a function that asks for a key."""
    server = Server()
    rules = answer_rules(load(settings))

    async def play() -> object:
        table = Remote("scripted:x", "scripted", ("h",), Manners(), fixed=True, folded=True)
        answers = Answers(rules)
        try:
            return await scene(lambda key: answers.settle(lambda: table.get(key)))
        finally:
            await answers.close()

    with mock.patch.dict(sys.modules, {"fastsmtp.remote.scripted": SimpleNamespace(connect=server.connect)}):
        return run(play()), server


def patience(**settings: str) -> object:
    """Seconds until a question without an answer is an error."""

    async def scene(ask: Callable[[str], Awaitable[object]]) -> object:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        try:
            await ask("never")
        except TableError:
            return round(loop.time() - began_at, 3)
        return None

    return asked(scene, settings)[0]


def questions_in_a_minute(**settings: str) -> int:
    """How often the server is asked for the same key, which somebody needs every second."""

    async def scene(ask: Callable[[str], Awaitable[object]]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + 60
        while loop.time() < until:
            await ask("a")
            await asyncio.sleep(1)

    return len(asked(scene, settings)[1].asked)


def questions_by_turns(**settings: str) -> int:
    """How often the server is asked when 1001 keys are needed by turns, twice each."""

    async def scene(ask: Callable[[str], Awaitable[object]]) -> None:
        for _ in range(2):
            for number in range(1001):
                await ask(f"k{number}")

    return len(asked(scene, settings)[1].asked)


def connections(**settings: str) -> int:
    """How many connections eight questions at once take."""

    async def scene(ask: Callable[[str], Awaitable[object]]) -> None:
        await asyncio.gather(*(ask(f"k{number}") for number in range(8)))

    return asked(scene, settings)[1].connected


PROOFS = [
    Proof("lookup_time_limit", patience, {"30s": 30.0, "7s": 7.0}),
    Proof("lookup_cache_time", questions_in_a_minute, {"30s": 2, "8s": 6}),
    Proof(
        "lookup_cache_limit",
        questions_by_turns,
        {"2000": 1001, "1000": 2002},
        also={"lookup_cache_time": "9h"},
    ),
    Proof("lookup_connection_limit", connections, {"4": 4, "1": 1}),
]
