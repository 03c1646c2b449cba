"""The town on its port, read by the head-end: what every fault does to a reading, and what the meters remember of it."""

import asyncio
import json
import struct
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headend_support import MODEL, Stops
from kwartier import headend
from kwartier.model.period import day_period, epoch_s
from kwartier.model.permit import PermitRef
from kwartier.model.register import ALL_MASK, Channel
from kwartier.model.task import GapReason, ProfileName, Result, Task
from kwartier.simulator import identity, journal, serve
from kwartier.simulator.behaviour import Fault
from kwartier.simulator.devices import Fleet, has_gas
from kwartier.simulator.town import Home, Town

DAY = date(2026, 11, 22)
TOWN = Town(4, 300, DAY)
CLIENT = b"KWA\x00\x00\x00\x00\x01"
LIMITS = headend.Limits(answer_s=3, release_s=1, pause_s=0.05)
IMPATIENT = headend.Limits(answer_s=0.2, release_s=0.2, pause_s=0.05)
Log = list[dict[str, Any]]


def home_with(fault: Fault) -> Home:
    return next(home for home in TOWN.homes if home.fault is fault)


def profiles(number: int) -> list[ProfileName]:
    """Everything such a meter has."""
    return [name for name in ProfileName if has_gas(TOWN, number) or not name.startswith("g_")]


def tasks(number: int) -> tuple[Task, ...]:
    """All profiles over the town's date."""
    whole = day_period(DAY)
    assert whole.end is not None
    first, last = epoch_s(whole.start), epoch_s(whole.end)
    ref = PermitRef(b"x" * 16, 1, ALL_MASK, first, last, (), keeps=True)
    return tuple(Task(1, number, name, int(name.startswith("g_")), first, last, (ref,)) for name in profiles(number))


def job(number: int, port: int, first_ic: int = 1) -> headend.MeterJob:
    """Everything about one meter, under the keys that were shipped."""
    keys = identity.keys(TOWN.seed, number)
    where = identity.host(number), port, MODEL
    return headend.MeterJob(
        number, *where, CLIENT, identity.system_title(number), keys.guek, keys.gak, first_ic, first_ic + 100, tasks(number)
    )


def read(folder: Path, numbers: Sequence[int], limits: headend.Limits = LIMITS) -> tuple[list[headend.MeterAnswer], Log]:
    """Read these meters from a town in this process; return their answers in order, and the session log."""

    async def night() -> list[headend.MeterAnswer]:
        book = journal.Journal(folder)
        sockets = serve.claim(0, numbers)
        board = serve.Switchboard(Fleet(TOWN, {}), book, TOWN.axis.start_of_night())
        async with serve.listening(sockets, board):
            port = sockets[0].getsockname()[1]
            jobs = [job(number, port) for number in numbers]
            answers = {one.meter: one async for one in headend.read(jobs, limits=limits, stops=Stops())}
            await asyncio.sleep(0.05)
        book.close()
        return [answers[number] for number in numbers]

    answers = asyncio.run(night())
    return answers, [json.loads(line) for line in (folder / journal.SESSIONS).read_text("utf-8").splitlines()]


def read_home(folder: Path, fault: Fault, limits: headend.Limits = LIMITS) -> tuple[headend.MeterAnswer, Log]:
    (answer,), log = read(folder, [home_with(fault).number], limits)
    return answer, log


READABLE = [Fault.SOUND, Fault.DROPS, Fault.ADMINISTRATIVELY_OFF, Fault.REFUSED_WITH_METER, Fault.POWER_DIP]


@pytest.mark.parametrize("fault", READABLE)
def test_what_such_a_meter_holds_is_read_whole(tmp_path: Path, fault: Fault) -> None:
    answer, _ = read_home(tmp_path, fault)
    assert {one.result for one in answer.answers} == {Result.READ}
    rows = [one.rows for one in answer.answers if one.rows is not None]
    home = home_with(fault)
    assert [len(one.stamps) for one in rows] == [97, 2, 25, 2][: len(profiles(home.number))]
    station = TOWN.transformers[home.transformer]
    at = TOWN.axis.day_index(DAY)
    first, end = TOWN.axis.quarter_of_midnight[at : at + 2]
    counted = TOWN.block(station.index).imported[home.index - station.first, first:end]
    assert np.array_equal(np.diff(rows[0].values[Channel.IMPORT]), counted)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.SILENT, GapReason.TIMEOUT),
        (Fault.COUNTER_TOLD, GapReason.COUNTER),
        (Fault.COUNTER_SILENT, GapReason.COUNTER),
        (Fault.WRONG_KEY, GapReason.AUTHENTICATION),
        (Fault.WRONG_TAG, GapReason.AUTHENTICATION),
    ],
)
def test_what_cannot_be_read_is_a_gap_with_its_reason(tmp_path: Path, fault: Fault, reason: GapReason) -> None:
    answer, _ = read_home(tmp_path, fault, IMPATIENT)
    assert {(one.result, one.reason) for one in answer.answers} == {(Result.GAP, reason)}
    assert (answer.meter_ic is not None and answer.meter_ic >= 5000) == (reason is GapReason.COUNTER)


