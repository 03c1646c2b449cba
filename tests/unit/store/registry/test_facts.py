from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from kwartier.model.ground import RestrictionKind, Role, Suspension
from kwartier.model.period import Period
from kwartier.model.register import Product
from kwartier.store.registry import facts, nights, permissions
from kwartier.store.registry.errors import NotFound
from kwartier.store.registry.facts import Wired
from registry_support import DAY, NOON, World, between, on

C = psycopg.Connection[Any]


def test_everything_about_a_connection_is_there_and_nothing_of_its_neighbour(operator: C, world: World) -> None:
    mine, other = world.connection(), world.connection(area="wijk-02")
    me, supplier, app, stranger = world.subject(), world.party(), world.party("third_party"), world.party()
    occupancy, supply = world.occupancy(mine, me), world.supply(mine, supplier)
    bound, bound_too = world.agreement(supplier), world.agreement(app)
    world.agreement(stranger)
    apart = world.suspension(app, between("2025-03-01", "2025-04-01"))
    world.suspension(stranger, between("2025-03-01"))
    permission = world.permission(mine, me, app)
    off = world.restriction(mine, between("2025-01-01", "2025-02-01"))
    case, elsewhere = world.use_case(), world.use_case(area="wijk-02")
    world.occupancy(other, world.subject())
    nights.use(operator, [(case, mine, DAY), (case, mine, date(2025, 12, 31)), (elsewhere, other, DAY)])
    found = facts.facts(operator, mine, year=2026)
    assert [one.id for one in found.occupancies] == [occupancy]
    assert [(one.id, one.party) for one in found.supplies] == [(supply, supplier)]
    assert [(one.id, one.role) for one in found.agreements] == [(bound, Role.SUPPLIER), (bound_too, Role.THIRD_PARTY)]
    assert found.suspensions == (Suspension(apart, app, between("2025-03-01", "2025-04-01")),)
    assert [(one.id, one.subject, one.party, one.purpose) for one in found.permissions] == [(permission, me, app, "inzicht")]
    assert [(one.id, one.kind, one.period) for one in found.restrictions] == [
        (off, RestrictionKind.ADMINISTRATIVELY_OFF, between("2025-01-01", "2025-02-01"))
    ]
    assert [one.id for one in found.use_cases] == [case]
    assert found.used_days == {case: frozenset({DAY.isoformat()})}
    assert (found.connection, found.area) == (mine, "wijk-01")


def test_a_day_that_was_lost_counts_apart_until_it_was_used(world: World, operator: C) -> None:
    """Whichever of both was said first, one that was used is not lost."""
    home, case, other = world.connection(), world.use_case(), world.use_case()
    first, second = DAY, DAY + timedelta(days=1)
    nights.use(operator, [(case, home, first)])
    nights.lose(operator, [(case, home, first), (case, home, second), (case, home, second), (other, home, second)])
    found = facts.facts(operator, home, year=2026)
    assert found.used_days == {case: frozenset({first.isoformat()})}
    assert found.lost_days == {case: frozenset({second.isoformat()}), other: frozenset({second.isoformat()})}
    nights.use(operator, [(case, home, second)])
    nights.lose(operator, [])
    found = facts.facts(operator, home, year=2026)
    assert found.used_days == {case: frozenset({first.isoformat(), second.isoformat()})}
    assert found.lost_days == {other: frozenset({second.isoformat()})}


def test_a_permission_is_live_until_it_was_revoked_and_one_revoked_before_it_began_never_lived(operator: C, world: World) -> None:
    home, me = world.connection(), world.subject()
    world.occupancy(home, me)
    kept, early = world.permission(home, me, None), world.permission(home, me, world.party(), between("2027-01-01"))
    permissions.revoke(operator, kept, NOON)
    permissions.revoke(operator, early, NOON)
    found = facts.facts(operator, home, year=2026)
    assert [(one.id, one.live) for one in found.permissions] == [(kept, Period(on("2020-01-01"), NOON))]


def test_refusing_the_meter_holds_for_the_gas_it_carries_while_it_carries_it(operator: C, world: World) -> None:
    electricity, gas = world.connection(), world.connection("gas")
    old = world.meter(electricity, placed=between("2020-01-01", "2026-02-01"))
    new = world.meter(electricity, placed=between("2026-02-01"))
    world.coupling(old, gas, between("2020-01-01", "2026-02-01"))
    world.coupling(new, gas, between("2026-02-01", "2026-06-01"))
    refused = world.restriction(electricity, between("2025-12-01", "2026-03-01"), "refused")
    own = world.restriction(gas, between("2024-01-01", "2024-02-01"))
    found = {(one.id, one.kind, one.period) for one in facts.facts(operator, gas, year=2026).restrictions}
    assert found == {
        (refused, RestrictionKind.REFUSED, between("2025-12-01", "2026-02-01")),
        (refused, RestrictionKind.REFUSED, between("2026-02-01", "2026-03-01")),
        (own, RestrictionKind.ADMINISTRATIVELY_OFF, between("2024-01-01", "2024-02-01")),
    }


