"""The head-end against meters on real sockets of this machine: what a night with good meters is like."""

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace

import pytest

import dlms_support as meter
from headend_support import DAY, FIRST_S, IMPORT_ONLY, LAST_S, MODEL, QUICK, START, Stops, job, permit, read_all, task
from kwartier import headend
from kwartier.model.errors import BadInput
from kwartier.model.permit import PermitRef
from kwartier.model.register import Channel
from kwartier.model.task import GapReason, ProfileName, Result
from kwartier.wire.dlms.client import clock


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_day_is_read(pieces: int) -> None:
    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(meter.good, DAY, pieces=pieces).listening() as street:
            return (await read_all([job(street.port)]))[0], street

    answer, street = asyncio.run(night())
    (one,) = answer.answers
    assert (one.result, one.reason, one.live) == (Result.READ, None, (permit(),))
    assert one.rows is not None
    assert one.rows.values[Channel.IMPORT].tolist() == [1000 + 7 * i for i in range(97)]
    assert one.at.tzinfo is not None
    assert answer.next_ic == 100 + 3 + pieces + 1
    assert answer.meter_ic is None
    assert street.visits == 1
    assert street.apdus[-1][2][0] == 0x62, "the last thing a meter hears is the release"


def test_one_association_carries_all_tasks_of_a_meter() -> None:
    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(meter.good, DAY).listening() as street:
            return (await read_all([job(street.port, [task(), task(), task()])]))[0], street

    answer, street = asyncio.run(night())
    assert [one.result for one in answer.answers] == [Result.READ] * 3
    assert street.visits == 1
    assert headend.frames_for(MODEL, [task()] * 3) >= answer.next_ic - 100


