from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from kwartier.store.postgres import Dsns
from kwartier.store.registry import meters
from kwartier.store.registry.meters import LARGEST_JUMP, LAST_COUNTER
from registry_support import NOON, World, on

C = psycopg.Connection[Any]


def next_ic(c: C, meter: int) -> int:
    found = c.execute("select next_ic from kw.meter_key where meter = %s", (meter,)).fetchone()
    assert found is not None
    return int(found[0])


def set_ic(c: C, meter: int, value: int) -> None:
    c.execute("update kw.meter_key set next_ic = %s where meter = %s", (value, meter))


def test_targets_tell_how_a_meter_is_reached_and_leave_out_what_has_no_keys(operator: C, world: World) -> None:
    meter = world.meter(world.connection())
    keyless = world.meter(world.connection())
    operator.execute("update kw.meter_key set version = 2 where meter = %s", (meter,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege), operator.transaction():
        operator.execute("delete from kw.meter_key")
    found = meters.targets(operator, [meter, keyless, 999])
    assert set(found) == {meter, keyless}
    assert (found[meter].port, found[meter].model, found[meter].guek) == (4059, "SMR5", b"g" * 24)
    assert found[meter].host.startswith("127.0.0.")


def test_meters_in_service_are_those_in_place_then(operator: C, world: World) -> None:
    assert meters.in_service(operator, NOON) == 0
    world.meter(world.connection())
    world.meter(world.connection())
    assert meters.in_service(operator, NOON) == 2
    assert meters.in_service(operator, on("1999-01-01")) == 0


def test_a_reservation_is_handed_out_once_and_in_order(operator: C, world: World) -> None:
    one, two = world.meter(world.connection()), world.meter(world.connection())
    assert meters.reserve(operator, [one, two], 10) == {one: (1, 11), two: (1, 11)}
    assert meters.reserve(operator, [two, one], 5) == {one: (11, 16), two: (11, 16)}
    assert meters.reserve(operator, [], 5) == {}


def test_workers_that_reserve_at_once_never_share_a_counter(operator: C, world: World, dsns: Dsns) -> None:
    fleet = [world.meter(world.connection()) for _ in range(5)]
    operator.commit()

    def ask(n: int) -> dict[int, tuple[int, int]]:
        with psycopg.connect(dsns.operator) as c:
            return meters.reserve(c, fleet if n % 2 else fleet[::-1], 7)

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(ask, range(24)))
    for meter in fleet:
        assert sorted(one[meter] for one in got) == [(1 + 7 * n, 8 + 7 * n) for n in range(24)]


def test_a_key_whose_counters_are_used_up_is_left_out(operator: C, world: World) -> None:
    meter, fresh = world.meter(world.connection()), world.meter(world.connection())
    set_ic(operator, meter, LAST_COUNTER - 10)
    assert meters.reserve(operator, [meter, fresh], 11) == {fresh: (1, 12)}
    assert meters.reserve(operator, [meter], 10) == {meter: (LAST_COUNTER - 10, LAST_COUNTER)}
    assert meters.reserve(operator, [meter], 1) == {}


@pytest.mark.parametrize(
    ("ours", "told", "then"),
    [
        (100, 50, 100),
        (100, 99, 100),
        (100, 100, 101),
        (100, 5000, 5001),
        (100, 99 + LARGEST_JUMP, 100 + LARGEST_JUMP),
        (100, 100 + LARGEST_JUMP, None),
        (LAST_COUNTER - 5, LAST_COUNTER - 2, LAST_COUNTER - 1),
        (LAST_COUNTER - 5, LAST_COUNTER - 1, None),
    ],
)
def test_a_counter_that_a_meter_tells_pulls_ours_up_within_a_bound_and_never_down(
    operator: C, world: World, ours: int, told: int, then: int | None
) -> None:
    meter = world.meter(world.connection())
    set_ic(operator, meter, ours)
    assert meters.raise_to(operator, {meter: told}) == (frozenset() if then is None else {meter})
    assert next_ic(operator, meter) == (ours if then is None else then)


def test_a_counter_cannot_be_put_back_by_hand(operator: C, world: World) -> None:
    meter = world.meter(world.connection())
    set_ic(operator, meter, 50)
    with pytest.raises(psycopg.errors.CheckViolation), operator.transaction():
        set_ic(operator, meter, 49)


def renew(c: C, meter: int, key: bytes, counter: int) -> None:
    c.execute("update kw.meter_key set version = version + 1, guek = %s, next_ic = %s where meter = %s", (key, counter, meter))


def test_a_counter_begins_anew_only_with_another_key(operator: C, world: World) -> None:
    """A new version of the same key would give the same nonces again."""
    meter = world.meter(world.connection())
    set_ic(operator, meter, 50)
    with pytest.raises(psycopg.errors.CheckViolation), operator.transaction():
        renew(operator, meter, b"g" * 24, 1)
    renew(operator, meter, b"n" * 24, 1)
    assert next_ic(operator, meter) == 1


def test_meters_without_keys_are_not_believed(operator: C) -> None:
    assert meters.raise_to(operator, {999: 5}) == frozenset()
