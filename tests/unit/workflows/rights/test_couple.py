"""A gas meter that was coupled to the wrong home: what it measured is shown to and handed over for that home no longer."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from kwartier.grounds.rights import Right as Asked
from kwartier.model.ground import Purpose, Requester, Role
from kwartier.model.period import midnight
from kwartier.model.register import Channel
from kwartier.store.registry import corrections
from kwartier.store.registry import couplings as coupled
from kwartier.store.registry.rectifications import Overlaps
from kwartier.workflows import delivery_round, inquiry, refusal
from kwartier.workflows.delivery_round import by_hand
from kwartier.workflows.installation import Installation
from kwartier.workflows.rights import access, correct, couple, rectify, register
from kwartier.workflows.rights.errors import CannotBeAsked, NoSuchCoupling, NoSuchRequest, ReasonMissing
from kwartier.workflows.rights.rectify import Answer
from readings_support import channel_day, moment, permit, read
from registry_support import World, between, waits_for_a_lock
from rights_support import AFTER, AT

ANSWER = Answer("A. Officer", "the fitter swapped two forms")
SINCE = between("2026-01-01")
IN_2027, HOUR = datetime(2027, 3, 10, 12, tzinfo=UTC), timedelta(hours=1)


@dataclass(frozen=True)
class Neighbours:
    """Two homes whose gas meters were written down the wrong way round."""

    house: Installation
    anna: int
    bram: int
    gas: tuple[int, int]
    couplings: tuple[int, int]
    supplier: int


@pytest.fixture
def swapped(opened: Installation, facts: World) -> Neighbours:
    anna, bram = facts.subject("ANNA"), facts.subject("BRAM")
    meters = [facts.meter(facts.connection()) for _ in range(2)]
    gas = facts.connection("gas"), facts.connection("gas")
    for connection, person in zip(gas, (anna, bram), strict=True):
        facts.occupancy(connection, person, SINCE)
    couplings = facts.coupling(meters[0], gas[1], SINCE), facts.coupling(meters[1], gas[0], SINCE)
    supplier = facts.party()
    facts.agreement(supplier)
    facts.supply(gas[0], supplier)
    asked = permit(
        opened, Requester(Role.SUPPLIER, supplier), Purpose.PERIODIC_READING, gas[0], 1 << Channel.DAY_GAS, moment(AFTER), at=AT
    )
    rows = [channel_day(gas[0], kind, AFTER) for kind in (Channel.GAS, Channel.DAY_GAS)]
    rows = [replace(one, meter=meters[1]) for one in rows]
    read(opened, rows, [asked], at=AT)
    delivery_round.run(opened, clock=lambda: AT)
    return Neighbours(opened, anna, bram, gas, couplings, supplier)


def kinds(swapped: Neighbours, who: int) -> list[str]:
    return [line.kind for line in inquiry.access_log(swapped.house, who, most=99)]


def test_two_that_were_swapped_are_put_right_in_one_step(swapped: Neighbours) -> None:
    house = swapped.house
    assert inquiry.usage(house, swapped.anna, swapped.gas[0], AFTER, at=AT).days
    pairs = [*zip(swapped.couplings, swapped.gas, strict=True)]
    with pytest.raises(Overlaps):
        couple.correct(house, pairs[:1], ANSWER, at=AT)
    assert inquiry.usage(house, swapped.anna, swapped.gas[0], AFTER, at=AT).days, "nothing was changed"
    made = couple.correct(house, pairs, ANSWER, at=AT)
    assert {one.connection for one in made} == set(swapped.gas)
    assert not inquiry.usage(house, swapped.anna, swapped.gas[0], AFTER, at=AT).days
    assert [one.meter for key in swapped.gas for one in couple.couplings(house, key)] == [1, 2]
    assert kinds(swapped, swapped.anna).count("reading:corrected") == 2
    assert all(kinds(swapped, who).count("rectification:done") == 2 for who in (swapped.anna, swapped.bram))
    with house.operator() as c:
        kept = corrections.of(c, swapped.gas[0], AFTER, AFTER)
    assert [(one.was.channel, one.now) for one in kept] == [(Channel.GAS, None), (Channel.DAY_GAS, None)]
    told = inquiry.download(house, swapped.anna, swapped.gas[0], AFTER, AFTER, "json", at=AT, known=AT.replace(hour=1))
    assert not json.loads(told.body)["series"], "what was believed is kept, and was never hers to take away"


def test_what_is_read_under_the_right_coupling_stays_where_a_kill_left_the_wrong_one_to_be_taken_out(
    swapped: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night may come between: what it read of that day is of the other meter."""
    house, key = swapped.house, swapped.gas[0]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kwartier.workflows.visits.corrected._change", killed)
        with pytest.raises(KeyboardInterrupt):
            couple.correct(house, [*zip(swapped.couplings, swapped.gas, strict=True)], ANSWER, at=AT)
    ours = [one.meter for one in couple.couplings(house, key)]
    read(house, [replace(channel_day(key, kind, AFTER), meter=ours[0]) for kind in (Channel.GAS, Channel.DAY_GAS)], at=AT)
    delivery_round.run(house, clock=lambda: AT)
    assert [(one.channel, one.meter) for one in house.readings.day(key, AFTER)] == [
        (Channel.GAS, ours[0]),
        (Channel.DAY_GAS, ours[0]),
    ]
    with house.operator() as c:
        assert corrections.pending(c) == []


