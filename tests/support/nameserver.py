"""An authoritative name server for tests, on a loopback UDP port of its own.

    with NameServer({("a.test", "MX"): ["10 mx.a.test."], ("slow.test", "MX"): "SERVFAIL"}) as dns:
        ... dns.port ...
    dns.asked      every (name, type), in the order of arrival

`validated` are names whose answers carry AD, as those of a resolver that has checked their signatures.
A name with a record of another type answers without data, an unknown one NXDOMAIN; response codes and
"SILENCE" are what they say. A CNAME answers every question, without what it leads to. dnspython makes the
messages.
"""

import socket
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str] | str]
TTL = 60


class NameServer:
    def __init__(self, zone: Zone, validated: Collection[str] = ()) -> None:
        self.zone = zone
        self.validated = validated
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(4096)
            if not data:
                return
            answer = self._answer(dns.message.from_wire(data))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        (question,) = query.question
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = question.rdtype.name
        self.asked.append((name, kind))
        found = self.zone.get((name, kind))
        if found == "SILENCE":
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        if name in self.validated and query.flags & dns.flags.AD:
            answer.flags |= dns.flags.AD
        alias = self.zone.get((name, "CNAME"))
        if isinstance(found, str):
            answer.set_rcode(dns.rcode.from_text(found))
        elif alias is not None:
            answer.answer.append(dns.rrset.from_text(question.name, TTL, "IN", "CNAME", *alias))
        elif found is not None:
            answer.answer.append(dns.rrset.from_text(question.name, TTL, "IN", kind, *found))
        elif all(known != name for known, _ in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
