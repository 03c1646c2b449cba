"""A round of care on a registry, at meters that answer: written down before and after, within limits, whole or not at all."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from care_rounds_support import AT, Street, Watching
from kwartier.audit.events import EventKind
from kwartier.engine import Inline
from kwartier.model.care import Chore
from kwartier.model.ground import Purpose
from kwartier.model.period import Period, day_of
from kwartier.model.task import Result
from kwartier.store.registry import care, nights
from kwartier.workflows import device_care, grid_care, refusal
from kwartier.workflows.night.settle import recover
from kwartier.workflows.refusal import Choice
from kwartier.workflows.visits import errands, wishes
from kwartier.workflows.visits.errands import Wish, carry
from kwartier.workflows.visits.only import NightRuns, WorkerLost, only_one
from registry_support import ALWAYS

DEVICE, EVENTS = ("device_care", "device_state"), ("device_care", "event_log")


def looked(three: Street, executor: Executor | None = None) -> errands.Round:
    return device_care.look(three.house, executor or Inline(), clock=three.clock)


def test_intent_and_counters_are_durable_before_any_meter_is_touched(three: Street) -> None:
    three.use_case(*DEVICE)
    seen: list[Any] = []

    def before() -> None:
        kinds = three.kinds()
        reserved = three.all("select count(*) from kw.meter_key where next_ic > 1")
        seen.append((kinds, reserved, three.journal(), three.all("select state from kw.batch")))

    whole = looked(three, Watching(before))
    ((kinds, reserved, touched, states),) = seen
    assert kinds == ["batch:intended"]
    assert reserved == [(3,)]
    assert (touched, states) == ([], [("planned",)])
    assert (whole.meters, whole.chores, whole.gaps) == (3, 9, {})
    assert three.kinds() == ["batch:intended", "batch:read"]
    assert three.all("select state, night from kw.batch") == [("committed", None)]


def test_each_deed_was_meant_and_is_about_who_lives_there(three: Street) -> None:
    three.use_case(*DEVICE)
    looked(three)
    meant, done = three.lines("batch:intended"), three.lines("batch:read")
    assert {(one["c"], one["p"]) for one in meant} == {(one["c"], one["p"]) for one in done}
    assert {one["p"] for one in done} == {"clock", "alarms", "errors"}
    assert all(one["r"] == "read" and one["s"] for one in done)
    place = three.places[0]
    with three.house.operator() as c:
        (code,) = c.execute("select code from kw.subject where key = %s", (place.person,)).fetchone() or ("",)
        mine = three.house.log.of_subject(c, code, place.connection, Period(AT - timedelta(days=1)))
    assert len([line for line in mine if line.kind is EventKind.BATCH_READ]) == 3


def test_a_visit_counts_once_a_day_against_the_limit_of_its_use_case_whatever_was_asked(three: Street) -> None:
    state, events = three.use_case(*DEVICE), three.use_case(*EVENTS)
    looked(three)
    looked(three)
    used = three.all("select use_case, connection, day from kw.use_case_day order by 1, 2")
    (visited,) = three.all("select max(at) from kw.outcome")[0]
    assert used == [(case, place.connection, day_of(visited)) for case in (state, events) for place in three.places]


def test_a_meter_whose_visits_of_the_year_are_used_up_is_not_asked(three: Street) -> None:
    case = three.use_case(*DEVICE, limit=2)
    spent = three.places[0].connection
    for days in (3, 9):
        three.facts.c.execute("insert into kw.use_case_day values (%s, %s, %s)", (case, spent, day_of(AT - timedelta(days=days))))
    whole = looked(three)
    assert (whole.refused, whole.meters) == ({"F11": 1}, 2)
    (line,) = three.lines("batch:refused")
    assert (line["c"], line["x"]) == (spent, "F11")
    assert spent not in {one["c"] for one in three.lines("batch:intended")}


@pytest.mark.parametrize(("kind", "rule"), [("refused", "F1"), ("administratively_off", "F2")])
def test_who_refused_or_is_off_is_not_visited_and_told_so(three: Street, kind: str, rule: str) -> None:
    three.use_case(*DEVICE)
    barred = three.places[1]
    three.facts.restriction(barred.connection, kind=kind)
    assert (looked(three).refused, three.all("select count(*) from kw.sight where meter = %s", barred.meter)) == ({rule: 1}, [(0,)])
    ids = {one["equipment_id"] for one in three.journal()}
    (equipment,) = three.all("select equipment_id from kw.meter where key = %s", barred.meter)[0]
    assert ids
    assert equipment not in ids
    (line,) = three.lines("batch:refused")
    assert (line["c"], line["x"]) == (barred.connection, rule)


@pytest.mark.parametrize(
    "case",
    [
        {"area": "wijk-02"},
        {"approved": Period(AT - timedelta(days=9), AT - timedelta(days=2))},
        {"approved": Period(AT + timedelta(days=2), AT + timedelta(days=9))},
    ],
    ids=["elsewhere", "no longer", "not yet"],
)
def test_without_an_approved_use_case_of_the_area_nobody_is_asked_and_nothing_written(three: Street, case: dict[str, Any]) -> None:
    three.use_case(*DEVICE, **case)
    whole = looked(three)
    assert (whole.meters, whole.refused, three.journal(), three.kinds()) == (0, {}, [], [])
    assert three.all("select count(*) from kw.batch") == [(0,)]


def test_of_each_meter_chore_and_purpose_the_newest_sight_only_is_kept(three: Street) -> None:
    three.use_case(*DEVICE)
    three.use_case("danger", "device_state")
    looked(three)
    first = dict(three.all("select meter, at from kw.sight where chore = 'alarms'"))
    grid_care.look_for_dangers(three.house, Inline(), clock=three.clock)
    three.now += timedelta(hours=1)
    looked(three)
    rows = three.all("select meter, purpose, count(*), max(at) from kw.sight where chore = 'alarms' group by 1, 2 order by 1, 2")
    assert [(meter, purpose, count) for meter, purpose, count, _ in rows] == [
        (place.meter, purpose, 1) for place in three.places for purpose in ("danger", "device_care")
    ]
    assert all(at > first[meter] for meter, purpose, _, at in rows if purpose == "device_care")
    with three.house.operator() as c:
        assert not care.seen(c, Purpose.OUTAGE, list(Chore))
        assert {one.meter for one in care.seen(c, Purpose.DANGER, [Chore.ALARMS])} == {place.meter for place in three.places}


def test_what_was_seen_of_a_meter_that_hangs_there_no_more_is_told_no_more(three: Street) -> None:
    three.use_case(*DEVICE)
    looked(three)
    needing = {one.meter for one in device_care.needing(three.house)}
    gone = three.places[1].meter
    assert gone in needing
    three.facts.c.execute("update kw.meter set placed = '[2020-01-01,2026-11-22)' where key = %s", (gone,))
    assert {one.meter for one in device_care.needing(three.house)} == needing - {gone}


def test_two_chores_of_one_purpose_are_done_in_one_visit(three: Street) -> None:
    three.use_case(*DEVICE)
    three.use_case(*EVENTS)
    looked(three)
    assert [one["event"] for one in three.journal("associated")] == ["associated"] * 3


def test_no_counter_is_handed_out_twice(three: Street) -> None:
    three.use_case(*DEVICE)
    looked(three)
    (before,) = three.all("select max(next_ic) from kw.meter_key")[0]
    looked(three)
    (after,) = three.all("select min(next_ic) from kw.meter_key")[0]
    assert after > before


def test_while_another_is_at_the_meters_nothing_is_done(three: Street) -> None:
    three.use_case(*DEVICE)
    with only_one(three.house), pytest.raises(NightRuns):
        looked(three)
    assert (three.kinds(), three.journal()) == ([], [])
    assert looked(three).meters == 3


def test_facts_are_loaded_under_the_lock(three: Street) -> None:
    """What is loaded before might have changed by the time of the visit, limits above all."""
    three.use_case(*DEVICE)
    asked: list[bool] = []

    def batches() -> Iterator[list[Wish]]:
        with psycopg.connect(three.house.dsns.operator, autocommit=True) as c:
            asked.append(nights.lock(c, 50))
        yield from wishes.walk(three.house, AT, lambda row: device_care.wanted(row, AT))

    carry(three.house, batches(), Inline(), clock=three.clock)
    assert asked == [False]


def test_who_refused_and_came_back_before_the_round_is_visited(three: Street) -> None:
    three.use_case(*DEVICE)
    home = three.places[0]
    for choice, minutes in ((Choice.REFUSE, 20), (Choice.ON, 10)):
        refusal.choose(three.house, home.person, home.connection, choice, at=AT - timedelta(minutes=minutes))
    whole = looked(three)
    assert (whole.meters, whole.stopped) == (3, 0)


def test_who_refuses_between_the_facts_and_the_decision_is_not_visited(three: Street) -> None:
    """A batch has its turn after its facts were loaded, and they know nothing of what began before that turn."""
    three.use_case(*DEVICE)
    home = three.places[0]

    def batches() -> Iterator[list[Wish]]:
        for batch in wishes.walk(three.house, AT, lambda row: device_care.wanted(row, AT)):
            refusal.choose(three.house, home.person, home.connection, Choice.REFUSE, at=AT - timedelta(hours=2))
            yield batch

    whole = carry(three.house, batches(), Inline(), clock=three.clock)
    assert (whole.stopped, three.all("select count(*) from kw.sight")) == (3, [(6,)])


def test_a_worker_that_fails_leaves_an_intent_and_the_next_round_gives_it_up(three: Street) -> None:
    three.use_case(*DEVICE)

    def die() -> None:
        raise BrokenExecutor

    with pytest.raises(WorkerLost):
        looked(three, Watching(die))
    assert three.all("select state from kw.batch") == [("planned",)]
    assert three.all("select count(*) from kw.sight") == three.all("select count(*) from kw.use_case_day") == [(0,)]
    assert looked(three).meters == 3
    assert three.all("select state, count(*) from kw.batch group by 1 order by 1") == [("abandoned", 1), ("committed", 1)]
    assert three.all("select count(*) from kw.sight") == [(9,)]


def test_a_batch_that_fails_does_not_take_along_what_another_did(three: Street) -> None:
    """Both are out with workers when the first fails: the second is written down all the same, before the lock is let go."""
    three.use_case(*DEVICE)
    turns = iter([RuntimeError("the first"), None])

    def then() -> None:
        fault = next(turns)
        if fault is not None:
            raise fault

    def batches() -> Iterator[list[Wish]]:
        (whole,) = wishes.walk(three.house, AT, lambda row: device_care.wanted(row, AT))
        yield whole[:1]
        yield whole[1:]

    with pytest.raises(RuntimeError, match="the first"):
        carry(three.house, batches(), Watching(then), clock=three.clock)
    assert sorted(three.all("select state from kw.batch")) == [("committed",), ("planned",)]
    assert three.all("select count(distinct meter) from kw.sight") == [(2,)]


def test_a_round_killed_between_intent_and_deed_is_given_up_and_nothing_doubled(three: Street) -> None:
    three.use_case(*DEVICE)
    command = [sys.executable, str(Path(__file__).parent / "round_to_kill.py"), str(three.house.data)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    assert three.journal("associated"), "the meters were visited"
    assert three.kinds() == ["batch:intended"]
    assert three.all("select state from kw.batch") == [("planned",)]
    three.now += timedelta(hours=1)
    with only_one(three.house):
        assert recover(three.house, three.clock()).abandoned == 1
    assert three.all("select lost, count(*) from kw.use_case_day group by 1") == [(True, 3)]
    whole = looked(three)
    assert (whole.chores, whole.gaps) == (9, {}), "its counters were not used again, or the meters would have refused"
    assert three.all("select count(*), count(distinct (meter, chore)) from kw.sight") == [(9, 9)]
    (visited,) = three.all("select max(at) from kw.outcome")[0]
    days = three.all("select lost, day, count(*) from kw.use_case_day group by 1, 2 order by 1")
    assert days == [(False, day_of(visited), 3), (True, day_of(AT), 3)]
    assert three.kinds() == ["batch:intended", "intent:abandoned", "batch:intended", "batch:read"]


def test_what_a_killed_round_saw_counts_against_the_limit(three: Street) -> None:
    """It was at the meters, and nobody can say at which: on the next day the one visit of the year is used up."""
    case = three.use_case(*DEVICE, limit=1)
    command = [sys.executable, str(Path(__file__).parent / "round_to_kill.py"), str(three.house.data)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    assert len(three.journal("associated")) == 3
    three.now += timedelta(days=1)
    whole = looked(three)
    assert (whole.meters, whole.refused) == (0, {"F11": 3})
    assert len(three.journal("associated")) == 3
    days = three.all("select use_case, connection, day, lost from kw.use_case_day order by 2")
    assert days == [(case, place.connection, day_of(AT), True) for place in three.places]
    ((batch,),) = three.all("select id from kw.batch where state = 'abandoned'")
    assert [body for kind, body in three.entries() if kind == "intent:abandoned"] == [{"batch": batch}]


def test_a_round_that_nobody_killed_gives_up_nothing(three: Street) -> None:
    three.use_case(*DEVICE)
    looked(three)
    looked(three)
    assert "intent:abandoned" not in three.kinds()
    assert three.all("select lost, count(*) from kw.use_case_day group by 1") == [(False, 3)]


def test_a_ground_stopped_while_under_way_stops_the_visit(three: Street) -> None:
    three.use_case(*DEVICE)
    barred = three.places[0]
    whole = looked(three, Watching(lambda: three.facts.restriction(barred.connection, Period(AT - timedelta(hours=1)))))
    assert (whole.stopped, whole.chores) == (3, 6)
    outcomes = three.all("select result, permits from kw.outcome where connection = %s", barred.connection)
    assert outcomes == [(str(Result.STOPPED), b"")] * 3
    assert barred.connection not in {key for (key,) in three.all("select connection from kw.use_case_day")}


def test_a_meter_that_cannot_be_reached_is_a_gap_with_its_reason_and_no_visit(three: Street) -> None:
    three.use_case(*DEVICE)
    three.facts.c.execute("update kw.meter set port = 9 where key = %s", (three.places[0].meter,))
    title = {"equipment_id": "E1", "system_title": b"KWS00001", "host": "127.0.0.1", "port": 9, "model": "SMR5"}
    three.facts.new("meter", **title, connection=three.facts.connection(transformer=three.transformer), placed=ALWAYS)
    whole = looked(three)
    assert (whole.chores, whole.gaps) == (6, {"unreachable": 3, "no_keys": 3})
    assert three.all("select connection from kw.use_case_day order by 1") == [(place.connection,) for place in three.places[1:]]


def test_nothing_that_is_written_names_a_meter_or_a_person(three: Street) -> None:
    three.use_case(*DEVICE)
    three.use_case(*EVENTS)
    three.facts.restriction(three.places[0].connection)
    looked(three)
    text = json.dumps([three.entries(), three.lines("batch:intended"), three.lines("batch:read"), three.lines("batch:refused")])
    for secret in three.all("select equipment_id, host(host) from kw.meter union select ean, ean from kw.connection"):
        assert not any(str(one) in text for one in secret)
