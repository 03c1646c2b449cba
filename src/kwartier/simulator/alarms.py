"""Alarms that meters push: each from its own address, until somebody listens, and no longer than two minutes.

A meter pushes when its alarm register gets a bit that its filter passes; those that have one when the town starts push then.
"""

import asyncio
from collections.abc import Iterable
from itertools import count
from typing import final

from kwartier.simulator import identity, smr5
from kwartier.simulator.errors import BadTown
from kwartier.wire.dlms.server import push

_AT_ONCE = 8
_EVERY_S = 2.0
_TRIES = 60
_HIGHEST_PORT = 0xFFFF
_INVOKES = 1 << 24
"""The long invoke id has 24 bits for its number."""


def read_address(text: str) -> tuple[str, int]:
    """Read HOST:PORT of whoever listens to alarms. Raises BadTown."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= _HIGHEST_PORT:
        msg = "alarms go to HOST:PORT"
        raise BadTown(msg)
    return host, int(port)


@final
class Pusher:
    """Sends the alarms of a town. Nothing is sent without a listener's address, and nothing after `close`."""

    def __init__(self, address: tuple[str, int] | None, every_s: float = _EVERY_S) -> None:
        """Send to this address; try again every so many seconds."""
        self._address = address
        self._every_s = every_s
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._invokes = count(1)

    def push_all(self, alarmed: Iterable[tuple[int, int]]) -> None:
        """Push the alarms of meters by number and register."""
        for number, register in alarmed:
            self.push(number, register)

    def push(self, number: int, register: int) -> None:
        """Push what a meter's alarm register holds, if its filter lets any of it pass."""
        if self._address is None or not register & smr5.PASSED:
            return
        name = identity.equipment_id(number).encode("ascii")
        message = push.alarm(next(self._invokes) % _INVOKES, name, register)
        task = asyncio.get_running_loop().create_task(self._insist(self._address, number, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until every alarm was taken, or given up."""
        await asyncio.gather(*self._tasks)

    async def _insist(self, address: tuple[str, int], number: int, message: bytes) -> None:
        """Try until the listener took the message."""
        for _ in range(_TRIES):
            async with self._room:
                if await _sent(address, identity.host(number), message, self._every_s):
                    return
            await asyncio.sleep(self._every_s)

    async def close(self) -> None:
        """Stop trying."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _sent(address: tuple[str, int], own: str, message: bytes, patience_s: float) -> bool:
    """Send one message from a meter's own address; return whether somebody took it."""
    try:
        async with asyncio.timeout(patience_s):
            _, writer = await asyncio.open_connection(*address, local_addr=(own, 0))
            try:
                writer.write(message)
                await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return True
