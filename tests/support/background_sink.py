"""Our own sink in a thread of the test: what arrived, and how many sessions were open at once.

    with BackgroundSink(delay=0.01) as sink: ... sink.port ... sink.recipients() ... sink.tally.most_open

Offers PIPELINING, unlike support/receiver.py. `defer` and `reject` are percentages of the addresses, always
the same ones; `behaviour` says all of it.
"""

import asyncio
import threading
from types import TracebackType
from typing import Self

from fastsmtp.sink.behaviour import Behaviour, Envelope, Tally
from fastsmtp.sink.receiver import Sink


class BackgroundSink:
    def __init__(
        self,
        *,
        delay: float = 0.0,
        defer: float = 0.0,
        reject: float = 0.0,
        behaviour: Behaviour | None = None,
    ) -> None:
        self._sink = Sink(behaviour or Behaviour(delay=delay, defer=defer, reject=reject), self._take)
        self._taken: list[str] = []
        self.contents: list[bytes] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink")

    @property
    def port(self) -> int:
        return self._sink.port

    @property
    def tally(self) -> Tally:
        return self._sink.tally

    def recipients(self) -> list[str]:
        return list(self._taken)

    def __len__(self) -> int:
        return len(self._taken)

    def _take(self, envelope: Envelope, content: bytes) -> None:
        self._taken += envelope.recipients
        self.contents.append(content)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._sink.start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._sink.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
