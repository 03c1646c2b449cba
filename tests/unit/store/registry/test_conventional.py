"""A meter that no wire reads: it stands in the registry, and nobody speaks to it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from datetime import timedelta
from itertools import permutations
from typing import Any

import psycopg
import pytest
from psycopg.errors import CheckViolation, ExclusionViolation, LockNotAvailable

from kwartier.model.ground import RestrictionKind
from kwartier.model.register import Product
from kwartier.store.postgres import Dsns
from kwartier.store.registry import care, couplings, facts, hand_readings, meters
from kwartier.store.registry.couplings import Coupled
from kwartier.store.registry.rectifications import Overlaps
from registry_support import ALWAYS, DAY, NOON, World, between, waits_for_a_lock

C = psycopg.Connection[Any]
CHANGE = between("2026-03-10")


def stays(world: World, smart: int, _: int) -> object:
    """Let the electricity meter stay longer than it was known to."""
    return world.c.execute("update kw.meter set placed = tstzrange(lower(placed), null) where key = %s", (smart,))


def couples(world: World, smart: int, gas: int) -> object:
    """Couple a gas meter to it."""
    return world.coupling(smart, gas)


def places(world: World, _: int, gas: int) -> object:
    """Place a gas meter that no wire reads."""
    return world.conventional(gas, CHANGE)


Act = Callable[[World, int, int], object]
ACTS: tuple[Act, ...] = (stays, couples, places)
"""Any two of these may be; all three are two meters at one gas connection."""


def test_it_is_in_place_but_no_night_and_no_care_knows_it(operator: C, world: World) -> None:
    transformer = world.transformer()
    power, gas = world.connection(transformer=transformer), world.connection("gas")
    meter = world.conventional(power)
    world.conventional(gas)
    assert [one.wired for one in facts.rows(operator, [power, gas], year=2026, day=DAY)] == [None, None]
    assert meters.in_service(operator, NOON) == 0
    assert meters.targets(operator, [meter]) == {}
    assert care.stations(operator, [transformer], NOON) == {}
    (equipment,) = operator.execute("select equipment_id from kw.meter where key = %s", (meter,)).fetchone() or ("",)
    assert (care.by_key(operator, meter, NOON), care.by_equipment(operator, equipment, NOON)) == (None, None)
    found = hand_readings.measuring(operator, power, NOON)
    assert found is not None
    assert (found.product, found.meter, found.model) == (Product.ELECTRICITY, meter, "conventional-6")


def test_what_measures_is_what_stands_there_at_that_moment(operator: C, world: World) -> None:
    power, gas, smart = world.home(between("2020-01-01", "2026-03-10"))
    own = {place: world.conventional(place, between("2026-03-10")) for place in (power, gas)}
    change = between("2026-03-10").start
    for place in (power, gas):
        before = hand_readings.measuring(operator, place, change - timedelta(microseconds=1))
        at = hand_readings.measuring(operator, place, change)
        assert before is not None
        assert at is not None
        assert (before.meter, at.meter) == (smart, own[place])
    assert hand_readings.measuring(operator, world.connection(), NOON) is None


def test_gas_has_one_meter_at_a_time_its_own_or_one_that_is_coupled(operator: C, world: World) -> None:
    _, carried, smart = world.home(between("2020-01-01", "2026-03-10"))
    alone = world.connection("gas")
    world.conventional(alone)
    world.conventional(carried, between("2026-03-10"))
    for wrong in (
        lambda: world.conventional(carried, between("2020-01-01", "2020-01-02")),
        lambda: world.coupling(smart, alone, mbus=2),
        lambda: operator.execute("update kw.meter set placed = tstzrange(lower(placed), null) where key = %s", (smart,)),
    ):
        with pytest.raises(ExclusionViolation), operator.transaction():
            wrong()
    with pytest.raises(Overlaps), operator.transaction():
        couplings.couple(operator, Coupled(0, smart, 3, carried, ALWAYS), alone)
    assert world.coupling(smart, alone, between("2026-03-10"), mbus=2), "from then on that meter is gone"


@pytest.mark.parametrize(("first", "second"), [*permutations(ACTS, 2)])
def test_of_two_who_do_so_at_once_the_second_sees_what_the_first_did(
    operator: C, world: World, dsns: Dsns, first: Act, second: Act
) -> None:
    gas, smart = world.connection("gas"), world.meter(world.connection(), placed=between("2020-01-01", "2026-03-10"))
    (before,) = {*ACTS} - {first, second}
    before(world, smart, gas)
    operator.commit()
    with psycopg.connect(dsns.operator) as c, psycopg.connect(dsns.operator, autocommit=True) as asking:
        other = copy(world)
        other.c = c
        with ThreadPoolExecutor(1) as thread:
            first(world, smart, gas)
            late = thread.submit(second, other, smart, gas)
            waits_for_a_lock(asking, late)
            operator.commit()
            with pytest.raises(ExclusionViolation):
                late.result()


def test_who_places_alone_is_waited_for(operator: C, world: World, dsns: Dsns) -> None:
    gas, smart = world.connection("gas"), world.meter(world.connection())
    operator.commit()
    for act in ACTS[:2]:
        with psycopg.connect(dsns.operator) as c:
            couplings.alone(c)
            operator.execute("set local lock_timeout = '50ms'")
            with pytest.raises(LockNotAvailable):
                act(world, smart, gas)
            operator.rollback()


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "conventional-6", "port": 4059},
        {"model": "SMR5"},
        {"model": "conventional-6", "host": "127.0.0.1", "port": 4059, "system_title": b"KWS00000"},
    ],
)
def test_a_meter_has_a_whole_wire_or_none(operator: C, world: World, wrong: dict[str, object]) -> None:
    with pytest.raises(CheckViolation), operator.transaction():
        world.new("meter", equipment_id="E", connection=world.connection(), placed=ALWAYS, **wrong)
    with pytest.raises(CheckViolation), operator.transaction():
        world.new("meter", equipment_id="E", transformer=world.transformer(), placed=ALWAYS, model="conventional-6")


def test_whoever_refused_and_has_one_is_read_by_hand(operator: C, world: World) -> None:
    power = world.connection()
    world.conventional(power)
    world.restriction(power, kind="refused")
    assert [(one.connection, one.kind) for one in hand_readings.by_hand(operator, NOON)] == [(power, RestrictionKind.REFUSED)]
