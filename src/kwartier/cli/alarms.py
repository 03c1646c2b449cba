"""A place where meters can send alarms, beside whatever else the command does."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, final

from kwartier.headend import listener
from kwartier.headend.listener import Arrival
from kwartier.workflows import grid_care
from kwartier.workflows.installation import Installation, system_clock

MALFORMED: Final = "malformed"
Failed = Callable[[Exception], None]


@final
class Post:
    """Takes alarms in a thread of its own. `fates` counts what became of them."""

    def __init__(self, house: Installation, bound: socket.socket, failed: Failed) -> None:
        """Serve `bound` once started; `failed` is told what could not be taken for a reason of our own."""
        self.fates: Counter[str] = Counter()
        self._house = house
        self._bound = bound
        self._failed = failed
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, after what came was dealt with."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with listener.listening(self._bound, self._take, malformed=self._malformed):
            await self._end.wait()

    async def _take(self, arrival: Arrival) -> None:
        try:
            fate = await asyncio.to_thread(grid_care.take, self._house, arrival, system_clock())
        except Exception as fault:  # noqa: BLE001 - one alarm that could not be kept must not end the post
            self._failed(fault)
        else:
            self.fates[str(fate)] += 1

    def _malformed(self) -> None:
        self.fates[MALFORMED] += 1


@contextmanager
def taking(house: Installation, bound: socket.socket, *, failed: Failed) -> Iterator[Post]:
    """Take alarms on a bound socket as long as the context lasts."""
    post = Post(house, bound, failed)
    post.start()
    try:
        yield post
    finally:
        post.stop()
