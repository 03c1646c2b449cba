"""A meter behind TCP: ser2net, or a dongle that hands the port's bytes on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Final, final

from kwartier.home.errors import Loss, SourceLost

CHUNK: Final = 4096
_CONNECT_S: Final = 10.0


@final
class TcpSource:
    """HOST:PORT; it says nothing to the other side."""

    is_recorded = False
    line = ""

    def __init__(self, host: str, port: int, *, silence_s: float) -> None:
        """Connect only when asked for chunks."""
        self._host, self._port, self._silence_s = host, port, silence_s
        self.place = f"tcp:{host}:{port}"

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what comes. Raises SourceLost when it cannot connect, at the end of the stream, and after too long a silence."""
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError as fault:  # TimeoutError is one
            raise SourceLost(Loss.NO_CONNECTION) from fault
        try:
            while chunk := await heard(reader, self._silence_s):
                yield chunk
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        raise SourceLost(Loss.CLOSED)

    async def took(self, at: int) -> None:
        """Need not know."""


async def heard(reader: asyncio.StreamReader, silence_s: float) -> bytes:
    """Return the next bytes; none at the end of the stream. Raises SourceLost."""
    try:
        async with asyncio.timeout(silence_s):
            return await reader.read(CHUNK)
    except TimeoutError as fault:
        raise SourceLost(Loss.SILENT) from fault
    except OSError as fault:
        raise SourceLost(Loss.GONE) from fault
