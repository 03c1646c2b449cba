"""The P1 ports of the homes over TCP: one port for all, a home per address 127.x.y.z, as on the meters' own port.

A port is the customer's own: it speaks whatever the operator may ask, also where the meter is administratively off or was refused.
It begins at the town's clock and says a telegram each second. With a `first` moment a listener lives through what lies before the
clock as fast as it reads, a telegram each `every_s` seconds of the town; with an `until` the line closes after that moment.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from kwartier.simulator import identity
from kwartier.simulator.state import State
from kwartier.simulator.telegrams import Port
from kwartier.simulator.town import Home, Town
from kwartier.wire.p1 import write

MOST_LISTENERS = 200
"""More are turned away."""
_BACKLOG = 128
_LIVE_S = 5
"""A live listener that reads slower than this behind the clock misses telegrams, as on a real port."""
_HEARD_MOST = 1024
"""Nobody has anything to say to a P1 port; more than this is left in the network."""


@final
@dataclass(frozen=True, slots=True)
class Pace:
    """Epoch seconds of the first telegram and the last; None: the town's clock, and never."""

    first: int | None = None
    until: int | None = None
    every_s: int = 10


@final
class Lines:
    """What all listeners share."""

    def __init__(self, town: Town, state: Callable[[int], State], clock: Callable[[], float], pace: Pace) -> None:
        """`state` gives the state of the meter with a number, `clock` epoch seconds as the town has them."""
        self._town, self._state, self._clock, self._pace = town, state, clock, pace
        self._port = lru_cache(maxsize=MOST_LISTENERS)(self._made)
        self._speaking: set[asyncio.Task[None]] = set()

    def _made(self, number: int) -> Port:
        return Port(self._town, number, self._state(number))

    async def speak(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one listener until it leaves or the pace ends."""
        try:
            await self._spoken(writer)
        finally:
            writer.close()  # what was written still goes out; before Python 3.11.5 nobody else closes it after a fault

    async def _spoken(self, writer: asyncio.StreamWriter) -> None:
        number = identity.number_of(writer.get_extra_info("sockname")[0])
        if not isinstance(self._town.at(number), Home) or len(self._speaking) >= MOST_LISTENERS:
            writer.transport.abort()
            return
        telling = asyncio.create_task(self._tell(self._port(number), writer))
        self._speaking.add(telling)
        await asyncio.wait([telling])
        self._speaking.remove(telling)

    async def hang_up(self) -> None:
        """End all that is being told."""
        for telling in self._speaking:
            telling.cancel()
        await asyncio.gather(*self._speaking, return_exceptions=True)

    async def _tell(self, port: Port, writer: asyncio.StreamWriter) -> None:
        """Write telegram after telegram, never more than the listener takes, until it leaves."""
        with suppress(ConnectionError):
            async for moment in moments(self._pace, self._clock):
                writer.write(write.encode(port.telegram(moment)))
                await writer.drain()


async def moments(pace: Pace, clock: Callable[[], float]) -> AsyncIterator[int]:
    """Yield the seconds to be told, each when its time has come; of the past at once, but the meters have their turn in between."""
    at = int(clock()) if pace.first is None else pace.first
    is_past = pace.first is not None
    while pace.until is None or at <= pace.until:
        await asyncio.sleep(max(at - clock(), 0))
        yield at
        now = int(clock())
        is_past = is_past and at + pace.every_s <= now
        if is_past:
            at += pace.every_s
        else:
            at = at + 1 if now - at <= max(_LIVE_S, pace.every_s) else now


@asynccontextmanager
async def listening(sockets: list[socket.socket], lines: Lines) -> AsyncIterator[None]:
    """Listen on all sockets as long as the context lasts."""
    servers = [await asyncio.start_server(lines.speak, sock=s, limit=_HEARD_MOST, backlog=_BACKLOG) for s in sockets]
    try:
        yield
    finally:
        for server in servers:
            server.close()
        await lines.hang_up()
