"""Questions that wait for a server: who asks, how often, for how long; in memory, on a clock that jumps."""

import asyncio
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from fastsmtp.errors import Pending, TableError
from fastsmtp.lookup.inline import Plain
from fastsmtp.lookup.keys import Key, find
from fastsmtp.lookup.maps import Maps
from fastsmtp.lookup.pattern_list import Element, PatternList
from fastsmtp.lookup.pipemap import PipeMap
from fastsmtp.lookup.remote import Manners, Remote
from fastsmtp.lookup.unionmap import UnionMap
from fastsmtp.remote.answers import ERROR_TIME, Answers
from fastsmtp.remote.connection import Lost
from fastsmtp.remote.rules import AnswerRules
from tests.support.jumping import run

RULES = AnswerRules(kept_for=30.0, limit=1000, time_limit=20.0, connections=2)
SLOW = 3.0
PLAIN = Manners()


class Server:
    """Hosts that know some keys; counts what it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, known: dict[str, str]) -> None:
        self.known = known
        self.asked: list[str] = []
        self.connects: list[str] = []
        self.dead: set[str] = set()
        self.open = self.most_open = self.at_once = self.most_at_once = 0
        self.breaks: Callable[[str], bool] = lambda key: False
        monkeypatch.setitem(sys.modules, "fastsmtp.remote.scripted", SimpleNamespace(connect=self.connect))

    def table(self, *hosts: str, manners: Manners = PLAIN, fixed: bool = True) -> Remote:
        return Remote("scripted:x", "scripted", hosts or ("h",), manners, fixed=fixed, folded=True)

    async def connect(self, table: Remote, host: str) -> "Connection":
        self.connects.append(host)
        if host in self.dead:
            raise ConnectionRefusedError(111, "refused")
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        return Connection(self)


class Connection:
    def __init__(self, server: Server) -> None:
        self.server = server

    async def ask(self, key: str) -> str | None:
        server = self.server
        server.asked.append(key)
        server.at_once += 1
        server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            if key == "never":
                await asyncio.get_running_loop().create_future()
            await asyncio.sleep(SLOW if key.startswith("slow") else 0)
        finally:
            server.at_once -= 1
        if server.breaks(key):
            raise Lost("broke")
        if key == "odd":
            raise ZeroDivisionError
        if key == "error":
            raise TableError("scripted:x: no")
        return server.known.get(key)

    def close(self) -> None:
        self.server.open -= 1


@pytest.fixture
def server(monkeypatch):
    return Server(monkeypatch, {"a": "1", "b": "2", "1": "one", "slow": "s"})


def settled(*questions, rules=RULES):
    """What each gives, asked one after another on one loop; errors as they are."""

    async def ask():
        answers = Answers(rules)
        found = []
        for question in questions:
            try:
                found.append(await answers.settle(question))
            except TableError as error:
                found.append(error)
        await answers.close()
        return found

    return run(ask())


def test_answer_is_fetched_once_and_then_at_hand(server):
    table = server.table()
    with pytest.raises(Pending) as caught:
        table.get("A")
    assert (caught.value.table, caught.value.key) == (table, "a")
    assert settled(*[lambda: table.get("A")] * 3) == ["1", "1", "1"]
    assert settled(*[lambda: table.get("no")] * 2) == [None, None]
    assert server.asked == ["a", "no"]
    assert server.open == 0


def test_whatever_is_made_of_tables_settles(server):
    table = server.table()
    maps = Maps("transport_maps", [Plain("inline:", {"x": "y"}, folded=True), table])
    pipe = PipeMap("pipemap:", [table, table])
    union = UnionMap("unionmap:", [table, pipe])
    patterns = PatternList("p", [Element("", table=table)], (), parents=True)
    assert settled(
        lambda: maps.find("x"),
        lambda: maps.find("b"),
        lambda: find(maps, [Key("no", False), Key("a", True)]),
        lambda: pipe.get("a"),
        lambda: union.get("a"),
        lambda: patterns.match_host("c.a"),
        lambda: patterns.match_host("c.d"),
    ) == ["y", "2", (Key("a", True), "1"), "one", "1,one", True, False]


def test_error_is_kept_for_a_short_time_and_answers_for_a_longer_one(server):
    table = server.table()

    async def ask():
        answers = Answers(RULES)
        for pause in (0.0, ERROR_TIME / 2, ERROR_TIME, RULES.kept_for, 0.0):
            await asyncio.sleep(pause)
            with pytest.raises(TableError, match="scripted:x: no"):
                await answers.settle(lambda: table.get("error"))
            await answers.settle(lambda: table.get("a"))
        await answers.close()

    run(ask())
    assert server.asked == ["error", "a", "error", "error", "a"]


def test_idle_table_is_let_go(server):
    table = server.table(manners=Manners(idle_interval=10.0))

    async def ask():
        answers = Answers(RULES)
        await answers.settle(lambda: table.get("a"))
        await asyncio.sleep(9.0)
        assert server.open == 1
        await asyncio.sleep(3.0)
        assert server.open == 0
        await asyncio.sleep(RULES.kept_for)
        assert not len(table)
        assert len(asyncio.get_running_loop()._scheduled) == 0
        await answers.close()

    run(ask())


def test_same_key_is_asked_once_for_all_that_wait(server):
    table = server.table()

    async def ask():
        answers = Answers(RULES)
        found = await asyncio.gather(*[answers.settle(lambda: table.get("slow")) for _ in range(5)])
        await answers.close()
        return found

    assert run(ask()) == ["s"] * 5
    assert server.asked == ["slow"]


def test_many_are_settled_together_within_the_connections(server):
    table = server.table()
    keys = [f"slow{number}" for number in range(20)] + ["a", "error"]

    async def ask():
        answers = Answers(RULES._replace(time_limit=100.0))
        await answers.settle_each(table.get, keys)
        assert [table.get(key) for key in keys[:21]] == [None] * 20 + ["1"]
        with pytest.raises(TableError):
            table.get("error")
        await answers.close()

    run(ask())
    assert server.asked == keys
    assert server.most_at_once == 2
    assert server.most_open == 2


def test_time_limit_ends_the_question_and_those_behind_it(server):
    table = server.table()

    async def ask():
        answers = Answers(RULES._replace(connections=1))
        began_at = asyncio.get_running_loop().time()
        await answers.settle_each(table.get, ["never", "a", "b"])
        assert asyncio.get_running_loop().time() - began_at == pytest.approx(20.0)
        for key in ("never", "a", "b"):
            with pytest.raises(TableError, match="scripted:x: no answer within 20 seconds"):
                table.get(key)
        await asyncio.sleep(ERROR_TIME + 1)
        assert await answers.settle(lambda: table.get("a")) == "1"
        await answers.close()

    run(ask())


def test_own_time_limit_counts_where_it_is_shorter(server):
    table = server.table(manners=Manners(time_limit=2.0))
    [error] = settled(lambda: table.get("never"))
    assert "within 2 seconds" in str(error)
    table = server.table(manners=Manners(time_limit=200.0))
    [error] = settled(lambda: table.get("never"))
    assert "within 20 seconds" in str(error)


def test_time_out_names_parameter_table_and_key(server):
    maps = Maps("transport_maps", [server.table()])
    [error] = settled(lambda: maps.find("never"))
    assert str(error) == 'transport_maps: lookup of "never" failed: scripted:x: no answer within 20 seconds'


def test_next_host_is_asked_and_a_dead_one_left_alone_for_a_while(server):
    table = server.table("good", "bad", manners=Manners(retry_interval=60.0, idle_interval=0.5))
    server.dead.add("bad")

    async def ask():
        answers = Answers(RULES._replace(kept_for=1.0))
        for _ in range(30):
            assert await answers.settle(lambda: table.get("a")) == "1"
            await asyncio.sleep(3.0)
        await answers.close()

    run(ask())
    assert 1 <= server.connects.count("bad") <= 2


def test_no_host_left_is_an_error_at_once(server):
    table = server.table("bad", "worse", manners=Manners(retry_interval=60.0))
    server.dead |= {"bad", "worse"}
    found = settled(lambda: table.get("a"), lambda: table.get("b"))
    assert "Connection refused" in str(found[0])
    assert "they are tried again later" in str(found[1])
    assert sorted(server.connects) == ["bad", "worse"]


def test_idle_connection_that_broke_is_replaced(server):
    table = server.table()
    broken = iter([False, True, False])
    server.breaks = lambda key: next(broken)
    assert settled(lambda: table.get("a"), lambda: table.get("b")) == ["1", "2"]
    assert server.asked == ["a", "b", "b"]
    assert len(server.connects) == 2


def test_tries_are_limited_and_spaced(server):
    table = server.table(manners=Manners(tries=3, pause=1.0))
    server.breaks = lambda key: True
    [error] = settled(lambda: table.get("a"))
    assert str(error) == "scripted:x: h: broke"
    assert server.asked == ["a"] * 3


def test_connection_ends_with_its_lifetime(server):
    table = server.table(manners=Manners(lifetime=10.0, idle_interval=100.0))

    async def ask():
        answers = Answers(RULES._replace(kept_for=1.0))
        for _ in range(6):
            await answers.settle(lambda: table.get("a"))
            await asyncio.sleep(4.0)
        await answers.close()

    run(ask())
    assert len(server.connects) == 2


def test_fault_of_a_library_is_an_error_and_nobody_waits_for_ever(server):
    table = server.table()
    [error] = settled(lambda: table.get("odd"))
    assert str(error) == "scripted:x: ZeroDivisionError:"


def test_answers_kept_have_a_limit_and_the_least_wanted_go(server):
    table = server.table()
    for key in "abc":
        table.keep(key, key, 3)
    assert table.get("a") == "a"
    table.keep("d", "d", 3)
    assert len(table) == 3
    assert table.get("a") == "a"
    with pytest.raises(Pending):
        table.get("b")


def test_question_that_never_settles_ends_in_an_error(server):
    table = server.table()

    def forgetful():
        table.forget("a")
        return table.get("a")

    [error] = settled(forgetful)
    assert "no answer after 100 rounds" in str(error)


def test_close_ends_what_is_on_its_way(server):
    table = server.table()

    async def ask():
        answers = Answers(RULES)
        waiting = asyncio.ensure_future(answers.settle(lambda: table.get("never")))
        await asyncio.sleep(1.0)
        await answers.close()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    run(ask())
    assert server.open == 0


@pytest.mark.parametrize("key", ["a\0b", "\udcff@x", "ü\udc80"])
def test_key_that_is_no_text_is_not_found(server, key):
    assert server.table().get(key) is None


def test_question_that_follows_an_answer_at_once_is_asked(server):
    table = server.table()
    pipe = PipeMap("pipemap:", [table, table])

    async def ask():
        answers = Answers(RULES._replace(connections=1))
        await answers.settle_each(pipe.get, ["a"])
        assert pipe.get("a") == "one"
        await answers.close()

    run(ask())
    assert server.asked == ["a", "1"]


def test_system_that_gives_up_is_not_our_time_limit(server):
    table = server.table()

    async def connect(table, host):
        raise TimeoutError(110, "Connection timed out")

    sys.modules["fastsmtp.remote.scripted"].connect = connect
    [error] = settled(lambda: table.get("a"))
    assert str(error) == "scripted:x: connect to h: Connection timed out"
