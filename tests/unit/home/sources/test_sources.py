"""Lines that are real: a pseudo-terminal for the cable, a server on loopback for the dongle, a file for the recording."""

import asyncio
import contextlib
import gzip
import lzma
import os
import pty
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from home_support import House
from kwartier.home.errors import BadSettings, Loss, SourceLost
from kwartier.home.line import Line
from kwartier.home.settings import parse
from kwartier.home.sources.replay import ReplaySource
from kwartier.home.sources.serial import LINES, SerialSource
from kwartier.home.sources.source import Source, made
from kwartier.home.sources.tcp import TcpSource
from kwartier.home.sources.town import TownSource
from kwartier.wire.p1.telegram import Profile

AT = 1_781_000_100
TEXT = House(AT).telegram()


async def first(source: Source, count: int = 1) -> list[int]:
    """Read until so many telegrams were understood; return the moments they tell. Raises SourceLost."""
    line, found = Line(bytes(16)), []
    async with contextlib.aclosing(source.chunks()) as chunks:
        async for chunk in chunks:
            for heard in line.receive(chunk):
                found.append(heard.sample.at or 0)
                await source.took(heard.sample.at or 0)
            if len(found) >= count:
                break
    return found


async def why(source: Source) -> Loss:
    """Read until the line is lost; return why."""
    with pytest.raises(SourceLost) as lost:
        await first(source, 1000)
    return lost.value.why


