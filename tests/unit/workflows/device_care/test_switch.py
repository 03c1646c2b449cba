"""The administrative status at the meter: as the customer chose it last, there and back, and never where nobody chose."""

from datetime import timedelta

from care_rounds_support import AT, Street
from kwartier.engine import Inline
from kwartier.model.care import AdministrativeStatus
from kwartier.model.period import Period
from kwartier.workflows import device_care
from kwartier.workflows.device_care import Switched
from registry_support import ALWAYS

OFF, ON = AdministrativeStatus.OFF, AdministrativeStatus.ON


def switched(three: Street) -> Switched:
    return device_care.switch(three.house, Inline(), clock=three.clock)


def written(three: Street) -> int:
    return len(three.journal("written"))


def statuses(three: Street) -> list[tuple[str, int]]:
    return [(chore, value) for chore, value in three.all("select chore, value from kw.sight order by at")]


def test_nothing_is_set_where_nobody_chose(three: Street) -> None:
    done = switched(three)
    assert (done.off, done.on, done.otherwise, three.journal(), three.kinds()) == (0, 0, (), [], [])


def test_off_and_on_again_when_it_ended_and_each_once(three: Street) -> None:
    chose = three.facts.restriction(three.places[0].connection, Period(AT - timedelta(hours=1)))
    done = switched(three)
    assert (done.off, done.on, done.otherwise, statuses(three)) == (1, 0, (), [("switch_off", OFF)])
    assert (switched(three).round.meters, written(three)) == (0, 1), "it was seen to be so"
    assert three.all("select count(*) from kw.batch") == [(1,)], "where nothing is to be done nothing is written"
    three.facts.c.execute(
        "update kw.restriction set period = tstzrange(lower(period), %s) where id = %s", (AT + timedelta(minutes=10), chose)
    )
    assert switched(three).round.meters == 0, "not before it ends"
    three.now = AT + timedelta(minutes=11)
    done = switched(three)
    assert (done.off, done.on, statuses(three)) == (0, 1, [("switch_off", OFF), ("switch_on", ON)])
    assert (switched(three).round.meters, written(three)) == (0, 2)
    assert {(one["p"], one["r"]) for one in three.lines("batch:read")} == {("switch_off", "read"), ("switch_on", "read")}
    assert three.all("select count(*) from kw.use_case_day") == [(0,)], "the customer's own choice uses up nobody's limit"


def test_only_the_meter_of_who_chose_is_touched(three: Street) -> None:
    three.facts.restriction(three.places[1].connection, Period(AT - timedelta(hours=1)))
    switched(three)
    (equipment,) = three.all("select equipment_id from kw.meter where key = %s", three.places[1].meter)[0]
    assert {one["equipment_id"] for one in three.journal()} == {equipment}


def test_who_refused_the_meter_is_never_visited_whatever_was_chosen_before(three: Street) -> None:
    there = three.places[0].connection
    three.facts.restriction(there, Period(AT - timedelta(days=9), AT - timedelta(days=2)))
    three.facts.restriction(there, Period(AT - timedelta(days=1)), kind="refused")
    done = switched(three)
    assert (done.round.refused, done.round.meters, three.journal()) == ({"F1": 1}, 0, [])


def test_the_gas_that_a_meter_carries_is_not_switched_a_second_time(three: Street) -> None:
    place = three.places[0]
    gas = three.facts.connection("gas", transformer=three.transformer)
    three.facts.coupling(place.meter, gas)
    three.facts.restriction(place.connection, Period(AT - timedelta(hours=1)))
    three.facts.restriction(gas, Period(AT - timedelta(hours=1)))
    done = switched(three)
    assert (done.off, done.round.meters, written(three)) == (1, 1, 1)


def test_a_new_meter_is_set_anew(three: Street) -> None:
    place = three.places[0]
    three.facts.restriction(place.connection, Period(AT - timedelta(hours=1)))
    switched(three)
    three.facts.c.execute("update kw.meter set placed = '[2020-01-01,2026-11-21)' where key = %s", (place.meter,))
    three.facts.c.execute(
        "update kw.meter set connection = %s, placed = %s where key = %s",
        (place.connection, f"[{AT - timedelta(hours=2)},)", three.places[1].meter),
    )
    assert switched(three).off == 1
    assert {meter for (meter,) in three.all("select meter from kw.sight")} == {place.meter, three.places[1].meter}


def test_one_that_was_not_reached_is_tried_again(three: Street) -> None:
    place = three.places[0]
    three.facts.restriction(place.connection, Period(AT - timedelta(hours=1)))
    three.facts.c.execute("update kw.meter set port = 9 where key = %s", (place.meter,))
    done = switched(three)
    assert (done.off, done.round.gaps) == (0, {"unreachable": 1})
    three.facts.c.execute("update kw.meter set port = %s where key = %s", (three.port, place.meter))
    assert switched(three).off == 1


def test_what_was_chosen_for_ever_is_off_for_ever(three: Street) -> None:
    three.facts.restriction(three.places[0].connection, ALWAYS)
    assert switched(three).off == 1
