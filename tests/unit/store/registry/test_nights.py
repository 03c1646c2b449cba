import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kwartier.model.task import GapReason, ProfileName, Result, Task
from kwartier.store.postgres import Dsns
from kwartier.store.registry import nights, quarantine
from kwartier.store.registry.errors import WrongState
from registry_support import DAY, NOON, World, outcome, task

C = psycopg.Connection[Any]
FILES = [{"path": "day=2026-03-10/1.parquet", "rows": 3}]


@pytest.fixture
def night(operator: C) -> int:
    return nights.begin(operator, DAY, NOON)


def committed(c: C, night: int, *rows: nights.OutcomeRow) -> int:
    batch = nights.plan_batch(c, night)
    nights.stage(c, batch, FILES, NOON)
    nights.add_outcomes(c, batch, rows)
    nights.mark_committed(c, batch, NOON)
    return batch


def span(of: Task) -> tuple[int, int]:
    return of.first_s, of.last_s


def ended(c: C, connection: int, of: Task) -> str | None:
    found = nights.how_it_ended(c, connection, *span(of))
    return None if found is None else found.how


def test_a_batch_goes_from_planned_to_staged_to_committed_and_no_other_way(operator: C, night: int) -> None:
    batch = nights.plan_batch(operator, night)
    with pytest.raises(WrongState):
        nights.mark_committed(operator, batch, NOON)
    nights.stage(operator, batch, FILES, NOON)
    with pytest.raises(WrongState):
        nights.stage(operator, batch, FILES, NOON)
    with pytest.raises(WrongState):
        nights.mark_empty(operator, batch, NOON)
    assert nights.staged(operator) == [(batch, FILES)]
    assert nights.mark_committed(operator, batch, NOON) is True
    assert nights.mark_committed(operator, batch, NOON) is False
    assert nights.staged(operator) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (before, after)
        for before in ("staged", "committed", "abandoned")
        for after in ("planned", "staged", "committed", "abandoned")
        if before != after and (before, after) != ("staged", "committed")
    ],
)
def test_no_hand_brings_back_a_batch_that_ended(operator: C, night: int, before: str, after: str) -> None:
    batch = nights.plan_batch(operator, night)
    operator.execute("update kw.batch set state = %s where id = %s", (before, batch))
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation), operator.transaction():
        operator.execute("update kw.batch set state = %s where id = %s", (after, batch))


def test_which_batches_have_ended(operator: C, night: int) -> None:
    planned, staged, lost, done = (nights.plan_batch(operator, night) for _ in range(4))
    operator.execute("update kw.batch set state = 'abandoned' where id = %s", (lost,))
    for batch in (staged, done):
        nights.stage(operator, batch, FILES, NOON)
    nights.mark_committed(operator, done, NOON)
    assert nights.ended(operator, [planned, staged, lost, done, done + 1]) == {lost: False, done: True}
    assert nights.ended(operator, []) == {}


def test_a_batch_with_nothing_to_ask_is_done_at_once(operator: C, night: int) -> None:
    batch = nights.plan_batch(operator, night)
    nights.mark_empty(operator, batch, NOON)
    assert (nights.staged(operator), nights.abandon_planned(operator)) == ([], [])


def test_planned_batches_of_a_night_that_died_are_abandoned_and_staged_ones_are_not(operator: C, night: int) -> None:
    lost, kept = nights.plan_batch(operator, night), nights.plan_batch(operator, night)
    nights.stage(operator, kept, FILES, NOON)
    assert nights.abandon_planned(operator) == [lost]
    assert nights.abandon_planned(operator) == []
    assert [batch for batch, _ in nights.staged(operator)] == [kept]
    with pytest.raises(WrongState):
        nights.stage(operator, lost, FILES, NOON)


def test_only_permits_of_committed_reads_of_the_period_are_served(operator: C, night: int, world: World) -> None:
    home, gas, meter = world.home()
    ids = [bytes([n]) * 16 for n in range(5)]
    read, other = task(home, meter), task(home, meter, DAY - timedelta(days=3))
    committed(operator, night, outcome(read, permits=ids[:2]), outcome(task(gas, meter), Result.GAP))
    committed(operator, night, outcome(read, permits=ids[1:3]), outcome(other, permits=ids[4:]))
    staged = nights.plan_batch(operator, night)
    nights.stage(operator, staged, FILES, NOON)
    nights.add_outcomes(operator, staged, [outcome(read, permits=ids[3:4])])
    assert nights.served(operator, [home, gas], *span(read)) == {home: frozenset(ids[:3])}
    assert nights.served(operator, [home], *span(other)) == {home: frozenset(ids[4:])}
    assert nights.served(operator, [], *span(read)) == {}