@contextlib.asynccontextmanager
async def served(speak: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """Serve a line over TCP; give its port."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answering.append(asyncio.current_task())
        try:
            with contextlib.suppress(ConnectionError):
                await speak(writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    answering: list[asyncio.Task[None] | None] = []
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
        for task in filter(None, answering):
            task.cancel()
        await asyncio.gather(*filter(None, answering), return_exceptions=True)


def test_tcp_is_read_and_lost_when_it_closes_and_found_again() -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(TEXT)
        await writer.drain()

    async def run() -> None:
        async with served(speak) as port:
            source = TcpSource("127.0.0.1", port, silence_s=5)
            assert await first(source) == [AT]
            assert await why(source) is Loss.CLOSED
            assert await first(source) == [AT]

    asyncio.run(run())


def test_a_town_is_a_recording_that_ends_when_the_line_closes() -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(TEXT + House(AT).step(900).telegram())
        await writer.drain()

    async def run() -> None:
        async with served(speak) as port:
            source = made(parse(f'source = "town:127.0.0.1:{port}"'))
            assert source.is_recorded
            assert source.place == f"town:127.0.0.1:{port}"
            assert await first(source, 1000) == [AT, AT + 900]

    asyncio.run(run())


def test_a_town_that_is_not_there_or_says_nothing_is_lost() -> None:
    async def run() -> None:
        async with served(lambda _: asyncio.sleep(30)) as port:
            assert await why(TownSource("127.0.0.1", port, silence_s=0.05)) is Loss.SILENT
        assert await why(TownSource("127.0.0.1", port, silence_s=5)) is Loss.NO_CONNECTION

    asyncio.run(run())


def test_a_silent_dongle_is_lost() -> None:
    async def speak(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async def run() -> None:
        async with served(speak) as port:
            assert await why(TcpSource("127.0.0.1", port, silence_s=0.05)) is Loss.SILENT

    asyncio.run(run())


def test_a_dongle_that_is_not_there_is_lost() -> None:
    async def run() -> None:
        async with served(lambda _: asyncio.sleep(0)) as port:
            pass
        assert await why(TcpSource("127.0.0.1", port, silence_s=5)) is Loss.NO_CONNECTION

    asyncio.run(run())


@contextlib.contextmanager
def cable() -> Iterator[tuple[int, str]]:
    """Give the meter's end of a pseudo-terminal, and the device at the other."""
    meter, device = pty.openpty()
    tty.setraw(device)
    name = os.ttyname(device)
    os.close(device)
    try:
        yield meter, name
    finally:
        with contextlib.suppress(OSError):
            os.close(meter)


async def speaking(meter: int, text: bytes) -> None:
    """Say the same telegram again and again."""
    while True:
        os.write(meter, text)
        await asyncio.sleep(0.02)


def test_a_cable_is_read_and_its_line_is_remembered() -> None:
    async def run() -> None:
        with cable() as (meter, device):
            source = SerialSource(device, silence_s=5, try_s=5)
            assert source.line == ""
            talk = asyncio.create_task(speaking(meter, TEXT))
            assert await first(source, 2) == [AT, AT]
            assert source.line == "115200 8N1"
            talk.cancel()

    asyncio.run(run())


def test_what_is_not_understood_makes_the_other_line_be_tried() -> None:
    async def run() -> None:
        with cable() as (meter, device):
            source = SerialSource(device, silence_s=5, try_s=0.1)
            talk = asyncio.create_task(speaking(meter, b"\xf9\x13\x80"))
            tried = []
            for _ in range(3):
                tried.append(source._at)  # noqa: SLF001 - which line is tried next is nobody else's business
                assert await why(source) is Loss.NOT_UNDERSTOOD
            talk.cancel()
            assert tried == [0, 1, 0]
            talk = asyncio.create_task(speaking(meter, House(AT, profile=Profile.DSMR_2).telegram()))
            source = SerialSource(device, silence_s=5, try_s=5, first=LINES[1].name)
            assert len(await first(source)) == 1
            assert source.line == "9600 7E1"
            talk.cancel()

    asyncio.run(run())


def test_a_cable_that_is_pulled_out_is_lost_and_one_that_is_back_is_read(tmp_path: Path) -> None:
    link = tmp_path / "ttyUSB0"

    async def run() -> None:
        source = SerialSource(str(link), silence_s=5, try_s=5)
        assert await why(source) is Loss.NO_DEVICE
        for _ in range(2):
            with cable() as (meter, device):
                link.unlink(missing_ok=True)
                link.symlink_to(device)
                talk = asyncio.create_task(speaking(meter, TEXT))
                assert await first(source) == [AT]
                pulled = asyncio.create_task(why(source))
                await asyncio.sleep(0.1)
                talk.cancel()
                os.close(meter)
                assert await pulled is Loss.GONE

    asyncio.run(run())


def test_no_device_is_ever_an_address() -> None:
    with pytest.raises(BadSettings):
        made(parse("source = 'serial:socket://127.0.0.1:1'"))


@pytest.mark.parametrize(("name", "pack"), [("a.txt", bytes), ("a.txt.gz", gzip.compress), ("a.txt.xz", lzma.compress)])
def test_a_recording_is_read_to_its_end(name: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(pack(b"".join(House(AT).telegrams(50))))
    source = ReplaySource(str(path), speed=0)
    assert asyncio.run(first(source, 1000)) == list(range(AT, AT + 50))
    assert str(tmp_path) not in source.place


@pytest.mark.parametrize("content", [None, b"\x1f\x8b broken"])
def test_a_recording_that_cannot_be_read_is_told(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    if content:
        path.write_bytes(content)
    with pytest.raises(BadSettings, match="replay"):
        asyncio.run(first(ReplaySource(str(path), speed=0)))


def test_a_replay_keeps_its_pace(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"".join(House(AT).telegrams(31)))

    async def run() -> float:
        began = asyncio.get_running_loop().time()
        await first(ReplaySource(str(path), speed=100), 1000)
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(run()) >= 0.3


def test_the_settings_choose_the_source() -> None:
    assert isinstance(made(parse("source = 'tcp:127.0.0.1:1'")), TcpSource)
    assert isinstance(made(parse("source = 'serial:/dev/null'")), SerialSource)
    assert isinstance(made(parse("source = 'replay:x'")), ReplaySource)
