"""Where meters send alarms: a TCP port that takes one short message per connection, bounded in size, time and number."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, final

from kwartier.wire.dlms.client import notification
from kwartier.wire.dlms.client.notification import Alarm
from kwartier.wire.dlms.errors import Malformed

MOST_AT_ONCE: Final = 200
"""Connections served at once; more wait in the kernel's queue, and then the meter tries again."""
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
    """Serve a bound socket as long as the context lasts. `take` is told each alarm, `malformed` that something else came.

    A failure of one connection ends that connection and nothing else, but for what `take` raises beyond errors of its meter.
    """
    room = asyncio.Semaphore(MOST_AT_ONCE)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with room:
            try:
                await _one(reader, writer, take)
            except Malformed:
                malformed()
            except (OSError, TimeoutError):
                malformed()
            finally:
                writer.close()

    server = await asyncio.start_server(serve, sock=bound, limit=notification.LONGEST)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take) -> None:
    """Read until the meter closes, or said more than an alarm holds. Raises Malformed, OSError."""
    data = b""
    async with asyncio.timeout(PATIENCE_S):
        while len(data) <= notification.LONGEST and (more := await reader.read(notification.LONGEST + 1)):
            data += more
    host = writer.get_extra_info("peername")[0]
    await take(Arrival(notification.alarm(data), host))