def test_an_m_bus_profile_is_asked_on_its_channel() -> None:
    asked: list[bytes] = []

    def script(_visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes:
        if apdu[0] == 0xC8:
            asked.append(meter.unseal(apdu[1:])[1])
        return meter.frame(theirs.answer(apdu), port)

    async def night() -> headend.MeterAnswer:
        capture = meter.octets(meter.date_time(START))
        gas = meter.array([meter.structure(capture, meter.u8(0), meter.u32(77), capture)])
        async with meter.Street(script, gas).listening() as street:
            return (await read_all([job(street.port, [task(ProfileName.G_INTERVAL, 3)])]))[0]

    answer = asyncio.run(night())
    assert answer.answers[0].rows is not None
    assert answer.answers[0].rows.values[Channel.GAS].tolist() == [77]
    assert asked[0][3:11].hex() == "0007" + "0003180300ff"


def test_every_frame_is_shown_before_it_is_sent_and_no_counter_twice() -> None:
    shown: list[tuple[int, bytes]] = []

    def script(_visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes:
        assert shown[-1][1] == meter.frame(apdu)
        return meter.frame(theirs.answer(apdu), port)

    async def night() -> list[headend.MeterAnswer]:
        async with meter.Street(script, DAY, pieces=4).listening() as street:
            read = headend.read([job(street.port)], limits=QUICK, stops=Stops(), tap=lambda m, f: shown.append((m, f)))
            return [answer async for answer in read]

    (answer,) = asyncio.run(night())
    assert answer.answers[0].result is Result.READ
    assert {number for number, _ in shown} == {1}
    assert len(shown) == 1 + 1 + 4 + 1


def test_many_meters_at_once_but_no_more_than_allowed() -> None:
    async def slow(street: meter.Street) -> list[headend.MeterAnswer]:
        jobs = [job(street.port, number=n) for n in range(40)]
        return await read_all(jobs, replace(QUICK, concurrency=7))

    async def night() -> tuple[list[headend.MeterAnswer], meter.Street]:
        async with meter.Street(meter.good, DAY).listening() as street:
            return await slow(street), street

    answers, street = asyncio.run(night())
    assert sorted(answer.meter for answer in answers) == list(range(40))
    assert all(answer.answers[0].result is Result.READ for answer in answers)
    assert street.visits == 40
    assert street.most_open <= 7 + 7, "a closed connection may linger for a moment"


def test_run_does_the_same_in_a_loop_of_its_own() -> None:
    answers = headend.run([job(9, number=n) for n in range(3)], limits=QUICK, stops=Stops())
    assert [a.answers[0].reason for a in answers] == [GapReason.UNREACHABLE] * 3


class Told(bytes):
    """Bytes that tell when somebody makes a text of them."""

    texts = 0

    def __repr__(self) -> str:
        """Count."""
        Told.texts += 1
        return ""


def test_run_makes_no_text_of_what_was_read() -> None:
    """Asyncio makes one of what its main coroutine returns when it puts the signal handler back; ours would hold readings."""
    secret = replace(permit(), id=Told(b"x" * 16))
    answers = headend.run([job(9, [task(permits=[secret])])], limits=QUICK, stops=Stops())
    assert len(answers) == 1
    assert Told.texts == 0
    assert repr(secret)
    assert Told.texts == 1


def test_run_gives_the_collector_back_as_it_was() -> None:
    for was_on in (True, False):
        (gc.enable if was_on else gc.disable)()
        try:
            headend.run([job(9)], limits=QUICK, stops=Stops())
            assert gc.isenabled() is was_on
        finally:
            gc.enable()


def test_no_jobs_no_answers() -> None:
    assert headend.run([], limits=QUICK, stops=Stops()) == []


def test_a_meter_is_there_once() -> None:
    with pytest.raises(BadInput):
        headend.run([job(9), job(9)], limits=QUICK, stops=Stops())


def test_general_glo_when_told_to() -> None:
    heads: list[bytes] = []

    def script(_visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes:
        heads.append(apdu[:1])
        if apdu[0] != 0xDB:
            return meter.frame(theirs.answer(apdu), port)
        answer = theirs.answer(b"\xc8" + apdu[10:])
        return meter.frame(b"\xdb\x08" + meter.THEIRS + answer[1:], port)

    async def night() -> list[headend.MeterAnswer]:
        async with meter.Street(script, DAY).listening() as street:
            return await read_all([job(street.port)], replace(QUICK, general_glo=True))

    (answer,) = asyncio.run(night())
    assert answer.answers[0].result is Result.READ
    assert heads == [b"\x60", b"\xdb", b"\xdb", b"\x62"]


# The stop list


def gets_of(street: meter.Street) -> list[bytes]:
    return [meter.unseal(apdu[1:])[1] for _, _, apdu in street.apdus if apdu[0] == 0xC8]


def test_the_stop_list_is_consulted_before_every_get() -> None:
    stops = Stops()

    async def night() -> meter.Street:
        async with meter.Street(meter.good, DAY, pieces=3).listening() as street:
            await read_all([job(street.port, [task(), task()])], replace(QUICK, stop_age_s=0.2), stops)
            return street

    street = asyncio.run(night())
    assert stops.consulted == [0.2, 0.2], "blocks of one GET go on"
    assert len(gets_of(street)) == 6


def test_a_task_whose_permits_are_all_stopped_is_not_asked() -> None:
    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(meter.good, DAY).listening() as street:
            tasks = [task(permits=[permit(1)]), task(permits=[permit(2)])]
            return (await read_all([job(street.port, tasks)], stops=Stops({("permission", 1)})))[0], street

    answer, street = asyncio.run(night())
    stopped, read = answer.answers
    assert (stopped.result, stopped.reason, stopped.rows, stopped.live) == (Result.STOPPED, None, None, ())
    assert (read.result, read.live) == (Result.READ, (permit(2),))
    assert len(gets_of(street)) == 1


def test_what_only_a_stopped_permit_covers_is_not_asked_either() -> None:
    middle = FIRST_S + 43200
    morning, evening = permit(1, last_s=middle), permit(2, first_s=middle, mask=IMPORT_ONLY)

    async def night() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(meter.good, DAY).listening() as street:
            tasks = [task(permits=[morning, evening])]
            return (await read_all([job(street.port, tasks)], stops=Stops({("permission", 1)})))[0], street

    answer, street = asyncio.run(night())
    assert answer.answers[0].live == (evening,)
    (get,) = gets_of(street)
    assert clock.encode(middle) in get
    assert clock.encode(LAST_S) in get
    assert clock.encode(FIRST_S) not in get


def test_where_a_permit_in_the_middle_was_stopped_its_time_is_not_asked_between_the_others() -> None:
    """One GET is one range: what lies beyond the hole is not served, and so it is asked the next time the night runs."""
    six, noon, evening = (FIRST_S + hours * 3600 for hours in (6, 12, 18))
    permits = [permit(1, last_s=six), permit(2, six, noon), permit(3, noon, evening), permit(4, evening)]

    async def night(stopped: int) -> tuple[headend.TaskAnswer, bytes]:
        async with meter.Street(meter.good, DAY).listening() as street:
            asked = [job(street.port, [task(permits=permits)])]
            (answer,) = await read_all(asked, stops=Stops({("permission", stopped)}))
            (get,) = gets_of(street)
            return answer.answers[0], get

    answer, get = asyncio.run(night(3))
    assert answer.live == (permits[0], permits[1])
    assert clock.encode(FIRST_S) in get
    assert clock.encode(noon) in get
    answer, get = asyncio.run(night(2))
    assert answer.live == (permits[0],)
    assert clock.encode(six) in get
    answer, get = asyncio.run(night(1))
    assert answer.live == tuple(permits[1:])
    assert clock.encode(LAST_S) in get


def test_a_revocation_during_the_night_throws_away_the_answer_in_flight_and_stops_the_next_get() -> None:
    stops = Stops()

    def script(_visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes:
        if apdu[0] == 0xC8:
            stops.stopped_facts.add(("permission", 1))
        return meter.frame(theirs.answer(apdu), port)

    async def night() -> headend.MeterAnswer:
        async with meter.Street(script, DAY).listening() as street:
            return (await read_all([job(street.port, [task(), task()])], stops=stops))[0]

    answer = asyncio.run(night())
    assert [(one.result, one.reason) for one in answer.answers] == [(Result.STOPPED, GapReason.WITHDRAWN), (Result.STOPPED, None)]
    assert {(one.rows, one.live) for one in answer.answers} >= {(None, ())}


class LostError(Exception):
    """The stop list cannot be had."""


class Lost(Stops):
    async def fresh(self, max_age_s: float) -> None:
        await super().fresh(max_age_s)
        raise LostError

    def stopped(self, ref: PermitRef) -> bool:
        raise AssertionError(ref)


def test_without_a_stop_list_nothing_is_read_and_whoever_reads_is_told() -> None:
    async def night(street: meter.Street) -> None:
        with pytest.raises(LostError):
            await read_all([job(street.port, number=n) for n in range(5)], stops=Lost())
        await asyncio.sleep(0.05)

    async def whole() -> meter.Street:
        async with meter.Street(meter.good, DAY).listening() as street:
            await night(street)
            return street

    street = asyncio.run(whole())
    assert gets_of(street) == []
    assert street.apdus[-1][2][0] == 0x62, "what stood was released"


def test_who_stops_listening_leaves_no_association_behind() -> None:
    async def night() -> meter.Street:
        async with meter.Street(meter.good, DAY).listening() as street:
            read = headend.read([job(street.port, number=n) for n in range(20)], limits=QUICK, stops=Stops())
            async for _ in read:
                break
            await read.aclose()
            await asyncio.sleep(0.1)
            return street

    street = asyncio.run(night())
    assert street.open == 0


# Limits


WRONG: list[Callable[[], headend.Limits]] = [
    lambda: headend.Limits(concurrency=0),
    lambda: headend.Limits(tries=0),
    lambda: headend.Limits(answer_s=0),
    lambda: headend.Limits(pause_s=-1),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_limits_are_positive(wrong: Callable[[], headend.Limits]) -> None:
    with pytest.raises(BadInput):
        wrong()


def test_a_job_shows_neither_keys_nor_address() -> None:
    assert repr(job(4059)) == "MeterJob(meter=1, tasks=1)"
