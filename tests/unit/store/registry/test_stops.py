from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from kwartier.model.period import Period
from kwartier.store.registry import permissions, stops
from registry_support import World, between

C = psycopg.Connection[Any]
HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def test_a_revocation_stops_in_the_transaction_that_says_it(operator: C, world: World, portal: Callable[[int], C]) -> None:
    home, me = world.connection(), world.subject()
    world.occupancy(home, me)
    permission = world.permission(home, me, None)
    loaded = now()
    c = portal(me)
    assert stops.since(operator, loaded) == frozenset()
    assert permissions.revoke(c, permission, now())
    assert stops.since(operator, loaded) == frozenset()
    c.commit()
    operator.rollback()
    assert stops.since(operator, loaded) == {("permission", permission)}


def test_a_stop_is_listed_by_when_it_was_said_also_if_it_holds_from_long_before(operator: C) -> None:
    stops.add(operator, [(("supply", 7), now() - timedelta(days=90))])
    assert stops.since(operator, now()) == {("supply", 7)}
    assert stops.since(operator, now() + 50 * HOUR / 60) == {("supply", 7)}, (
        "a large import may have said it long before its commit"
    )
    assert stops.since(operator, now() + 2 * HOUR) == frozenset()


def test_a_stop_that_begins_later_waits_until_then(operator: C) -> None:
    tonight = now() + 6 * HOUR
    stops.add(operator, [(("connection", 5), tonight), (("connection", 6), now() + timedelta(days=30))])
    loaded = now()
    assert stops.since(operator, loaded) == frozenset()
    assert stops.since(operator, loaded, now=loaded + HOUR) == frozenset()
    assert stops.since(operator, loaded, now=tonight) == {("connection", 5)}


def test_a_clock_that_runs_a_little_ahead_stops_at_once(operator: C) -> None:
    stops.add(operator, [(("permission", 5), now() + timedelta(seconds=20))])
    assert stops.since(operator, now()) == {("permission", 5)}


def test_under_a_simulated_clock_the_night_counts_by_that_clock(operator: C) -> None:
    loaded = now() + timedelta(days=400)
    stops.add(operator, [(("permission", 5), loaded + 3 * HOUR), (("permission", 6), loaded + timedelta(days=2))])
    assert stops.since(operator, loaded) == {("permission", 5)}


def test_switching_off_stops_the_connection_and_the_gas_its_meter_carries(operator: C, world: World) -> None:
    electricity, gas, _ = world.home()
    stranger, _, _ = world.home()
    world.restriction(electricity, Period(now()))
    assert stops.since(operator, now()) == {("connection", electricity), ("connection", gas)}
    assert ("connection", stranger) not in stops.since(operator, now())


def test_what_was_over_before_it_was_said_stops_nothing(operator: C, world: World) -> None:
    electricity, _, _ = world.home()
    world.restriction(electricity, between("2021-01-01", "2022-01-01"))
    assert stops.since(operator, now()) == frozenset()


def test_what_runs_out_during_the_night_stops_by_itself(operator: C, world: World) -> None:
    """Nobody says anything: the permission, the agreement and the approval end when they said they would."""
    home, me = world.connection(), world.subject()
    world.occupancy(home, me)
    loaded = now()
    soon = Period(loaded - timedelta(days=9), loaded + 2 * HOUR)
    permission, agreement = world.permission(home, me, None, soon), world.agreement(world.party(), soon)
    case = world.use_case(approved=soon)
    world.permission(home, me, None, Period(loaded - timedelta(days=9), loaded + 3 * HOUR), purpose="longer")
    assert soon.end is not None
    assert stops.since(operator, loaded, now=soon.end - HOUR) == frozenset()
    assert stops.since(operator, loaded) == frozenset()
    assert stops.since(operator, loaded, now=soon.end) == {
        ("permission", permission),
        ("agreement", agreement),
        ("use_case", case),
    }


def test_an_end_that_has_come_stops_by_the_clock_of_the_registry(operator: C, world: World) -> None:
    home, me = world.connection(), world.subject()
    world.occupancy(home, me)
    permission = world.permission(home, me, None, Period(now() - HOUR, now() + timedelta(milliseconds=300)))
    loaded = now()
    assert stops.since(operator, loaded) == frozenset()
    operator.execute("select pg_sleep(0.4)")
    assert stops.since(operator, loaded) == {("permission", permission)}


def test_stops_of_nothing_are_nothing(operator: C) -> None:
    stops.add(operator, [])
    assert stops.since(operator, now()) == frozenset()
