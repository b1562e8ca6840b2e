"""Questions on the wire: retransmission, other servers, TCP, forged answers, bounds."""

import asyncio
import socket

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from fastsmtp.route import exchange as module
from fastsmtp.route import packet
from fastsmtp.route.exchange import Exchange, NoAnswer
from fastsmtp.route.nameservers import NameServers


def reply(data, *, rcode=0, flags=0, number=None, name=None):
    query = dns.message.from_wire(data)
    answer = dns.message.make_response(query)
    answer.set_rcode(rcode)
    answer.flags |= flags
    asked = query.question[0].name
    if not rcode and not flags & dns.flags.TC:
        answer.answer.append(dns.rrset.from_text(asked, 60, "IN", "A", "192.0.2.1"))
    if number is not None:
        answer.id = query.id ^ number
    if name is not None:
        answer.question[0].name = dns.name.from_text(name)
    return answer.to_wire()


class Server(asyncio.DatagramProtocol):
    """Answers each UDP question with what `say(data, count)` gives, TCP with the whole answer."""

    def __init__(self, say):
        self.say = say
        self.seen = []
        self.ports = set()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.seen.append(data)
        self.ports.add(addr[1])
        for answer in self.say(data, len(self.seen)):
            self.transport.sendto(answer, addr)

    async def stream(self, reader, writer):
        size = int.from_bytes(await reader.readexactly(2), "big")
        answer = reply(await reader.readexactly(size))
        writer.write(len(answer).to_bytes(2, "big") + answer)
        writer.close()


async def listening(say):
    """A server with the same port for UDP and TCP: another program may have taken the one or the other."""
    for _ in range(50):
        transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Server(say), local_addr=("127.0.0.1", 0)
        )
        try:
            return server, await asyncio.start_server(server.stream, *transport.get_extra_info("sockname"))
        except OSError:
            transport.close()
    raise AssertionError("no port that is free for both")


def carried_out(*says, use, timeout=5.0, attempts=2):
    """What `use(exchange, servers)` comes to, with one server for each of `says`."""

    async def run():
        servers, streams, addresses = [], [], []
        for say in says:
            server, stream = await listening(say)
            servers.append(server)
            streams.append(stream)
            addresses.append(server.transport.get_extra_info("sockname"))
        exchange = Exchange(NameServers(tuple(addresses), timeout, attempts))
        try:
            return await use(exchange, servers)
        finally:
            exchange.close()
            for server, stream in zip(servers, streams, strict=True):
                server.transport.close()
                stream.close()
                await stream.wait_closed()

    return asyncio.run(run())


async def ask_one(exchange, servers):
    return (await exchange.ask("A.example", "A")).records[0].data, [len(server.seen) for server in servers]


def good(data, count):
    return [reply(data)]


def test_answer_comes_back():
    assert carried_out(good, use=ask_one) == ("192.0.2.1", [1])


def test_silent_server_is_asked_again():
    assert carried_out(lambda d, n: [reply(d)] if n == 2 else [], use=ask_one, timeout=0.05) == (
        "192.0.2.1",
        [2],
    )


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP])
def test_server_without_an_answer_sends_us_to_the_next(rcode):
    found = carried_out(lambda d, n: [reply(d, rcode=rcode)], good, use=ask_one)
    assert found == ("192.0.2.1", [1, 1])


def test_every_server_gets_its_rounds_before_the_end():
    async def use(exchange, servers):
        with pytest.raises(NoAnswer):
            await exchange.ask("a.example", "A")
        return [len(server.seen) for server in servers]

    fail = lambda d, n: [reply(d, rcode=dns.rcode.SERVFAIL)]  # noqa: E731
    assert carried_out(fail, fail, use=use, attempts=3) == [3, 3]


def test_truncated_answer_is_fetched_by_tcp():
    assert carried_out(lambda d, n: [reply(d, flags=dns.flags.TC)], use=ask_one) == ("192.0.2.1", [1])


def test_server_that_knows_no_edns_is_asked_without():
    def old(data, count):
        plain = dns.message.from_wire(data).edns < 0
        return [reply(data) if plain else reply(data, rcode=dns.rcode.FORMERR)]

    assert carried_out(old, use=ask_one) == ("192.0.2.1", [2])


def test_forged_and_garbled_answers_are_passed_over():
    def forged(data, count):
        return [b"", b"\0", data, reply(data, number=1), reply(data, name="b.example"), reply(data)]

    assert carried_out(forged, use=ask_one) == ("192.0.2.1", [1])


def test_port_changes_and_numbers_are_never_shared(monkeypatch):
    monkeypatch.setattr(module, "SOCKET_USES", 10)
    monkeypatch.setattr(module, "QUESTIONS_LIMIT", 4)

    async def use(exchange, servers):
        found = await asyncio.gather(*(exchange.ask(f"n{i}.example", "A") for i in range(60)))
        return {each.name for each in found}, len(servers[0].ports)

    names, ports = carried_out(good, use=use)
    assert names == {f"n{i}.example" for i in range(60)}
    assert ports >= 5


