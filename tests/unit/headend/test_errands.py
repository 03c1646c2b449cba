"""Chores at meters of the town over TCP: what is seen and set, and what becomes of it when grounds or connections end meanwhile."""

import asyncio
import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dlms_support as meter
from care_support import CARE, NIGHT, TOWN, first, healthy
from headend_support import DAY, MODEL, QUICK, Stops, errand, job, permit, read_all, task
from kwartier import headend
from kwartier.model.care import AdministrativeStatus, Chore, Errand
from kwartier.model.register import Obis
from kwartier.model.task import GapReason, Result
from kwartier.simulator import firmware, identity, journal, serve
from kwartier.simulator.care import Ailment
from kwartier.simulator.devices import Fleet
from kwartier.simulator.town import Home
from kwartier.wire.dlms.client import xdlms
from kwartier.wire.dlms.client.chores import Image, ImageStatus

LIMITS = headend.Limits(answer_s=3, release_s=1, pause_s=0.05, session_s=20)
GOOD = firmware.release(TOWN.seed, firmware.NEXT)
IMAGES = {1: Image(b"5.0.2", GOOD), 2: Image(b"5.0.2", GOOD[:100] + bytes((GOOD[100] ^ 1,)) + GOOD[101:])}
Tap = Callable[[int, bytes], None]


def town_job(home: Home, port: int, errands: Sequence[Errand], images: dict[int, Image]) -> headend.MeterJob:
    number, keys = home.number, identity.keys(TOWN.seed, home.number)
    frames = 2 * headend.frames_for(MODEL, errands, images)
    where = identity.host(number), port, MODEL, meter.OURS, identity.system_title(number)
    first_ic = 1_000_000
    return headend.MeterJob(number, *where, keys.guek, keys.gak, first_ic, first_ic + frames, tuple(errands), images)


def visited(
    folder: Path, home: Home, errands: Sequence[Errand], *, stops: Stops | None = None, tap: Tap | None = None
) -> tuple[headend.MeterAnswer, list[dict[str, Any]]]:
    """Do these at one meter of the town; return what came of it and what the meter remembers."""
    folder.mkdir(exist_ok=True)
    images = {number: image for number, image in IMAGES.items() if number in {one.image for one in errands}}

    async def visit() -> headend.MeterAnswer:
        book = journal.Journal(folder)
        sockets = serve.claim(0, [home.number])
        board = serve.Switchboard(Fleet(TOWN, {}), book, NIGHT)
        async with serve.listening(sockets, board):
            jobs = [town_job(home, sockets[0].getsockname()[1], errands, images)]
            (answer,) = [one async for one in headend.read(jobs, limits=LIMITS, stops=stops or Stops(), tap=tap)]
            await asyncio.sleep(0.05)
        book.close()
        return answer

    answer = asyncio.run(visit())
    return answer, [json.loads(line) for line in (folder / journal.SESSIONS).read_text("utf-8").splitlines()]


def in_town(chore: Chore, *, mbus: int = 0, image: int = 0) -> Errand:
    return replace(errand(chore, mbus=mbus, image=image), first_s=NIGHT - 90 * 86_400, last_s=NIGHT)


def test_a_meter_is_looked_at_in_one_visit(tmp_path: Path) -> None:
    home = first(Ailment.TERMINAL_COVER)
    chores = (Chore.CLOCK, Chore.FIRMWARE, Chore.ALARMS, Chore.ERRORS, Chore.FRAUD_EVENTS, Chore.POWER_FAILURES, Chore.VOLTAGES)
    answer, log = visited(tmp_path, home, [in_town(chore) for chore in chores])
    sights = {one.sight.chore: one.sight for one in answer.answers if one.sight is not None}
    assert [one.result for one in answer.answers] == [Result.READ] * len(chores)
    assert sights.keys() == set(chores)
    assert 40 in {code for _, code in sights[Chore.FRAUD_EVENTS].entries}
    assert sights[Chore.FIRMWARE].text.startswith("5.0.")
    assert len(sights[Chore.VOLTAGES].levels_dv) in {1, 3}
    assert all(one.live == (permit(),) for one in answer.answers)
    assert [one["event"] for one in log].count("associated") == 1
    assert answer.next_ic - 1_000_000 <= headend.frames_for(MODEL, [in_town(chore) for chore in chores])


