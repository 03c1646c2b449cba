"""One TCP connection to one meter: a frame out, an APDU in. No error of the network leaves as it was: its text holds an address."""

import asyncio
from typing import Final, cast, final

from kwartier.headend.errors import Dropped, Silent, Unreachable
from kwartier.wire.dlms.client.framing import Deframer
from kwartier.wire.dlms.errors import DlmsError, OutOfTurn

METER_PORT: Final = 1


@final
class Connection(asyncio.Protocol):
    """A connection on which we ask and the meter answers, one at a time. It speaks unasked at its peril: that ends it."""

    __slots__ = ("_answer", "_deframer", "_failure", "_loop", "_timer", "_transport", "ends_at")

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int, ends_at: float) -> None:
        """Speak from wrapper port `port`; at `ends_at` (time of the loop) the session ends whatever happens."""
        self._loop = loop
        self._deframer = Deframer(METER_PORT, port)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failure: Exception | None = None
        self.ends_at = ends_at

    @property
    def ended(self) -> bool:
        """True if nothing can be sent any more."""
        return self._failure is not None

    async def exchange(self, frame: bytes, answer_s: float) -> bytes:
        """Send a frame and return the APDU that answers it. Raises Silent, Dropped, and PeerError for bytes that are no frame."""
        self.send(frame)
        wait_s = min(answer_s, self.ends_at - self._loop.time())
        self._answer = self._loop.create_future()
        self._timer = self._loop.call_later(max(wait_s, 0), self._expire)
        try:
            return await self._answer
        finally:
            self._timer.cancel()
            self._answer = None

    def send(self, frame: bytes) -> None:
        """Send a frame. Raises what ended the connection, if it has ended."""
        if self._failure is not None:
            raise self._failure
        cast("asyncio.Transport", self._transport).write(frame)

    def close(self) -> None:
        """Close after what was sent last."""
        self._end(Dropped("we closed the connection"))
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio calls this)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes as they come (asyncio calls this)."""
        try:
            apdus = self._deframer.receive(data)
            if (apdus and (self._answer is None or self._answer.done())) or len(apdus) > 1:
                msg = "the meter spoke unasked"
                raise OutOfTurn(msg)
        except DlmsError as error:
            self._end(error)
            cast("asyncio.Transport", self._transport).abort()
            return
        if apdus and self._answer is not None:
            self._answer.set_result(apdus[0])

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone (asyncio calls this). What it was says nothing that we would repeat."""
        del exc
        self._end(Dropped("the connection ended"))

    def _expire(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Silent("no answer in time"))

    def _end(self, failure: Exception) -> None:
        """Remember why the connection ended (the first reason counts) and tell who waits."""
        if self._failure is None:
            self._failure = failure
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(self._failure)


async def connect(host: str, port: int, client_port: int, *, connect_s: float, ends_at: float) -> Connection:
    """Connect to a meter as the client of this wrapper port. Raises Unreachable."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(connect_s):
            _, connection = await loop.create_connection(lambda: Connection(loop, client_port, ends_at), host, port)
    except (OSError, OverflowError, ValueError):  # TimeoutError is an OSError; the others: an address or port that is none
        msg = "no connection came about"
        raise Unreachable(msg) from None
    return connection