def test_no_more_questions_are_on_their_way_than_the_limit(monkeypatch):
    monkeypatch.setattr(module, "QUESTIONS_LIMIT", 3)
    held = []

    async def use(exchange, servers):
        asked = [exchange.ask(f"n{i}.example", "A") for i in range(9)]
        while len(servers[0].seen) < 3:
            await asyncio.sleep(0)
        most = len(servers[0].seen)
        servers[0].say = good
        for data, addr in held:
            servers[0].transport.sendto(reply(data), addr)
        return most, len(await asyncio.gather(*asked))

    async def hold(exchange, servers):
        server = servers[0]
        server.datagram_received = lambda data, addr: (
            server.seen.append(data),
            held.append((data, addr)) if len(held) < 3 else server.transport.sendto(reply(data), addr),
        )
        return await use(exchange, servers)

    assert carried_out(good, use=hold) == (3, 9)


def test_port_where_nobody_listens_is_told_at_once():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        address = closed.getsockname()

    async def run():
        exchange = Exchange(NameServers((address,), 60.0, 2))
        try:
            with pytest.raises(NoAnswer):
                await exchange.ask("a.example", "A")
        finally:
            exchange.close()

    asyncio.run(run())


def test_question_that_takes_long_gives_its_place_to_others(monkeypatch):
    monkeypatch.setattr(module, "QUESTIONS_LIMIT", 2)
    monkeypatch.setattr(module, "LATE", 0.02)

    def slow(data, count):
        return [] if b"slow" in data else [reply(data)]

    async def use(exchange, servers):
        slow = [exchange.ask(f"slow{i}.example", "A") for i in range(2)]
        found = await asyncio.gather(*(exchange.ask(f"n{i}.example", "A") for i in range(9)))
        return len(found), any(each.done() for each in slow)

    assert carried_out(slow, use=use, timeout=60.0) == (9, False)


def test_those_that_take_long_are_bounded_too(monkeypatch):
    monkeypatch.setattr(module, "QUESTIONS_LIMIT", 2)
    monkeypatch.setattr(module, "LATE_LIMIT", 3)
    monkeypatch.setattr(module, "LATE", 0.01)

    async def use(exchange, servers):
        asked = [exchange.ask(f"n{i}.example", "A") for i in range(20)]
        await asyncio.wait(asked, timeout=0.2)
        return len(set(servers[0].seen))

    assert carried_out(lambda d, n: [], use=use, timeout=60.0) == 5


def test_dead_first_server_is_waited_for_once_and_not_by_each_name(monkeypatch):
    monkeypatch.setattr(module, "LATE", 0.05)

    async def use(exchange, servers):
        for number in range(50):
            await exchange.ask(f"n{number}.example", "A")
        return [len(server.seen) for server in servers]

    assert carried_out(lambda d, n: [], good, use=use, timeout=60.0) == [1, 50]


def test_server_that_was_shunned_is_asked_again_in_time(monkeypatch):
    monkeypatch.setattr(module, "LATE", 0.02)
    monkeypatch.setattr(module, "SHUNNED", 0.0)

    async def use(exchange, servers):
        for number in range(2):
            await exchange.ask(f"n{number}.example", "A")
        return [len(server.seen) for server in servers]

    assert carried_out(lambda d, n: [reply(d)] if n > 1 else [], good, use=use, timeout=60.0) == [2, 1]


@pytest.mark.parametrize(("lives", "asked"), [(True, [2, 0]), (False, [1, 1])])
def test_slow_answer_is_waited_for_where_the_server_lives(lives, asked):
    def lively(data, count):
        return [reply(data)] if b"quick" in data else []

    async def use(exchange, servers):
        slow = exchange.ask("slow.example", "A")
        while not servers[0].seen:
            await asyncio.sleep(0)
        if lives:
            await exchange.ask("quick.example", "A")
        (question,) = exchange._servers[0].port.asked.values()
        question.timer.cancel()
        exchange._wait_longer(question)
        while not (lives or slow.done()):
            await asyncio.sleep(0)
        return [len(server.seen) for server in servers]

    assert carried_out(lively, good, use=use) == asked


def test_lost_packets_are_made_up_for_with_many_names_in_flight():
    async def use(exchange, servers):
        found = await asyncio.gather(*(exchange.ask(f"n{i}.example", "A") for i in range(100)))
        return len({each.name for each in found})

    def lossy(data, count):  # an empty answer by hand: dnspython takes longer than the time-out for so many
        empty = data[:2] + bytes.fromhex("8180 0001 0000 0000 0000") + data[12 : -len(packet._EDNS)]
        return [] if count % 3 == 0 else [empty]

    assert carried_out(lossy, use=use, timeout=0.1, attempts=30) == 100


def test_close_cancels_those_too_that_have_no_place(monkeypatch):
    monkeypatch.setattr(module, "QUESTIONS_LIMIT", 1)

    async def use(exchange, servers):
        asked = [exchange.ask(f"n{i}.example", "A") for i in range(3)]
        exchange.close()
        return [each.cancelled() for each in asked]

    assert carried_out(lambda d, n: [], use=use) == [True] * 3


def test_close_cancels_who_waits():
    async def use(exchange, servers):
        asked = exchange.ask("a.example", "A")
        while not servers[0].seen:
            await asyncio.sleep(0)
        exchange.close()
        return asked.cancelled()

    assert carried_out(lambda d, n: [], use=use)