def test_who_was_handed_the_other_homes_readings_is_told(swapped: Neighbours) -> None:
    house = swapped.house
    (made,) = couple.correct(house, [(swapped.couplings[1], None)], ANSWER, at=AT)
    assert [(one.role, one.party) for one in made.tell] == [("supplier", swapped.supplier)]
    report = delivery_round.run(house, clock=lambda: AT)
    assert (report.delivered, report.withheld, report.notices) == (0, 0, 1), "nothing of it is handed over again"
    assert [one.told for one in rectify.told(house, made.id)] == [AT]


def test_no_value_of_the_other_home_stays_under_the_connection_that_had_it(swapped: Neighbours) -> None:
    """Neither in what the person is told nor in what is kept: also what was put right of it before that was known."""
    house, place = swapped.house, swapped.gas[0]
    correct.correct(house, place, [correct.Right(Channel.DAY_GAS, midnight(AFTER), 4242)], ANSWER, at=AT)
    for pairs in ([*zip(swapped.couplings, swapped.gas, strict=True)], []):
        number = register.ask(house, swapped.anna, Asked.ACCESS, at=AT).id
        (stay,) = access.document(house, swapped.anna, number, at=AT)["connections"]
        told = (stay["readings"], stay["readings_before_corrections"])
        assert bool(told[0]) == bool(told[1]) == bool(pairs), "hers as long as nobody knew better"
        if pairs:
            couple.correct(house, pairs, ANSWER, at=AT + HOUR)
    with house.operator() as c:
        kept = c.execute(
            "select channel, now_start, was_start, was_deltas, was_quality, salt from kw.correction order by channel"
        ).fetchall()
    assert kept == [(int(kind), *[None] * 5) for kind in (Channel.GAS, Channel.DAY_GAS)]
    house.readings.finalise(AFTER)
    assert house.readings.day(place, AFTER) == []


def test_it_answers_a_request_of_either_person_and_of_nobody_else(swapped: Neighbours, facts: World) -> None:
    house = swapped.house
    pairs = [*zip(swapped.couplings, swapped.gas, strict=True)]
    other = facts.subject("OTHER")
    theirs = register.ask(house, other, Asked.RECTIFICATION, at=AT, words="it is wrong")
    with pytest.raises(NoSuchRequest):
        couple.correct(house, pairs, replace(ANSWER, request=theirs.id), at=AT)
    mine = register.ask(house, swapped.bram, Asked.RECTIFICATION, at=AT, words="it is wrong")
    couple.correct(house, pairs, replace(ANSWER, request=mine.id), at=AT)
    assert register.request(house, mine.id).state == "answered"


def test_what_makes_no_sense_is_refused(swapped: Neighbours, facts: World) -> None:
    house, (first, second) = swapped.house, swapped.couplings
    for pairs, why in (
        ([(99, None)], NoSuchCoupling),
        ([], NoSuchCoupling),
        ([(first, swapped.gas[1])], CannotBeAsked),
        ([(second, facts.connection())], CannotBeAsked),
    ):
        with pytest.raises(why):
            couple.correct(house, pairs, ANSWER, at=AT)
    with pytest.raises(ReasonMissing):
        couple.correct(house, [(first, None)], replace(ANSWER, because=" "), at=AT)


def test_what_was_read_by_hand_of_the_other_homes_meter_is_not_handed_over_nor_the_persons_to_have(
    opened: Installation, facts: World
) -> None:
    """Promised while the wrong coupling stood, due when it was put right."""
    anna, power, gas = facts.subject("ANNA"), facts.connection(), facts.connection("gas")
    meter, supplier = facts.meter(power), facts.party()
    facts.occupancy(gas, anna)
    facts.restriction(power)
    facts.restriction(gas)
    wrong = facts.coupling(meter, gas, between("2020-01-01"))
    facts.agreement(supplier)
    facts.supply(gas, supplier)
    refusal.take(opened, gas, {Channel.DAY_GAS: 900}, read_at=IN_2027, how=refusal.How.VISIT, at=IN_2027)
    by_hand.promise(opened, IN_2027)
    couple.correct(opened, [(wrong, None)], ANSWER, at=IN_2027 + HOUR)
    report = delivery_round.run(opened, clock=lambda: IN_2027 + 2 * HOUR)
    bodies = [json.loads(line) for path in opened.outbox.glob("*/*.jsonl") for line in path.read_text("utf-8").splitlines()]
    assert report.delivered + report.withheld == 1
    assert [one["readings"] for one in bodies] in ([], [[]])
    number = register.ask(opened, anna, Asked.ACCESS, at=IN_2027 + 3 * HOUR).id
    (stay,) = access.document(opened, anna, number, at=IN_2027 + 3 * HOUR)["connections"]
    assert stay["readings_by_hand"] == []


def test_who_waits_for_an_import_holds_nothing_that_it_may_want(swapped: Neighbours, facts: World) -> None:
    house = swapped.house
    with ThreadPoolExecutor(1) as thread:
        with house.operator() as importing:
            coupled.alone(importing)
            made = thread.submit(couple.correct, house, [*zip(swapped.couplings, swapped.gas, strict=True)], ANSWER, at=AT)
            waits_for_a_lock(facts.c, made)
            assert importing.execute("select from kw.coupling for update nowait").rowcount == 2
        assert len(made.result()) == 2


def test_a_connection_that_carries_no_gas_or_is_not_there_has_no_couplings_to_list(swapped: Neighbours, facts: World) -> None:
    for key in (facts.connection(), 999_999):
        with pytest.raises(NoSuchCoupling):
            couple.couplings(swapped.house, key)