def test_a_connection_is_wired_as_at_the_end_of_the_day(operator: C, world: World) -> None:
    electricity, gas, bare = world.connection(), world.connection("gas"), world.connection()
    after = (DAY + timedelta(days=1)).isoformat()
    old = world.meter(electricity, placed=between("2020-01-01", after))
    new = world.meter(electricity, placed=between(after))
    world.coupling(old, gas, between("2020-01-01", after), mbus=2)
    world.coupling(new, gas, between(after), mbus=3)
    keys = [electricity, gas, bare]
    today = {row.key: row.wired for row in facts.rows(operator, keys, year=2026, day=DAY)}
    tomorrow = {row.key: row.wired for row in facts.rows(operator, keys, year=2026, day=DAY + timedelta(days=1))}
    long_ago, midnight = on("2020-01-01"), on(after)
    assert today == {electricity: Wired(old, "SMR5", 0, long_ago), gas: Wired(old, "SMR5", 2, long_ago), bare: None}
    assert tomorrow == {electricity: Wired(new, "SMR5", 0, midnight), gas: Wired(new, "SMR5", 3, midnight), bare: None}


def test_a_meter_measures_a_connection_since_it_came_and_the_gas_since_it_was_coupled(operator: C, world: World) -> None:
    electricity, gas = world.connection(), world.connection("gas")
    meter = world.meter(electricity, placed=between("2026-02-01"))
    world.coupling(meter, gas, between("2026-03-01"))
    found = {row.key: row.wired for row in facts.rows(operator, [electricity, gas], year=2026, day=DAY)}
    assert {key: None if one is None else one.since for key, one in found.items()} == {
        electricity: on("2026-02-01"),
        gas: on("2026-03-01"),
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_chunks_of_any_size_give_each_connection_once_with_the_same_facts(operator: C, world: World, limit: int) -> None:
    supplier = world.party()
    keys = []
    for _ in range(5):
        electricity, gas, _meter = world.home()
        for key in (electricity, gas):
            world.occupancy(key, world.subject())
            world.supply(key, supplier)
            keys.append(key)
    found: list[facts.ConnectionRow] = []
    while chunk := facts.stream(operator, year=2026, day=DAY, after=found[-1].key if found else 0, limit=limit):
        assert len(chunk) <= limit
        found += chunk
    assert [row.key for row in found] == sorted(keys)
    assert all(row.facts == facts.facts(operator, row.key, year=2026) for row in found)
    assert {row.product for row in found} == {Product.ELECTRICITY, Product.GAS}


def test_station_meters_come_with_the_use_cases_of_their_area(operator: C, world: World) -> None:
    here, there = world.transformer(), world.transformer("wijk-02")
    case = world.use_case()
    meter, gone = world.meter(transformer=here), world.meter(transformer=there, placed=between("2020-01-01", "2021-01-01"))
    assert [(row.transformer, row.area, row.meter) for row in facts.station_meters(operator, day=DAY)] == [(here, "wijk-01", meter)]
    (row,) = facts.station_meters(operator, [here, there], day=date(2020, 6, 1))[:1]
    assert [one.id for one in row.facts.use_cases] == [case]
    assert [row.meter for row in facts.station_meters(operator, [there], day=date(2020, 6, 1))] == [gone]


def test_an_unknown_connection_is_not_found(operator: C) -> None:
    with pytest.raises(NotFound):
        facts.facts(operator, 1, year=2026)


def test_the_portal_gives_a_person_the_facts_of_the_own_time_only(world: World, portal: Callable[[int], C]) -> None:
    electricity, gas, _ = world.home()
    before, me, supplier = world.subject(), world.subject(), world.party()
    moved = "2026-01-01"
    for key in (electricity, gas):
        world.occupancy(key, before, between("2020-01-01", moved))
        world.occupancy(key, me, between(moved))
        world.supply(key, world.party(), between("2020-01-01", moved))
        world.supply(key, supplier, between(moved))
    off = world.restriction(electricity, between("2026-02-01"))
    world.restriction(electricity, between("2025-01-01", "2025-02-01"))
    world.permission(electricity, before, None, between("2025-01-01", moved))
    case = world.use_case()
    nights.use(world.c, [(case, gas, DAY)])
    c = portal(me)
    found = facts.facts(c, gas, year=2026)
    assert [one.subject for one in found.occupancies] == [me]
    assert [one.party for one in found.supplies] == [supplier]
    assert [one.id for one in found.restrictions] == [off]
    assert found.used_days == {case: frozenset({DAY.isoformat()})}
    assert facts.facts(c, electricity, year=2026).permissions == ()
    with pytest.raises(NotFound):
        facts.facts(portal(world.subject()), gas, year=2026)
