"""One TCP connection to one meter. A conversation is a frame out, an answer in, and so on until the protocol machine is satisfied.

The answers of one conversation are handled as they arrive, without waking anybody in between; that halves what a session costs.
No error of the network leaves this file as it was: its text holds an address. No name is ever looked up: a meter has an address.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from functools import partial
from typing import Final, Generic, TypeVar, cast, final

from kwartier.headend.errors import Crowded, Dropped, Silent, Unreachable
from kwartier.headend.values import Limits, MeterJob
from kwartier.wire.dlms.client.association import Send
from kwartier.wire.dlms.client.framing import Deframer
from kwartier.wire.dlms.errors import DlmsError, OutOfTurn

E = TypeVar("E")
Tap = Callable[[int, bytes], None]
Show = Callable[[bytes], None]
METER_PORT: Final = 1
_OUR_OWN_WANT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
"""No file, memory or port was left on this side: not the meter's fault, and over as soon as other meters are done."""
_CROWDED_S: Final = 0.25
"""How long to wait for some to be left."""


@final
class Connection(asyncio.Protocol, Generic[E]):
    """A connection on which we ask and the meter answers, one at a time. A meter that speaks unasked ends it."""

    __slots__ = (
        "_answer_s",
        "_deframer",
        "_due",
        "_ends_at",
        "_failure",
        "_loop",
        "_receive",
        "_show",
        "_timer",
        "_transport",
        "_waiter",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int, ends_at: float, show: Show | None) -> None:
        """Speak from wrapper port `port`. After `ends_at` (time of the loop) no answer is waited for. `show` sees each frame."""
        self._loop = loop
        self._deframer = Deframer(METER_PORT, port)
        self._ends_at = ends_at
        self._show = show
        self._transport: asyncio.Transport | None = None
        self._receive: Callable[[bytes], Send | E] | None = None
        self._waiter: asyncio.Future[E] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._answer_s = 0.0
        self._due = 0.0
        self._failure: Exception | None = None

    @property
    def ended(self) -> bool:
        """True if nothing can be sent any more."""
        return self._failure is not None

    def ready(self) -> None:
        """Raise if nothing should be asked any more: what ended the connection, or Silent when its time is over."""
        if self._failure is not None:
            raise self._failure
        if self._loop.time() >= self._ends_at:
            msg = "the time for this meter is over"
            raise Silent(msg)

    async def converse(self, frame: bytes, receive: Callable[[bytes], Send | E], answer_s: float) -> E:
        """Send a frame, give each answer to `receive`, and send what it wants sent; return its first other event.

        Each answer may take `answer_s`. Raises Silent, Dropped, PeerError for bytes that are no frame, and what `receive` raises.
        """
        self._receive = receive
        self._answer_s = answer_s
        self.send(frame)
        self._waiter = self._loop.create_future()
        self._watch()
        try:
            return await self._waiter
        finally:
            self._waiter = None

    def send(self, frame: bytes) -> None:
        """Send a frame, after it was shown. Raises what ended the connection, if it has ended."""
        if self._failure is not None:
            raise self._failure
        if self._show is not None:
            self._show(frame)
        cast("asyncio.Transport", self._transport).write(frame)
        self._due = min(self._loop.time() + self._answer_s, self._ends_at)

    def close(self) -> None:
        """Close after what was sent last."""
        self._fail(Dropped("we closed the connection"))
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio calls this)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes as they come (asyncio calls this). Whatever goes wrong here reaches who waits."""
        try:
            for apdu in self._deframer.receive(data):
                self._take(apdu)
        except DlmsError as error:
            self._fail(error)
            cast("asyncio.Transport", self._transport).abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is gone (asyncio calls this). Why it went is in `exc`, with the address: we do not repeat it."""
        del exc
        self._fail(Dropped("the connection ended"))

    def _take(self, apdu: bytes) -> None:
        """Hand one answer to the machine; send what follows or wake who waits. Raises OutOfTurn if nobody asked."""
        waiter = self._waiter
        if waiter is None or waiter.done() or self._receive is None:
            msg = "the meter spoke unasked"
            raise OutOfTurn(msg)
        try:
            event = self._receive(apdu)
            if isinstance(event, Send):
                self.send(event.frame)
            else:
                waiter.set_result(event)
        except Exception as error:  # noqa: BLE001 - the machine's refusal, or the tap's: who waits decides
            waiter.set_exception(error)

    def _watch(self) -> None:
        """See to it that a timer fires when the answer is due, or before. One timer serves many answers: it looks again."""
        if self._timer is not None and self._timer.when() > self._due:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() >= self._due:
            self._waiter.set_exception(Silent("no answer in time"))
        else:
            self._watch()

    def _fail(self, failure: Exception) -> None:
        """Remember why the connection ended (the first reason counts) and tell who waits."""
        if self._failure is None:
            self._failure = failure
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._failure)


async def connect(limits: Limits, job: MeterJob, client_port: int, tap: Tap | None) -> Connection[E]:
    """Connect to a meter as the client of this wrapper port. Raises Unreachable, or Crowded if nothing was left on this side."""
    loop = asyncio.get_running_loop()
    show = None if tap is None else partial(tap, job.meter)
    gives_up_at = loop.time() + limits.session_s
    while True:
        connection: Connection[E] = Connection(loop, client_port, loop.time() + limits.session_s, show)
        try:
            await _reach(loop, connection, job, limits.connect_s)
        except Crowded:
            if loop.time() >= gives_up_at:
                raise
            await asyncio.sleep(_CROWDED_S)
        else:
            return connection


async def _reach(loop: asyncio.AbstractEventLoop, connection: Connection[E], job: MeterJob, connect_s: float) -> None:
    """Make the TCP connection. Raises Unreachable, Crowded."""
    try:
        async with asyncio.timeout(connect_s):
            await loop.create_connection(lambda: connection, job.host, job.port, family=_family(job.host))
    except (OSError, OverflowError, ValueError) as error:  # TimeoutError is an OSError; the others: an address or port that is none
        if isinstance(error, OSError) and error.errno in _OUR_OWN_WANT:
            msg = "no file or port was left on this side"
            raise Crowded(msg) from None
        msg = "no connection came about"
        raise Unreachable(msg) from None


def _family(host: str) -> socket.AddressFamily:
    """Return the family of an address. Raises OSError or ValueError for anything else, a name too: nobody is asked about it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socket.inet_pton(family, host)
    return family
