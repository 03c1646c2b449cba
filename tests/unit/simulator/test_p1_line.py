"""The P1 ports over TCP: who speaks, when, to how many, and to somebody who does not read."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import date

import pytest

from kwartier.model.period import epoch_s
from kwartier.simulator import identity, p1_line, serve
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.devices import Fleet
from kwartier.simulator.p1_line import Lines, Pace, moments
from kwartier.simulator.town import Town
from kwartier.wire.p1 import decode
from kwartier.wire.p1.framing import Framer, Plain

TOWN = Town(4, 300, date(2026, 11, 22))
MIDNIGHT, NEXT = (int(at) for at in TOWN.axis.midnights[-3:-1])
NIGHT = TOWN.axis.start_of_night()


def number_with(fault: Fault) -> int:
    return next(home.number for home in TOWN.homes if home.fault is fault)


def lived(pace: Pace, listen: Callable[[int], Awaitable[None]], clock: Callable[[], float] = lambda: NIGHT) -> None:
    """Let the ports of the town speak, and somebody listen at the port with this number."""

    async def run() -> None:
        sockets = serve.claim(0, [home.number for home in TOWN.homes if home.has_meter])
        async with p1_line.listening(sockets, Lines(TOWN, Fleet(TOWN, {}).state, clock, pace)):
            await listen(sockets[0].getsockname()[1])

    asyncio.run(run())


async def heard(number: int, port: int) -> list[int]:
    """Listen until the line closes; return the moments of its telegrams."""
    reader, writer = await asyncio.open_connection(identity.host(number), port)
    try:
        framer, found = Framer(), []
        while chunk := await reader.read(65536):
            for one in framer.receive(chunk):
                assert isinstance(one, Plain)
                at = decode.decode(one.data).at
                assert at is not None
                found.append(epoch_s(at))
        return found
    finally:
        writer.close()


async def is_turned_away(number: int, port: int) -> bool:
    """Connect; tell whether nothing is said before the line closes."""
    try:
        return await heard(number, port) == []
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "fault", [Fault.SOUND, Fault.ADMINISTRATIVELY_OFF, Fault.REFUSED_WITH_METER, Fault.SILENT, Fault.WRONG_KEY, Fault.DROPS]
)
def test_whatever_the_operator_may_or_gets_the_port_speaks_and_ends_as_told(fault: Fault) -> None:
    async def listen(port: int) -> None:
        assert await heard(number_with(fault), port) == list(range(MIDNIGHT, MIDNIGHT + 3601, 60))

    lived(Pace(MIDNIGHT, MIDNIGHT + 3600, 60), listen)


def test_where_there_is_no_home_with_a_meter_nobody_speaks() -> None:
    async def listen(port: int) -> None:
        for number in (identity.station_number(0), identity.home_number(len(TOWN.homes)), number_with(Fault.REFUSED_NO_METER), 1):
            assert await is_turned_away(number, port)

    lived(Pace(MIDNIGHT, MIDNIGHT, 60), listen)


def test_somebody_who_does_not_read_gets_no_further_than_the_network_holds() -> None:
    asked: list[int] = []

    async def listen(port: int) -> None:
        with socket.create_connection((identity.host(TOWN.homes[0].number), port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            last = -1
            while len(asked) != last:
                last = len(asked)
                await asyncio.sleep(0.3)

    pace = Pace(MIDNIGHT, NEXT, 1)

    def clock() -> float:
        asked.append(1)
        return NIGHT

    lived(pace, listen, clock)
    assert 10 < len(asked) < 2 * 20_000, "of 86,401 telegrams"


def told(pace: Pace, clock: list[float], count: int) -> list[int]:
    """Return the first moments at a clock that shows these times, one each time it is looked at."""

    async def run() -> list[int]:
        found: list[int] = []
        async for at in moments(pace, lambda: clock.pop(0) if len(clock) > 1 else clock[0]):
            found.append(at)
            if len(found) == count:
                break
        return found

    return asyncio.run(run())


def test_live_it_speaks_each_second_from_the_clock_on() -> None:
    assert told(Pace(), [100.5, 100.5, 100.6, 101.0, 101.2, 102.0, 102.1], 3) == [100, 101, 102]


def test_a_live_listener_that_was_slow_goes_on_with_what_is_now() -> None:
    assert told(Pace(), [100.0, 100.0, 150.0], 2) == [100, 150]


def test_the_past_is_told_in_its_steps_and_then_second_by_second() -> None:
    found = told(Pace(1000, None, 10), [1025.0], 8)
    assert found == [1000, 1010, 1020, 1021, 1022, 1023, 1024, 1025]


def test_the_last_moment_is_told_too() -> None:
    assert told(Pace(1000, 1020, 10), [2000.0], 9) == [1000, 1010, 1020]


def test_too_many_listeners_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(p1_line, "MOST_LISTENERS", 1)

    async def listen(port: int) -> None:
        number = TOWN.homes[0].number
        reader, writer = await asyncio.open_connection(identity.host(number), port)
        assert await reader.read(1)
        assert await is_turned_away(number, port)
        writer.close()

    lived(Pace(), listen)
