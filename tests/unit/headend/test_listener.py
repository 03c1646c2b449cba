"""The place where meters send alarms: whoever speaks to it, however much, however slowly, it goes on."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import cast

import pytest

from kwartier.headend import listener
from kwartier.headend.listener import Arrival
from kwartier.wire.dlms.client import notification
from kwartier.wire.dlms.errors import Malformed

NAME = b"E0088041629499420"
ALARM = NAME + b"," + bytes.fromhex("00002000")


@dataclass
class Desk:
    """What came to a listener, and where it listens."""

    port: int = 0
    arrivals: list[Arrival] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    waits: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, arrival: Arrival) -> None:
        """Take an alarm."""
        self.arrivals.append(arrival)

    def malformed(self) -> None:
        """Count what was none."""
        self.counts["malformed"] += 1


@asynccontextmanager
async def desk(take: Callable[[Arrival], Awaitable[None]] | None = None) -> AsyncIterator[Desk]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(500)
        here = Desk(bound.getsockname()[1])
        async with listener.listening(bound, take or here.take, malformed=here.malformed):
            yield here


async def tell(port: int, *pieces: bytes, pause_s: float = 0.0, host: str = "127.0.0.1") -> bytes:
    """Send these pieces, say that this is all, and return what comes until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        writer.write_eof()
        return await reader.read()
    except OSError:
        return b""
    finally:
        writer.close()


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the other side closes: to whoever goes on speaking then, that close is a reset."""
    with suppress(ConnectionResetError):
        return await reader.read()
    return b""


def run(go: Callable[[Desk], Awaitable[None]]) -> Desk:
    async def here() -> Desk:
        async with desk() as listening:
            await go(listening)
            return listening

    return asyncio.run(here())


def test_an_alarm_arrives_with_the_address_it_came_from_and_nothing_is_answered() -> None:
    async def go(here: Desk) -> None:
        assert await tell(here.port, ALARM, host="127.9.8.7") == b""

    (arrival,) = run(go).arrivals
    assert (arrival.alarm, arrival.host) == (notification.alarm(ALARM), "127.9.8.7")
    assert "127.9" not in repr(arrival)
    assert NAME.decode() not in repr(arrival)


def test_pieces_make_one_alarm() -> None:
    async def go(here: Desk) -> None:
        await tell(here.port, ALARM[:1], ALARM[1:18], ALARM[18:], pause_s=0.01)

    assert len(run(go).arrivals) == 1


@pytest.mark.parametrize(
    "said", [b"", b"\0", b"GET / HTTP/1.1\r\n\r\n", ALARM + b"\0", ALARM * 2, b"\x16\x03\x01" * 30, bytes(10_000_000)]
)
def test_anything_else_is_counted_and_the_next_alarm_is_taken(said: bytes) -> None:
    async def go(here: Desk) -> None:
        await tell(here.port, said)
        await tell(here.port, ALARM)

    here = run(go)
    assert here.counts["malformed"] == 1
    assert len(here.arrivals) == 1


def test_more_than_an_alarm_holds_is_not_waited_for() -> None:
    async def go(here: Desk) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(bytes(notification.LONGEST + 1))
        assert await until_closed(reader) == b"", "closed, though we could still say more"
        writer.close()

    assert run(go).counts["malformed"] == 1


def test_one_byte_after_the_other_is_not_waited_for_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "PATIENCE_S", 0.2)

    async def go(here: Desk) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        closed = asyncio.create_task(until_closed(reader))
        for byte in ALARM * 3:
            if closed.done():
                break
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.02)
        assert await closed == b""
        writer.close()

    here = run(go)
    assert (here.counts["malformed"], here.arrivals) == (1, [])


def test_a_reset_is_an_end_like_any_other() -> None:
    async def go(here: Desk) -> None:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", here.port)) as rude:
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                rude.sendall(ALARM[:5])
            await asyncio.sleep(0)
        await tell(here.port, ALARM)

    assert len(run(go).arrivals) == 1


def test_who_comes_when_all_places_are_taken_is_sent_away_and_may_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "MOST_AT_ONCE", 3)

    async def go(here: Desk) -> None:
        idle = [await asyncio.open_connection("127.0.0.1", here.port) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert await tell(here.port, ALARM) == b""
        assert here.arrivals == []
        for _, writer in idle:
            writer.close()
        await asyncio.sleep(0.05)
        await tell(here.port, ALARM)

    here = run(go)
    assert len(here.arrivals) == 1
    assert here.counts["malformed"] == 3


def test_who_had_begun_to_speak_when_it_ends_is_heard() -> None:
    async def go(here: Desk) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", here.port)
        writer.write(ALARM[:10])
        await asyncio.sleep(0.05)
        speaking.append(writer)
        asyncio.get_running_loop().call_later(0.1, writer.write, ALARM[10:])
        asyncio.get_running_loop().call_later(0.1, writer.close)

    speaking: list[asyncio.StreamWriter] = []
    assert len(run(go).arrivals) == 1


def test_many_at_once_are_each_taken() -> None:
    async def go(here: Desk) -> None:
        await asyncio.gather(*(tell(here.port, ALARM) for _ in range(150)))

    assert len(run(go).arrivals) == 150


def test_one_who_is_gone_before_we_know_the_address_is_no_alarm() -> None:
    async def go() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(ALARM)
        reader.feed_eof()
        taken: list[Arrival] = []

        async def take(arrival: Arrival) -> None:
            taken.append(arrival)

        gone = cast("asyncio.StreamWriter", asyncio.Transport({"peername": None}))
        with pytest.raises(Malformed):
            await listener._one(reader, gone, take)  # noqa: SLF001 - who is gone at the right moment cannot be had on purpose
        assert taken == []

    asyncio.run(go())
