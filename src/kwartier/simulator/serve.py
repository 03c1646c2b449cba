"""The town on loopback: one port for all meters, a meter per address 127.x.y.z, told apart by the address a client connected to."""

import asyncio
import os
import resource
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import cast, final

from kwartier.simulator import identity
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.devices import Fleet
from kwartier.simulator.errors import BadTown
from kwartier.simulator.journal import Journal
from kwartier.wire.dlms.server.connection import Connection, Reply, Stage
from kwartier.wire.dlms.server.device import Device
from kwartier.wire.dlms.server.errors import BadFrame
from kwartier.wire.dlms.server.events import BufferRead

_BACKLOG = 4096
_SLOW_S = 0.5, 1.0
_INACTIVE_S = 300
"""Inactivity time-out of the TCP wrapper (DSMR P3 4.2.2)."""


@final
class Switchboard:
    """What all connections share: the meters, their journal, the town's clock, and who dropped a connection already."""

    def __init__(self, fleet: Fleet, journal: Journal, night: int) -> None:
        """Start the town's clock at `night` (epoch seconds)."""
        self.fleet = fleet
        self.journal = journal
        self.dropped: set[int] = set()
        self._behind = time.monotonic() - night

    def set_ahead(self, seconds: int) -> None:
        """Set the meters' clocks, and that of their journal, so far ahead of this machine's."""
        self._behind = time.monotonic() - (time.time() + seconds)
        self.journal.ahead = timedelta(seconds=seconds)

    def now(self) -> int:
        """Return epoch seconds as the meters have it."""
        return int(self.moment())

    def moment(self) -> float:
        """Return the same with its fraction."""
        return time.monotonic() - self._behind


@final
class Line(asyncio.Protocol):
    """One TCP connection to one meter."""

    def __init__(self, board: Switchboard) -> None:
        """Wait for the connection."""
        self._board = board
        self._transport: asyncio.Transport | None = None
        self._device: Device | None = None
        self._connection: Connection | None = None
        self._number = 0
        self._fault = Fault.SOUND
        self._hung_up = False
        self._last = 0.0
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find the meter behind the address; where there is none, nobody answers."""
        self._transport = cast("asyncio.Transport", transport)  # a stream server makes nothing else; uvloop's own are no subclass
        self._number = identity.number_of(transport.get_extra_info("sockname")[0])
        self._fault = self._board.fleet.fault(self._number)
        self._device = self._board.fleet.device(self._number)
        if self._device is None:
            self._transport.abort()
            return
        self._connection = Connection(self._device, os.urandom)
        self._last = time.monotonic()
        self._watch = asyncio.get_running_loop().call_later(_INACTIVE_S, self._check)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature; why it ended changes nothing
        """Forget the connection, but not that the client left without releasing its association."""
        if self._watch:
            self._watch.cancel()
        if self._connection and self._connection.stage is not Stage.IDLE and not self._hung_up:
            self._board.journal.note(self._number, "unreleased")
        if self._connection:
            self._connection.end(self._board.now())
        self._transport = self._connection = None

    def _check(self) -> None:
        """Close a connection on which nothing happened for long."""
        left = self._last + _INACTIVE_S - time.monotonic()
        if left <= 0 and self._transport:
            self._hung_up = True
            self._transport.abort()
        elif self._transport:
            self._watch = asyncio.get_running_loop().call_later(left, self._check)

    def data_received(self, data: bytes) -> None:
        """Answer, each meter in its own way."""
        self._last = time.monotonic()
        if self._connection is None or self._transport is None or self._fault is Fault.SILENT:
            return
        try:
            for reply in self._connection.receive(data, self._board.now()):
                self._send(reply)
        except BadFrame:
            self._board.journal.note(self._number, "bad_frame")
            self._transport.close()

    def _send(self, reply: Reply) -> None:
        """Write down what happened, then let the answer go."""
        assert self._device is not None  # noqa: S101 - there is a connection, so there is a meter
        self._board.journal.write(self._number, reply.events, self._device.counters)
        if self._fault is Fault.DROPS and self._number not in self._board.dropped and _has_rows(reply):
            self._drop(reply.data)
        elif self._fault is Fault.WRONG_TAG and _has_rows(reply):
            self._write(reply.data[:-1] + bytes((reply.data[-1] ^ 1,)))
        elif self._fault is Fault.SLOW:
            delay = Random(self._number).uniform(*_SLOW_S)
            asyncio.get_running_loop().call_later(delay, self._write, reply.data)
        else:
            self._write(reply.data)

    def _write(self, data: bytes) -> None:
        """Send, if somebody still listens."""
        if self._transport and data:
            self._transport.write(data)

    def _drop(self, data: bytes) -> None:
        """Send half of an answer and close."""
        self._hung_up = True
        self._board.dropped.add(self._number)
        self._board.journal.note(self._number, "dropped")
        self._write(data[: len(data) // 2])
        if self._transport:
            self._transport.close()


def _has_rows(reply: Reply) -> bool:
    """True if the reply carries rows of a profile."""
    return any(isinstance(event, BufferRead) for event in reply.events)


def claim(port: int, numbers: Iterable[int]) -> list[socket.socket]:
    """Bind the port (0: any free one) for all meters, without listening yet. Raises BadTown if that cannot be.

    One socket for the whole of 127.0.0.0/8 where the kernel lets us bind to the device `lo`, so that nothing is exposed;
    else a socket per meter.
    """
    try:
        return _claim_device(port) or _claim_each(port, numbers)
    except OSError as error:
        msg = "the port of the town is taken"
        raise BadTown(msg) from error


def _socket() -> socket.socket:
    """Return a TCP socket whose address may be used again at once."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return made


def _claim_device(port: int) -> list[socket.socket]:
    """Bind all addresses of the loopback device; empty if the kernel refuses."""
    made = _socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    except (OSError, AttributeError):
        made.close()
        return []
    made.bind(("0.0.0.0", port))  # noqa: S104 - the device is lo: nothing outside can reach it
    return [made]


def _claim_each(port: int, numbers: Iterable[int]) -> list[socket.socket]:
    """Bind the address of each meter."""
    _raise_file_limit()
    sockets: list[socket.socket] = []
    for number in numbers:
        made = _socket()
        sockets.append(made)
        made.bind((identity.host(number), port))
        port = port or made.getsockname()[1]
    return sockets


def _raise_file_limit() -> None:
    """Allow as many open files as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@asynccontextmanager
async def listening(sockets: list[socket.socket], board: Switchboard) -> AsyncIterator[None]:
    """Listen on all sockets as long as the context lasts."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(lambda: Line(board), sock=s, backlog=_BACKLOG) for s in sockets]
    try:
        yield
    finally:
        for server in servers:
            server.close()
