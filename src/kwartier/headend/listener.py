"""Where meters send alarms: a TCP port that takes one short message per connection, bounded in size, time and number."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, cast, final

from kwartier.wire.dlms.client import notification
from kwartier.wire.dlms.client.notification import Alarm
from kwartier.wire.dlms.errors import Malformed

MOST_AT_ONCE: Final = 200
"""Connections served at once. One more is closed unheard: a meter sends its alarm again until somebody takes it."""
PATIENCE_S: Final = 5.0


@final
@dataclass(frozen=True, slots=True)
class Arrival:
    """An alarm, and the address it came from: personal data, held against the registry's and forgotten. `repr` shows neither."""

    alarm: Alarm
    host: str

    def __repr__(self) -> str:
        """Show what happened, not where."""
        return f"Arrival({self.alarm!r})"


Take = Callable[[Arrival], Awaitable[None]]


@asynccontextmanager
async def listening(bound: socket.socket, take: Take, *, malformed: Callable[[], None] = lambda: None) -> AsyncIterator[None]:
    """Serve a bound socket as long as the context lasts. `take` is told each alarm, `malformed` that there was none in time.

    A failure of one connection ends that connection and nothing else, but for what `take` raises beyond errors of its meter.
    """
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(served) >= MOST_AT_ONCE:
            writer.transport.abort()
            return
        mine = cast("asyncio.Task[None]", asyncio.current_task())
        served.add(mine)
        try:
            await _one(reader, writer, take)
        except (Malformed, OSError):  # OSError: the network, or too slow
            malformed()
        finally:
            served.discard(mine)
            writer.close()

    server = await asyncio.start_server(serve, sock=bound, limit=notification.LONGEST)
    try:
        yield
    finally:
        server.close()
        if served:
            await asyncio.wait(served)  # who had begun to speak is heard; nobody is waited for longer than PATIENCE_S
        await server.wait_closed()


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take) -> None:
    """Read until the meter closes, or said more than an alarm holds. Raises Malformed, OSError."""
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        while len(data) <= notification.LONGEST and (more := await reader.read(notification.LONGEST + 1)):
            data += more
    there = writer.get_extra_info("peername")
    if there is None:
        msg = "who sent it was gone before it could be asked for its address"
        raise Malformed(msg)
    await take(Arrival(notification.alarm(data), there[0]))