def test_a_log_is_asked_within_its_range_only(tmp_path: Path) -> None:
    home = first(Ailment.TERMINAL_COVER)
    whole, _ = visited(tmp_path / "whole", home, [in_town(Chore.FRAUD_EVENTS)])
    assert whole.answers[0].sight is not None
    opened = max(at for at, code in whole.answers[0].sight.entries if code == 40)
    after = replace(in_town(Chore.FRAUD_EVENTS), first_s=opened + 1)
    answer, log = visited(tmp_path / "after", home, [after])
    assert answer.answers[0].sight is not None
    assert 40 not in {code for at, code in answer.answers[0].sight.entries if at <= opened}
    (asked,) = [one for one in log if one["event"] == "profile"]
    assert (asked["first_s"], asked["last_s"]) == (after.first_s, after.last_s)


def test_the_administrative_status_is_set_and_read_back(tmp_path: Path) -> None:
    chores = (Chore.ADMINISTRATIVE_STATUS, Chore.SWITCH_OFF, Chore.SWITCH_ON, Chore.SWITCH_OFF)
    answer, log = visited(tmp_path, healthy(), [in_town(chore) for chore in chores])
    values = [one.sight.value for one in answer.answers if one.sight is not None]
    assert values == [2, AdministrativeStatus.OFF, AdministrativeStatus.ON, AdministrativeStatus.OFF]
    assert len([one for one in log if one["event"] == "written"]) == 3