def test_a_slow_meter_took_all_that_was_sent_the_release_too(tmp_path: Path) -> None:
    slow = home_with(Fault.SLOW).number
    (answer,), log = read(tmp_path, [slow], IMPATIENT)
    assert {one.reason for one in answer.answers} == {GapReason.TIMEOUT}
    assert journal.counters(tmp_path)[slow].client == answer.next_ic - 1
    assert [line["event"] for line in log].count("released") == 3, "twice the management client, once the public one"


def test_spoilt_rows_arrive_as_the_meter_holds_them(tmp_path: Path) -> None:
    faults = [Fault.MISSING_ROWS, Fault.REPEATED_ROW, Fault.CLOCK_INVALID, Fault.POWER_DIP, Fault.OFF_GRID, Fault.BACKWARDS]
    answers, _ = read(tmp_path, [home_with(fault).number for fault in faults])
    found = [answer.answers[0].rows for answer in answers]
    missing, repeated, doubtful, dip, off_grid, backwards = (one for one in found if one is not None)
    assert len(missing.stamps) < 97
    assert (np.diff(repeated.stamps) == 0).sum() == 1
    assert (doubtful.status & 0x06).any()
    assert (dip.status & 0x80).any()
    assert (off_grid.stamps % 900).any()
    assert (np.diff(backwards.values[Channel.IMPORT]) < 0).sum() == 1


def test_the_meter_remembers_who_spoke_to_it_and_what_was_asked(tmp_path: Path) -> None:
    number = next(home.number for home in TOWN.homes if home.fault is Fault.SOUND and home.owns.gas)
    _, log = read(tmp_path, [number])
    assert [line["event"] for line in log] == ["associated", *["profile"] * 4, "released"]
    assert {line["equipment_id"] for line in log} == {identity.equipment_id(number)}
    asked = tasks(number)[0]
    assert (log[1]["obis"], log[1]["first_s"], log[1]["last_s"], log[1]["rows"]) == (
        "1-0:99.1.0", asked.first_s, asked.last_s, 97
    )  # fmt: skip


def test_every_nonce_the_meter_took_is_on_record_once_and_its_counters_survive(tmp_path: Path) -> None:
    number = home_with(Fault.SOUND).number
    (answer,), _ = read(tmp_path, [number])
    taken = journal.accepted(tmp_path)
    assert sorted(frame.counter for frame in taken) == list(range(1, answer.next_ic))
    assert [frame.mac for frame in taken].count(True) == 1
    assert {frame.title for frame in taken} == {CLIENT}
    assert journal.counters(tmp_path)[number].client == answer.next_ic - 1


@pytest.mark.parametrize("fault", [Fault.SOUND, Fault.DROPS, Fault.WRONG_TAG, Fault.COUNTER_TOLD])
def test_who_releases_leaves_no_association_behind(tmp_path: Path, fault: Fault) -> None:
    _, log = read_home(tmp_path, fault)
    events = [line["event"] for line in log]
    assert events.count("associated") == events.count("released") + events.count("dropped") >= 1
    assert "unreleased" not in events


def test_who_hangs_up_instead_is_remembered(tmp_path: Path) -> None:
    """A public association, and then the connection just ends."""
    number = home_with(Fault.SOUND).number
    aarq = bytes.fromhex("601da109060760857405080101be10040e01000000065f1f0400007e1fffff")

    async def night() -> None:
        book = journal.Journal(tmp_path)
        sockets = serve.claim(0, [number])
        board = serve.Switchboard(Fleet(TOWN, {}), book, TOWN.axis.start_of_night())
        async with serve.listening(sockets, board):
            reader, writer = await asyncio.open_connection(identity.host(number), sockets[0].getsockname()[1])
            writer.write(struct.pack(">HHHH", 1, 16, 1, len(aarq)) + aarq)
            assert (await reader.readexactly(9))[8] == 0x61
            writer.close()
            await asyncio.sleep(0.1)
        book.close()

    asyncio.run(night())
    lines = (tmp_path / journal.SESSIONS).read_text("utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["associated", "unreleased"]


def test_where_there_is_no_meter_nobody_answers(tmp_path: Path) -> None:
    refused = next(home for home in TOWN.homes if home.fault is Fault.REFUSED_NO_METER)
    (answer,), log = read(tmp_path, [refused.number], IMPATIENT)
    assert {one.result for one in answer.answers} == {Result.GAP}
    assert log == []
