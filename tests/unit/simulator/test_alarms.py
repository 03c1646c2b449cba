"""Alarms that meters push: from their own address, until somebody listens, once for each bit that rises."""

import asyncio
import json
import os
import socket
import subprocess
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care_support import CARE, NIGHT, TOWN, Visit, first, healthy
from kwartier.simulator import alarms, causes, identity, orders, smr5
from kwartier.simulator.alarms import Pusher
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.care import Ailment
from kwartier.simulator.devices import Fleet
from kwartier.simulator.errors import BadTown
from kwartier.simulator.logs import Log
from kwartier.simulator.orders import Order
from kwartier.wire.dlms.server import push
from town_support import command

Messages = asyncio.Queue[tuple[str, bytes]]


@asynccontextmanager
async def listener(taken: Messages, port: int = 0) -> AsyncIterator[int]:
    """Take messages as they come, with the address each came from."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.put_nowait((writer.get_extra_info("peername")[0], await reader.read()))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_each_meter_pushes_from_its_own_address_once() -> None:
    alarmed = list(Fleet(TOWN, {}).alarmed())

    async def street() -> list[tuple[str, bytes]]:
        taken = Messages()
        async with asyncio.timeout(20), listener(taken) as port:
            pusher = Pusher(("127.0.0.1", port))
            pusher.push_all(alarmed)
            await pusher.settled()
            return [await taken.get() for _ in alarmed]

    taken = asyncio.run(street())
    told = dict(taken)
    assert len(told) == len(taken) == len(alarmed) > 4
    number = first(Ailment.METER_COVER).number
    assert told[identity.host(number)][9 + 5 :] == push.alarm(1, identity.equipment_id(number).encode(), 0x2000)[9 + 5 :]
    assert {identity.host(n) for n, _ in alarmed} == told.keys()
    assert len({data[9:13] for data in told.values()}) == len(taken), "an invoke id each"


def test_those_with_an_alarm_are_those_with_a_bit_that_is_set() -> None:
    bits = {Ailment.BATTERY_LOW, Ailment.MEMORY_ERROR, Ailment.PHASE_LOST, Ailment.TERMINAL_COVER, Ailment.METER_COVER}
    expected = [h for ailment in (*bits, Ailment.FAILED_LOGINS) for h in CARE.homes(ailment)]
    assert [n for n, _ in Fleet(TOWN, {}).alarmed()] == sorted(map(identity.home_number, expected))


def test_a_meter_tries_again_until_somebody_listens() -> None:
    port = free_port()

    async def late() -> bool:
        taken = Messages()
        pusher = Pusher(("127.0.0.1", port), every_s=0.02)
        pusher.push(healthy().number, 0x2000)
        await asyncio.sleep(0.1)
        async with asyncio.timeout(20), listener(taken, port):
            await pusher.settled()
            assert (await taken.get())[0] == identity.host(healthy().number)
            return taken.empty()

    assert asyncio.run(late())


def test_nobody_tries_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "_TRIES", 3)

    async def in_vain() -> None:
        pusher = Pusher(("127.0.0.1", free_port()), every_s=0.001)
        pusher.push(healthy().number, 0x2000)
        async with asyncio.timeout(20):
            await pusher.settled()

    asyncio.run(in_vain())


def test_what_the_filter_stops_is_not_pushed_nor_anything_without_a_listener() -> None:
    async def quiet() -> list[tuple[str, bytes]]:
        taken = Messages()
        async with asyncio.timeout(20), listener(taken) as port:
            pusher = Pusher(("127.0.0.1", port))
            pusher.push(healthy().number, 1 << smr5.Alarm.POWER_UP)
            Pusher(None).push(healthy().number, 0x2000)
            pusher.push(healthy().number, 0x2000 | 1 << smr5.Alarm.POWER_UP)
            await pusher.settled()
            return [await taken.get(), *(taken.get_nowait() for _ in range(taken.qsize()))]

    assert [message[-4:].hex() for _, message in asyncio.run(quiet())] == ["00002004"]


# What happens to a meter


def test_an_order_sets_the_bit_and_stands_in_the_log() -> None:
    fleet, number = Fleet(TOWN, {}), healthy().number
    before = Visit(fleet, number).log("0-0:99.98.1")
    assert fleet.raise_alarm(number, 13, NIGHT) == 0x2000
    assert fleet.raise_alarm(number, 13, NIGHT + 1) is None, "it is set already"
    assert fleet.raise_alarm(number, 1, NIGHT + 2) == 0x2002
    asked = Visit(fleet, number)
    assert asked.value(1, "0-0:97.98.0").hex() == "0600002002"
    assert asked.log("0-0:99.98.1") == [*before, 40, 40]
    assert asked.log("0-0:99.98.0")[-1] == 7
    assert asked.put(1, "0-0:97.98.0", 2, "0600000000") == 0
    assert fleet.raise_alarm(number, 13, NIGHT + 3) == 0x2000, "cleared, and here again"


def test_a_phase_that_is_lost_shows_in_its_voltage() -> None:
    fleet, number = Fleet(TOWN, {}), first(Ailment.PHASE_LOST).number
    other = 1 if CARE.phase[first(Ailment.PHASE_LOST).index] != 1 else 2
    obis = f"1-0:{(32, 52, 72)[other - 1]}.7.0"
    assert int.from_bytes(Visit(fleet, number).value(3, obis)[1:], "big") > 2000
    fleet.raise_alarm(number, 27 + other, NIGHT)
    assert int.from_bytes(Visit(fleet, number).value(3, obis)[1:], "big") <= 40


def test_where_there_is_no_meter_nothing_happens() -> None:
    nobody = next(home for home in TOWN.homes if home.fault is Fault.REFUSED_NO_METER)
    assert Fleet(TOWN, {}).raise_alarm(nobody.number, 13, NIGHT) is None
    assert Fleet(TOWN, {}).raise_alarm(identity.home_number(99_999), 13, NIGHT) is None


@pytest.mark.parametrize(
    ("bit", "log", "code"),
    [
        (0, Log.STANDARD, 6),
        (1, Log.STANDARD, 7),
        (8, Log.STANDARD, 12),
        (12, Log.STANDARD, 15),
        (13, Log.FRAUD, 40),
        (16, Log.MBUS, 100),
        (21, Log.MBUS, 113),
        (27, Log.MBUS, 135),
        (28, Log.QUALITY, 86),
        (30, Log.QUALITY, 88),
        (3, None, 0),
        (31, None, 0),
    ],
)
def test_each_bit_has_its_event(bit: int, log: Log | None, code: int) -> None:
    assert causes.cause(bit) == (log, code)


# Orders and addresses


@pytest.mark.parametrize("line", ["alarm 17 13", "  alarm 17  13 \r"])
def test_an_order(line: str) -> None:
    assert orders.read_order(line) == Order(17, 13)


@pytest.mark.parametrize(
    "line", ["", "alarm", "alarm 17", "alarm 17 32", "alarm -1 3", "alarm 1 13 5", "alarm \u0661 2", "alert 1 2"]
)
def test_no_order(line: str) -> None:
    assert orders.read_order(line) is None


@given(st.text(max_size=40))
def test_any_line_is_an_order_or_none(line: str) -> None:
    assert orders.read_order(line) is None or line.split(maxsplit=1)[0] == "alarm"


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_input_in_any_pieces_gives_lines(data: bytes, size: int) -> None:
    read, write = os.pipe()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]

    def say() -> None:
        for piece in pieces:
            os.write(write, piece)
        os.close(write)

    thread = threading.Thread(target=say)
    thread.start()
    found: list[str] = []
    ended: list[int] = []
    orders.watch(read, found.append, lambda: ended.append(1))
    thread.join()
    os.close(read)
    assert len(found) == data.count(b"\n")
    assert ended == [1]
    assert all(len(line) <= 81 for line in found)


@pytest.mark.parametrize("text", ["", "7000", ":7000", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x"])
def test_no_address(text: str) -> None:
    with pytest.raises(BadTown):
        alarms.read_address(text)
    assert alarms.read_address("127.0.0.1:7000") == ("127.0.0.1", 7000)


def test_a_town_in_its_own_process_obeys_pushes_and_remembers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        options = command(tmp_path, "--alarms", f"127.0.0.1:{server.getsockname()[1]}")
        with subprocess.Popen(options, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as town:
            assert town.stdin is not None
            assert town.stdout is not None
            assert json.loads(town.stdout.readline())["ready"]
            town.stdin.write("alarm two 13\n\nalarm 2 13\n")
            town.stdin.flush()
            line, (host, _) = server.accept()
            with line:
                message = line.makefile("rb").read()
            _, words = town.communicate(timeout=30)
    assert (town.returncode, words) == (0, "town: a line says `alarm HOME BIT` or `ahead SECONDS`\n")
    number = identity.home_number(2)
    assert host == identity.host(number)
    assert message == push.alarm(1, identity.equipment_id(number).encode(), 0x2000)
    kept = [json.loads(said) for said in (tmp_path / "town" / "state.jsonl").read_text("utf-8").splitlines()]
    assert [next(iter(said.keys() - {"number"})) for said in kept] == ["event", "alarms"]
    assert (tmp_path / "town" / "care_truth.json").exists()


def test_a_town_refuses_an_address_that_is_none(tmp_path: Path) -> None:
    run = subprocess.run(command(tmp_path, "--alarms", "nowhere"), capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert "alarms go to HOST:PORT" in run.stderr
