"""A meter on a serial port: a USB cable, or a pseudo-terminal. 9600 7E1 (DSMR 2.2 and 3) or 115200 8N1, found by trying."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, final

import serialx

from kwartier.home.errors import Loss, SourceLost
from kwartier.home.sources.tcp import heard

TRY_S: Final = 25.0
"""Old meters speak every ten seconds; two whole telegrams must have come by then."""


@final
@dataclass(frozen=True, slots=True)
class Line:
    """The settings of a serial line; the name is what is remembered of it."""

    name: str
    baud: int
    bits: int
    parity: serialx.Parity


LINES: Final = (Line("115200 8N1", 115_200, 8, serialx.Parity.NONE), Line("9600 7E1", 9600, 7, serialx.Parity.EVEN))


@final
class SerialSource:
    """A device under /dev. It is opened with one line after the other until telegrams are understood; that one stays."""

    is_recorded = False

    def __init__(self, device: str, *, silence_s: float, first: str | None = None, try_s: float = TRY_S) -> None:
        """Open only when asked for chunks; `first` is the name of the line that worked last."""
        self._device, self._silence_s, self._try_s = device, silence_s, try_s
        self._at = next((i for i, line in enumerate(LINES) if line.name == first), 0)
        self._is_understood, self._is_silent = False, True
        self.place = f"serial:{device}"

    @property
    def line(self) -> str:
        """The name of the line that telegrams were understood on; empty before any was."""
        return LINES[self._at].name if self._is_understood else ""

    async def took(self, at: int) -> None:  # noqa: ARG002 - see Source
        """Stay with this line."""
        self._is_understood = True

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield what comes. Raises SourceLost: gone, silent, or nothing understood, and then the next time tries the other line."""
        line = LINES[self._at]
        self._is_understood, self._is_silent = False, True
        try:
            reader, writer = await serialx.open_serial_connection(
                self._device, line.baud, parity=line.parity, byte_size=line.bits, exclusive=True
            )
        except (OSError, ValueError) as fault:  # serialx raises subclasses of OSError; ValueError for settings a device refuses
            raise SourceLost(Loss.NO_DEVICE) from fault
        until = asyncio.get_running_loop().time() + self._try_s
        try:
            while True:
                chunk = await self._heard(reader, until - asyncio.get_running_loop().time())
                if not chunk:
                    raise SourceLost(Loss.GONE)
                self._is_silent = False
                yield chunk
        finally:
            if not self._is_understood:
                self._at = (self._at + 1) % len(LINES)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _heard(self, reader: asyncio.StreamReader, left_s: float) -> bytes:
        """Return the next bytes. Until a telegram was understood there are only `left_s` seconds to do so. Raises SourceLost."""
        if self._is_understood:
            return await heard(reader, self._silence_s)
        try:
            return await heard(reader, max(left_s, 0.0))
        except SourceLost as lost:
            if lost.why is Loss.SILENT and not self._is_silent:
                raise SourceLost(Loss.NOT_UNDERSTOOD) from lost
            raise
