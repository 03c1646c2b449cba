from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from kwartier.model.period import Period
from kwartier.store.postgres import Dsns
from kwartier.store.registry import permissions, stops
from kwartier.store.registry.stops import Loaded
from registry_support import World, between

C = psycopg.Connection[Any]
HOUR = timedelta(hours=1)


SAID = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def look(c: C, at: datetime | None = None) -> Loaded:
    """Load facts now, as of now by whatever clock."""
    return stops.loaded(c, at or now())


def test_a_revocation_stops_in_the_transaction_that_says_it(operator: C, world: World, portal: Callable[[int], C]) -> None:
    home, me = world.connection(), world.subject()
    world.occupancy(home, me)
    permission = world.permission(home, me, None)
    loaded = look(operator)
    c = portal(me)
    assert stops.since(operator, loaded) == frozenset()
    assert permissions.revoke(c, permission, now())
    assert stops.since(operator, loaded) == frozenset()
    c.commit()
    operator.rollback()
    assert stops.since(operator, loaded) == {("permission", permission)}


def test_what_was_not_committed_when_facts_were_loaded_counts_however_long_ago_it_was_said(operator: C, dsns: Dsns) -> None:
    """A large import says it early in its one transaction, within a savepoint: hours before the commit."""
    with psycopg.connect(dsns.operator) as importing:
        importing.execute("savepoint half")
        importing.execute("insert into kw.stop (fact, ref, at, said) values ('supply', 7, %s, %s)", SAID)
        loaded = look(operator)
        operator.commit()
        importing.execute("release savepoint half")
        assert stops.since(operator, loaded) == frozenset()
        importing.commit()
    assert stops.since(operator, loaded) == {("supply", 7)}
    operator.commit()
    assert stops.since(operator, look(operator)) == frozenset(), "whoever loads facts now sees what it changed"


def test_what_was_stopped_and_freed_again_before_facts_were_loaded_does_not_count(operator: C, world: World) -> None:
    """A customer refused, came back, and the night begins a minute later."""
    electricity, _, _ = world.home()
    unseen = look(operator)
    world.restriction(electricity, Period(now()))
    back = "update kw.restriction set period = tstzrange(lower(period), clock_timestamp()) where connection = %s"
    operator.execute(back, (electricity,))
    operator.commit()
    assert stops.since(operator, look(operator)) == frozenset()
    assert ("connection", electricity) in stops.since(operator, unseen), "facts from before the refusal know nothing of it"


@pytest.mark.parametrize(("elsewhere", "counts"), [(1, False), (0, True)])
def test_numbers_of_transactions_from_another_cluster_stop_nobody(operator: C, elsewhere: int, *, counts: bool) -> None:
    """A dump that was restored: here its transactions are still to come. That they would count shows the second case."""
    operator.execute(
        "insert into kw.stop (fact, ref, at, tx, cluster) select 'supply', 7, %s, '4611686018427387904', system_identifier + %s"
        " from pg_control_system()",
        (now() - HOUR, elsewhere),
    )
    assert (("supply", 7) in stops.since(operator, look(operator))) == counts


def test_stops_from_before_transactions_were_kept_are_known_to_the_facts(operator: C) -> None:
    """An installation that was upgraded: only what is still to come counts of them, when it comes."""
    tonight = now() + 6 * HOUR
    old = "insert into kw.stop (fact, ref, at, tx, cluster) values ('supply', 7, %s, null, null), ('supply', 8, %s, null, null)"
    operator.execute(old, (now() - HOUR / 60, tonight))
    loaded = look(operator)
    assert stops.since(operator, loaded) == frozenset()
    assert stops.since(operator, loaded, now=tonight) == {("supply", 8)}


def test_a_stop_that_begins_later_waits_until_then(operator: C) -> None:
    tonight = now() + 6 * HOUR
    stops.add(operator, [(("connection", 5), tonight), (("connection", 6), now() + timedelta(days=30))])
    operator.commit()
    loaded = look(operator)
    assert stops.since(operator, loaded) == frozenset()
    assert stops.since(operator, loaded, now=now() + HOUR) == frozenset()
    assert stops.since(operator, loaded, now=tonight) == {("connection", 5)}


def test_a_clock_that_runs_a_little_ahead_stops_at_once(operator: C) -> None:
    stops.add(operator, [(("permission", 5), now() + timedelta(seconds=20))])
    operator.commit()
    assert stops.since(operator, look(operator)) == {("permission", 5)}


def test_under_a_simulated_clock_the_night_counts_by_that_clock(operator: C) -> None:
    tonight = now() + timedelta(days=400)
    loaded = look(operator, tonight)
    stops.add(operator, [(("permission", 5), tonight + 3 * HOUR), (("permission", 6), tonight + timedelta(days=2))])
    assert stops.since(operator, loaded) == {("permission", 5)}


def test_switching_off_stops_the_connection_and_the_gas_its_meter_carries(operator: C, world: World) -> None:
    electricity, gas, _ = world.home()
    stranger, _, _ = world.home()
    loaded = look(operator)
    world.restriction(electricity, Period(now()))
    stopped = stops.since(operator, loaded)
    assert stopped == {("connection", electricity), ("connection", gas)}
    assert ("connection", stranger) not in stopped


def test_what_was_over_before_it_was_said_stops_nothing(operator: C, world: World) -> None:
    electricity, _, _ = world.home()
    loaded = look(operator)
    world.restriction(electricity, between("2021-01-01", "2022-01-01"))
    assert stops.since(operator, loaded) == frozenset()


def test_what_runs_out_during_the_night_stops_by_itself(operator: C, world: World) -> None:
    """Nobody says anything: the permission, the agreement and the approval end when they said they would."""
    home, me = world.connection(), world.subject()
    world.occupancy(home, me)
    begun = now()
    loaded = look(operator, begun)
    soon = Period(begun - timedelta(days=9), begun + 2 * HOUR)
    permission, agreement = world.permission(home, me, None, soon), world.agreement(world.party(), soon)
    case = world.use_case(approved=soon)
    world.permission(home, me, None, Period(begun - timedelta(days=9), begun + 3 * HOUR), purpose="longer")
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
    loaded = look(operator)
    assert stops.since(operator, loaded) == frozenset()
    operator.execute("select pg_sleep(0.4)")
    assert stops.since(operator, loaded) == {("permission", permission)}


def test_stops_of_nothing_are_nothing(operator: C) -> None:
    loaded = look(operator)
    stops.add(operator, [])
    assert stops.since(operator, loaded) == frozenset()