def test_a_gap_stands_until_a_later_night_reads_it(operator: C, night: int, world: World) -> None:
    home, _, meter = world.home()
    missed = task(home, meter)
    first = nights.OutcomeRow(missed, Result.GAP, GapReason.UNREACHABLE, b"", NOON)
    second = nights.OutcomeRow(missed, Result.GAP, GapReason.TIMEOUT, b"", NOON + timedelta(hours=1))
    committed(operator, night, first, outcome(task(home, meter, profile=ProfileName.E_DAY)))
    committed(operator, night, second)
    (gap,) = nights.gaps(operator, *span(missed))
    assert (gap.connection, gap.profile, gap.reason, gap.result) == (home, "e_interval", GapReason.TIMEOUT, Result.GAP)
    assert nights.gaps(operator, *span(missed), [home + 1]) == []
    assert ended(operator, home, missed) == "timeout"
    committed(operator, night, outcome(missed, at=NOON + timedelta(hours=2)))
    assert nights.gaps(operator, *span(missed), [home]) == []
    assert ended(operator, home, missed) == "read"


def test_a_stopped_task_is_a_gap_without_a_reason(operator: C, night: int, world: World) -> None:
    home, _, meter = world.home()
    committed(operator, night, outcome(task(home, meter), Result.STOPPED))
    (gap,) = nights.gaps(operator, *span(task(home, meter)))
    assert (gap.result, gap.reason) == (Result.STOPPED, None)
    assert ended(operator, home, task(home, meter)) == "stopped"
    assert nights.how_it_ended(operator, home + 1, *span(task(home, meter))) is None


def test_a_night_tells_that_it_was(operator: C, night: int, world: World) -> None:
    world.home()
    assert nights.homes(operator) == 1
    assert nights.was_read(operator, DAY) is False
    nights.end(operator, night, NOON, {"tasks": 3})
    assert nights.was_read(operator, DAY) is True
    assert operator.execute("select summary from kw.night").fetchone() == ({"tasks": 3},)


def test_quarantine_keeps_an_answer_whole_until_somebody_discards_it(operator: C, night: int, world: World) -> None:
    home, _, meter = world.home()
    batch = nights.plan_batch(operator, night)
    verdict = {"rule": "V03", "severity": "quarantine", "detail": "97 rows, 3 twice"}
    rows = bytes(range(256)) * 9
    nights.add_quarantine(operator, batch, [(task(home, meter), [verdict], rows), (task(home, meter, DAY), [], b"")])
    first, _second = quarantine.waiting(operator)
    assert (first.connection, first.rows, first.verdicts) == (home, rows, (("V03", "quarantine", "97 rows, 3 twice"),))
    assert [one.id for one in quarantine.waiting(operator, connection=home, after=first.id)] != [first.id]
    assert quarantine.waiting(operator, connection=home + 1) == []
    assert quarantine.discard(operator, [first.id]) == 1
    assert quarantine.count(operator) == 1


def test_one_night_at_a_time_and_the_lock_goes_with_its_process(dsns: Dsns) -> None:
    with psycopg.connect(dsns.operator, autocommit=True) as second:
        with psycopg.connect(dsns.operator, autocommit=True) as first:
            assert nights.lock(first)
            assert not nights.lock(second, wait_ms=50)
        until = time.monotonic() + 30  # the server notices in its own time that a client has gone
        while not nights.lock(second):
            assert time.monotonic() < until


def test_reads_made_count_each_profile_of_a_meter_once_and_its_own_day_only(operator: C, night: int) -> None:
    made, other, gap = task(1, 1), task(1, 1, profile=ProfileName.E_DAY), task(2, 2)
    for _ in range(2):
        batch = nights.plan_batch(operator, night)
        nights.stage(operator, batch, [], NOON)
        nights.add_outcomes(operator, batch, [outcome(made), outcome(other), outcome(gap, Result.GAP)])
        nights.mark_committed(operator, batch, NOON)
    first, last = span(made)
    assert nights.reads_made(operator, [1, 2], first, last) == 2
    assert nights.reads_made(operator, [1, 2], last, last + 86_400) == 0, "the row that closes a day belongs to that day"
    assert nights.reads_made(operator, [2], first, last) == 0


def test_ten_thousand_outcomes_go_in_at_once(operator: C, night: int) -> None:
    batch = nights.plan_batch(operator, night)
    nights.stage(operator, batch, [], NOON)
    nights.add_outcomes(operator, batch, (outcome(task(n, n), permits=[n.to_bytes(16, "big")]) for n in range(1, 10_001)))
    nights.mark_committed(operator, batch, NOON)
    served = nights.served(operator, range(1, 10_001), *span(task(1, 1)))
    assert served == {n: frozenset({n.to_bytes(16, "big")}) for n in range(1, 10_001)}
