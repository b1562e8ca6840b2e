"""What the deliveries of one worker go by: a Generation for each transport, replaced as a whole by a reload.

    generations = Generations(rules, contents, log)
    generations.now                  by transport, for deliveries that start now
    generations.change(...)          a reload; whether idle sessions would now be opened in another way
    generations.expect(destination, found)  its hosts are looked up ahead; see Router
    generations.add_relay(nexthop)   a table names it in place of relayhost
    generations.close()

Transports that nothing tells apart share one router; those that ask the same name servers in the same way,
one resolver and its memory.
Source: ours; Postfix has processes of their own for each transport.
"""

from collections.abc import Callable, Mapping

from fastsmtp.delivery.content import Content
from fastsmtp.delivery.desk import Generation
from fastsmtp.mail.destination import Destination
from fastsmtp.report.log import Log
from fastsmtp.route.hosts import Router
from fastsmtp.route.records import Drops
from fastsmtp.route.resolver import LookupRules, Resolver
from fastsmtp.worker.rules import ClientRules


class Generations:
    """By transport; and the routers and resolvers that they ask."""

    def __init__(self, rules: Mapping[str, ClientRules], contents: Mapping[str, Content], log: Log) -> None:
        """`rules` and `contents` by transport."""
        self._rules = rules
        self._log = log
        self._relays: set[str] = set()
        self._resolvers: dict[
            tuple[LookupRules, Drops | None], Resolver
        ] = {}  # some of them: of earlier rules
        self.now = self._made(contents, dict.fromkeys(rules, 0))

    def change(self, rules: Mapping[str, ClientRules], contents: Mapping[str, Content]) -> bool:
        """Deliveries that start from now on go by `rules`."""
        epochs = {name: generation.epoch for name, generation in self.now.items()}
        outdated = [name for name, client in rules.items() if not client.serves_alike(self._rules[name])]
        for name in outdated:
            epochs[name] += 1
        self._rules = rules
        self.now = self._made(contents, epochs)
        return bool(outdated)

    def _made(self, contents: Mapping[str, Content], epochs: Mapping[str, int]) -> Mapping[str, Generation]:
        routers: dict[int, Router] = {}
        found = {}
        for name, client in self._rules.items():
            if id(client) not in routers:
                routers[id(client)] = Router(
                    client.route, self._resolver(client), self._log.warning, self._relays
                )
            found[name] = Generation(
                client.delivery,
                routers[id(client)],
                contents[name],
                client.session,
                client.deadlines,
                epochs[name],
                client.logins,
                client.tls,
            )
        return found

    def _resolver(self, client: ClientRules) -> Resolver:
        key = client.lookup, client.drops
        found = self._resolvers.get(key)
        if found is None:
            found = self._resolvers[key] = Resolver(client.lookup, self._log.warning, client.drops)
        return found

    def expect(self, destination: Destination, found: Callable[[], None]) -> bool:
        return self.now[destination.transport].router.expect(destination.nexthop, found)

    def add_relay(self, nexthop: str) -> None:
        self._relays.add(nexthop)

    def close(self) -> None:
        for generation in self.now.values():
            generation.router.close()
        for resolver in self._resolvers.values():
            resolver.close()