def test_a_good_image_is_activated(tmp_path: Path) -> None:
    answer, log = visited(tmp_path, healthy(), [in_town(Chore.UPDATE, image=1)])
    (one,) = answer.answers
    assert one.sight is not None
    assert one.sight.value in {5, ImageStatus.ACTIVATED}
    called = [line["method"] for line in log if line["event"] == "called"]
    assert called.count(2) == -(-len(GOOD) // 512)
    assert called[-1] == 4


def test_a_tampered_image_is_not(tmp_path: Path) -> None:
    home = healthy()
    answer, log = visited(tmp_path, home, [in_town(Chore.UPDATE, image=2), in_town(Chore.FIRMWARE)])
    update, version = answer.answers
    assert (update.result, update.sight and update.sight.value) == (Result.READ, ImageStatus.VERIFICATION_FAILED)
    assert 4 not in [line["method"] for line in log if line["event"] == "called"]
    assert version.sight is not None
    assert version.sight.text == firmware.PRESENT


def test_a_chore_that_the_meter_refuses_ends_alone(tmp_path: Path) -> None:
    home = next(h for h in TOWN.homes if h.index not in CARE.ailments and not h.owns.gas and h.has_meter)
    answer, _ = visited(tmp_path, home, [in_town(Chore.CLOCK), in_town(Chore.GAS_STATUS, mbus=1), in_town(Chore.ALARMS)])
    assert [one.result for one in answer.answers] == [Result.READ, Result.GAP, Result.READ]
    assert answer.answers[1].reason is GapReason.ACCESS_DENIED


def test_an_errand_whose_ground_ends_in_its_midst_stops_there(tmp_path: Path) -> None:
    stops, sent = Stops(), []

    def tap(_meter: int, frame: bytes) -> None:
        sent.append(frame)
        if len(sent) == 8:
            stops.stopped_facts.add(("permission", 1))

    other = replace(in_town(Chore.CLOCK), permits=(permit(2),))
    answer, log = visited(tmp_path, healthy(), [in_town(Chore.UPDATE, image=1), other], stops=stops, tap=tap)
    assert [(one.result, one.sight is None) for one in answer.answers] == [(Result.STOPPED, True), (Result.READ, False)]
    assert len(sent) == 8 + 1 + 1, "then only the other errand and the release"
    assert [line["method"] for line in log if line["event"] == "called"][-1] == 2
    assert ("frame", sent[-1][8]) == ("frame", 0x62)


def test_an_errand_without_ground_asks_nothing(tmp_path: Path) -> None:
    answer, log = visited(tmp_path, healthy(), [in_town(Chore.SWITCH_OFF)], stops=Stops({("permission", 1)}))
    (one,) = answer.answers
    assert (one.result, one.live) == (Result.STOPPED, ())
    assert not [line for line in log if line["event"] in {"written", "called", "object", "profile"}]


# Meters that a test makes up


def scripted(
    script: meter.Script, *errands: Errand, limits: headend.Limits = QUICK, frames: int = 60
) -> tuple[headend.MeterAnswer, meter.Street]:
    async def visit() -> tuple[headend.MeterAnswer, meter.Street]:
        async with meter.Street(script, DAY).listening() as street:
            one = replace(job(street.port, frames=frames), tasks=tuple(errands))
            return (await read_all([one], limits))[0], street

    return asyncio.run(visit())


class Keeper:
    """A meter that keeps what is set and says it again; `spoil` decides what else becomes of an APDU: bytes, or None to hang up."""

    def __init__(self, spoil: Callable[[int, bytes], bytes | bool | None] = lambda _visit, _plain: False) -> None:  # noqa: D107 - see the class
        self.spoil = spoil
        self.plain: list[tuple[int, bytes]] = []
        self.ics: list[int] = []
        self.status = 2

    def __call__(self, visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes | None:
        if apdu[0] in {0x60, 0x62} or len(theirs.ics) < 3:
            before = len(theirs.ics)
            answer = theirs.answer(apdu)
            self.ics += theirs.ics[before:]
            if apdu[0] == 0x62:
                self.ics.append(meter.unseal(apdu[apdu.index(b"\x21\x1f\x30") + 1 :])[0])
            return meter.frame(answer, port)
        ic, plain = meter.unseal(apdu[1:])
        self.ics.append(ic)
        self.plain.append((visit, plain))
        spoilt = self.spoil(visit, plain)
        if spoilt is None or isinstance(spoilt, bytes):
            return spoilt
        theirs.ic += 1
        if plain[0] == 0xC1:
            self.status = plain[-1]
            return meter.frame(b"\xcd" + meter.seal(b"\xc5\x01\xc1\x00", theirs.ic - 1), port)
        data = b"\x16" + bytes((self.status,))
        return meter.frame(meter.whole(data, theirs.ic - 1), port)


SWITCH = errand(Chore.SWITCH_OFF)


def test_a_connection_lost_in_the_midst_is_tried_again_from_the_start() -> None:
    keeper = Keeper(lambda visit, plain: None if visit == 1 and plain[0] == 0xC0 else False)
    answer, street = scripted(keeper, SWITCH)
    assert (answer.answers[0].result, street.visits) == (Result.READ, 2)
    assert [(visit, plain[0]) for visit, plain in keeper.plain] == [(1, 0xC1), (1, 0xC0), (2, 0xC1), (2, 0xC0)]
    assert len(keeper.ics) == len(set(keeper.ics)), "no counter twice"
    assert max(keeper.ics) < answer.next_ic


def test_one_that_is_lost_each_time_is_a_gap_of_what_was_asked() -> None:
    answer, street = scripted(Keeper(lambda _visit, _plain: None), SWITCH)
    (one,) = answer.answers
    assert (one.result, one.reason, one.live, street.visits) == (Result.GAP, GapReason.DROPPED, (permit(),), 2)


def test_nonsense_under_sound_protection_ends_one_chore_and_is_not_asked_again() -> None:
    answer, street = scripted(Keeper(), errand(Chore.CLOCK), errand(Chore.ADMINISTRATIVE_STATUS))
    assert [(one.result, one.reason) for one in answer.answers] == [(Result.GAP, GapReason.PROTOCOL), (Result.READ, None)]
    assert street.visits == 1


def test_counters_that_run_out_leave_one_for_the_release() -> None:
    keeper = Keeper()
    answer, street = scripted(keeper, SWITCH, frames=5)
    assert (answer.answers[0].result, answer.answers[0].reason) == (Result.GAP, GapReason.COUNTER)
    assert keeper.plain == [(1, xdlms.set_attribute(1, Obis.parse("0-1:94.31.0"), 2, b"\x16\x01"))]
    assert street.apdus[-1][2][0] == 0x62
    assert max(keeper.ics) < 105


def test_a_refused_chore_leaves_no_circle_behind() -> None:
    """A run looks for no cyclic garbage, so what each refusal left would stay."""
    keeper = Keeper()

    def refusing(visit: int, port: int, apdu: bytes, theirs: meter.Meter) -> bytes | None:
        answer = keeper(visit, port, apdu, theirs)
        if apdu[0] == xdlms.GLO_SET_REQUEST:
            return meter.frame(b"\xcd" + meter.seal(b"\xc5\x01\xc1\x03", theirs.ic - 1), port)
        return answer

    async def visit() -> int:
        async with meter.Street(refusing, DAY).listening() as street:
            one = replace(job(street.port), tasks=(SWITCH,) * 5)
            gc.collect()
            gc.disable()
            try:
                (answer,) = await read_all([one])
                assert {a.reason for a in answer.answers} == {GapReason.ACCESS_DENIED}
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
                found = [one for one in gc.garbage if type(one).__name__ in {"AccessRefused", "Session"}]
                return len(found)
            finally:
                gc.set_debug(0)
                gc.garbage.clear()
                gc.enable()

    assert asyncio.run(visit()) == 0


def test_a_visit_of_profiles_and_chores_has_counters_for_both() -> None:
    alone, both = headend.frames_for(MODEL, [task()]), headend.frames_for(MODEL, [task(), errand(Chore.CLOCK)])
    assert both > alone
    update = errand(Chore.UPDATE, image=1)
    assert headend.frames_for(MODEL, [update], IMAGES) - headend.frames_for(MODEL, [update]) >= len(GOOD) // 512 + 1
