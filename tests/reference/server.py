"""Plain twin of an SMTP server's half of a session (RFC 5321, 2920, 3030), with books of what it meant.

    server = Server(plans, kept_open=...)    plans[n] says what becomes of message n: a Plan
    server.receive(data)                     the replies, and what was meant by them in the books
    server.closed                            it hung up: nothing that comes is worked on any more
    server.delivered                         {(message, recipient): how often}

Message n says SIZE=<n> and has the recipients r<n>.<i>@y; each reply names the command that it answers.
Whoever says anything that is no command, or content without leave, or more than one command where it should
wait, is told so by AssertionError. Faults (Fault) make it a server that mishandles groups.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

CLOSING = 421
CODES = {"2": 250, "3": 354, "4": 450, "5": 550, "c": CLOSING}  # c: and it hangs up


class Plan(NamedTuple):
    """First digits of the replies; c is 421 and the end of the session."""

    mail: str
    recipients: str  # one each
    data: str  # 3 takes content, also where no recipient was taken
    end: str


@dataclass
class Fault:
    """What it does wrong, once, at the reply number `at` of all its sessions."""

    kind: str  # extra: one reply too many; lost: that command was never read; flush, 503: see Server._end
    at: int = 0
    done: bool = False


class Server:
    def __init__(
        self,
        plans: list[Plan],
        *,
        pipelining: bool = True,
        chunking: bool = False,
        kept_open: bool = False,
        keeps_apart: bool = False,
        fault: Fault | None = None,
        replied: int = 0,
    ) -> None:
        self.plans = plans
        self.pipelining = pipelining
        self.kept_open = kept_open  # an envelope outlives BDAT LAST without recipients (Exim)
        self._keeps_apart = (
            keeps_apart  # senders differ, and several messages are in flight: RSET stands between
        )
        self.closed = False
        self.delivered: Counter[tuple[int, int]] = Counter()
        self.replied = replied
        self._fault = fault
        offers = ["mx", *(["PIPELINING"] if pipelining else []), *(["CHUNKING"] if chunking else []), "SIZE"]
        self._offers = "".join(f"250-{offer}\r\n" for offer in offers[:-1]) + "250 SIZE\r\n"
        self._unread = b""
        self._message = -1
        self._open = False  # an envelope is
        self._taken: list[int] = []
        self._chunk = -1  # bytes of BDAT to come
        self._in_content = False
        self._succeeded = False  # the last thing that happened was a delivery

    def receive(self, data: bytes) -> bytes:
        self._unread += data
        said = b""
        while not self.closed:
            reply = self._step()
            if reply is None:
                break
            said += self._spoilt(reply)
        return said

    def _step(self) -> str | None:
        """One command or content, if it is there whole; its reply, "" for none."""
        if self._in_content:
            ending = b".\r\n" if self._unread.startswith(b".\r\n") else b"\r\n.\r\n"
            at = self._unread.find(ending)
            if at < 0:
                return None
            self._unread = self._unread[at + len(ending) :]
            self._in_content = False
            return self._end()
        if self._chunk >= 0:
            if len(self._unread) < self._chunk:
                return None
            self._unread = self._unread[self._chunk :]
            self._chunk = -1
            return self._end_chunk()
        line, found, rest = self._unread.partition(b"\r\n")
        if not found:
            return None
        self._unread = rest
        assert self.pipelining or not rest or line.startswith(b"BDAT"), f"{rest!r} did not wait for {line!r}"
        return self._command(line.decode())

    def _command(self, line: str) -> str:
        verb = line[:4]
        if (
            self._fault
            and self._fault.kind == "lost"
            and not self._fault.done
            and self.replied == self._fault.at
        ):
            self._fault.done = True
            return ""
        succeeded, self._succeeded = self._succeeded, False
        if verb == "MAIL":
            return self._mail(int(line.rpartition("SIZE=")[2]))
        if verb == "RCPT":
            return self._recipient(*map(int, line[len("RCPT TO:<r") :].partition("@")[0].split(".")))
        if verb == "DATA":
            return self._data()
        if verb == "BDAT":
            self._chunk = int(line.split()[1])
            return ""
        assert self._keeps_apart or not (succeeded and verb == "RSET"), "RSET after a success"
        self._open = False
        self.closed = verb == "QUIT"
        return {"EHLO": self._offers[:-2], "RSET": "250 reset", "QUIT": "221 bye"}[verb]

    def _say(self, digit: str, command: str) -> str:
        self.closed = digit == "c"
        return f"{CODES[digit]} {command}"

    def _mail(self, message: int) -> str:
        if self._open:
            return f"503 nested {message}"
        self._message = message
        self._taken = []
        self._open = self.plans[message].mail == "2"
        return self._say(self.plans[message].mail, f"mail {message}")

    def _recipient(self, message: int, place: int) -> str:
        if not self._open:
            return f"503 early rcpt {message}.{place}"
        digit = self.plans[message].recipients[place]
        if digit == "2":
            self._taken.append(place)
            self._message = message  # into an envelope that was kept open, perhaps
        return self._say(digit, f"rcpt {message}.{place}")

    def _data(self) -> str:
        if not self._open:
            return "503 early data"
        plan = self.plans[self._message]
        if not self._taken and plan.data != "3":
            return "554 no recipients"
        self._in_content = plan.data == "3"
        return self._say(plan.data, f"data {self._message}")

    def _end(self) -> str:
        self._open = False
        if not self._taken:
            return "554 nobody"
        return self._close()

    def _end_chunk(self) -> str:
        if not self._open:
            return "503 early bdat"
        if not self._taken:
            self._open = self.kept_open
            return "503 nobody"
        self._open = False
        return self._close()

    def _close(self) -> str:
        digit = self.plans[self._message].end
        if digit == "2":
            self.delivered.update((self._message, place) for place in self._taken)
            self._succeeded = True
        if self._fault and self._fault.kind == "flush":
            self._unread = b""  # what came along with the end of a message is never read
        return self._say(digit, f"end {self._message}")

    def _spoilt(self, reply: str) -> bytes:
        if not reply:
            return b""
        fault = self._fault
        if fault and not fault.done and self.replied == fault.at and fault.kind in ("extra", "503"):
            fault.done = True
            reply = f"{reply}\r\n250 extra" if fault.kind == "extra" else "503 confused"
        self.replied += 1
        return reply.encode() + b"\r\n"
