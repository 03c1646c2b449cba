"""A customer refuses the meter, switches it off and comes back: facts, stops and log in one, and of the own meter only."""

from datetime import timedelta

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from care_rounds_support import AT, Street
from kwartier.engine import Inline
from kwartier.model.ground import Restriction, RestrictionKind
from kwartier.model.period import Period
from kwartier.store.postgres import Dsns
from kwartier.store.registry import facts as known
from kwartier.store.registry import restrictions, stops
from kwartier.store.registry.errors import NotAnOccupant
from kwartier.workflows import device_care, refusal
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal import Choice, NothingToChange, NotYourMeter
from registry_support import NOON, World, between

SOON = timedelta(minutes=1)


class Home:
    """A home with a meter that carries its gas, and somebody who lives there; somebody else left before."""

    def __init__(self, facts: World) -> None:
        """Write its facts."""
        self.power, self.gas = facts.connection(), facts.connection("gas")
        self.me, self.former = facts.subject("ME"), facts.subject("LEFT")
        for place in (self.power, self.gas):
            facts.occupancy(place, self.former, between("2020-01-01", "2026-01-01"))
            facts.occupancy(place, self.me, between("2026-01-01"))
        meter = facts.meter(self.power)
        facts.new("coupling", meter=meter, mbus=1, connection=self.gas, period=between("2020-01-01"))


@pytest.fixture
def home(facts: World) -> Home:
    return Home(facts)


def said(house: Installation, connection: int) -> list[tuple[str, Period]]:
    with house.operator() as c:
        found = known.facts(c, connection, year=2026).restrictions
    return [(one.kind, one.period) for one in found]


def test_refused_off_and_back_each_ends_what_was_said_before(opened: Installation, home: Home) -> None:
    choose = [(Choice.OFF, NOON), (Choice.REFUSE, NOON + SOON), (Choice.ON, NOON + 2 * SOON)]
    for choice, at in choose:
        refusal.choose(opened, home.me, home.power, choice, at=at)
        with pytest.raises(NothingToChange):
            refusal.choose(opened, home.me, home.power, choice, at=at + timedelta(seconds=5))
    expected = [
        (RestrictionKind.ADMINISTRATIVELY_OFF, Period(NOON, NOON + SOON)),
        (RestrictionKind.REFUSED, Period(NOON + SOON, NOON + 2 * SOON)),
    ]
    assert said(opened, home.power) == expected
    assert said(opened, home.gas) == expected, "the gas that the meter carries goes with it"
    with opened.operator() as c:
        lines = [(one.kind, one.actor, one.body["kind"]) for one in opened.log.of_subject(c, "ME", home.power, Period(NOON))]
    actor = f"customer:{home.me}"
    assert lines == [
        ("restriction:began", actor, "administratively_off"),
        ("restriction:ended", actor, "administratively_off"),
        ("restriction:began", actor, "refused"),
        ("restriction:ended", actor, "refused"),
    ]


@pytest.mark.parametrize("choice", [Choice.REFUSE, Choice.OFF])
def test_it_stops_what_is_under_way_at_the_meter(opened: Installation, home: Home, choice: Choice) -> None:
    refusal.choose(opened, home.me, home.power, choice, at=NOON)
    with opened.operator() as c:
        stopped = stops.since(c, NOON - SOON, now=NOON + SOON)
    assert stopped == {("connection", home.power), ("connection", home.gas)}


def test_said_and_taken_back_within_a_second_leaves_no_fact_without_time(opened: Installation, home: Home) -> None:
    for choice in (Choice.OFF, Choice.REFUSE, Choice.ON):
        refusal.choose(opened, home.me, home.power, choice, at=NOON + timedelta(milliseconds=300))
    assert all(period.end is not None and period.start < period.end for _, period in said(opened, home.power))


def test_nobody_chooses_for_another_nor_for_before_nor_for_gas_alone(opened: Installation, home: Home) -> None:
    for subject, connection in ((home.former, home.power), (home.me, home.gas), (home.me, 999)):
        with pytest.raises(NotYourMeter):
            refusal.choose(opened, subject, connection, Choice.REFUSE, at=NOON)
    assert said(opened, home.power) == []
    assert refusal.meters(opened, home.former, at=NOON) == []
    (mine,) = refusal.meters(opened, home.me, at=NOON)
    assert (mine.connection, mine.stands, mine.choices) == (home.power, Choice.ON, (Choice.REFUSE, Choice.OFF))


def test_who_came_to_live_there_may_have_it_back(opened: Installation, home: Home, facts: World) -> None:
    facts.restriction(home.power, between("2025-06-01"))
    (mine,) = refusal.meters(opened, home.me, at=NOON)
    assert (mine.stands, mine.since) == (Choice.OFF, between("2026-01-01").start), "of before they learn nothing"
    refusal.choose(opened, home.me, home.power, Choice.ON, at=NOON)
    assert said(opened, home.power) == [(RestrictionKind.ADMINISTRATIVELY_OFF, Period(between("2025-06-01").start, NOON))]


def test_the_database_itself_keeps_a_person_to_the_own_meter(home: Home, facts: World, dsns: Dsns) -> None:
    other = facts.connection()
    theirs = facts.restriction(other, between("2026-02-01"))
    mine = facts.restriction(home.power, between("2026-02-01"))
    with psycopg.connect(dsns.portal, autocommit=True) as c:
        c.execute("select set_config('kwartier.subject', %s, false)", (str(home.me),))
        for connection in (other, home.gas):
            with pytest.raises(NotAnOccupant):
                restrictions.begin(c, connection, RestrictionKind.REFUSED, Period(NOON))
        with pytest.raises(InsufficientPrivilege):
            c.execute("update kw.restriction set kind = 'refused' where id = %s", (mine,))
        with pytest.raises(InsufficientPrivilege):
            c.execute("delete from kw.restriction where id = %s", (mine,))
        one = Restriction(mine, RestrictionKind.ADMINISTRATIVELY_OFF, between("2026-02-01"))
        with pytest.raises(NotAnOccupant):
            restrictions.end(c, Restriction(theirs, one.kind, one.period), Period(one.period.start, NOON))
        restrictions.end(c, one, Period(one.period.start, NOON))


def test_who_left_says_nothing_of_the_home_of_who_came_not_even_dated_back(home: Home, facts: World, dsns: Dsns) -> None:
    once = facts.restriction(home.power, between("2025-06-01"))
    then = between("2025-12-01").start
    with psycopg.connect(dsns.portal, autocommit=True) as c:
        c.execute("select set_config('kwartier.subject', %s, false)", (str(home.former),))
        one = Restriction(once, RestrictionKind.ADMINISTRATIVELY_OFF, between("2025-06-01"))
        with pytest.raises(NotAnOccupant):
            restrictions.end(c, one, Period(one.period.start, then))
    with psycopg.connect(dsns.operator, autocommit=True) as c:
        restrictions.end(c, one, Period(one.period.start, then))
    with psycopg.connect(dsns.portal, autocommit=True) as c:
        c.execute("select set_config('kwartier.subject', %s, false)", (str(home.former),))
        with pytest.raises(NotAnOccupant):
            restrictions.begin(c, home.power, RestrictionKind.REFUSED, Period(then))


def test_staff_write_down_what_a_customer_said(opened: Installation, home: Home) -> None:
    refusal.choose_for(opened, home.power, Choice.REFUSE, at=NOON)
    with opened.operator() as c:
        (line,) = opened.log.of_subject(c, "ME", home.power, Period(NOON))
    assert (line.kind, line.actor) == ("restriction:began", "operator")
    with pytest.raises(NotYourMeter):
        refusal.choose_for(opened, home.gas, Choice.REFUSE, at=NOON)
    assert said(opened, home.gas) == said(opened, home.power)


def test_the_meter_is_set_by_the_next_round(three: Street) -> None:
    there = three.places[0].connection
    refusal.choose_for(three.house, there, Choice.OFF, at=AT - timedelta(hours=1))
    assert device_care.switch(three.house, Inline(), clock=three.clock).off == 1
    three.now = AT + timedelta(hours=1)
    refusal.choose_for(three.house, there, Choice.ON, at=three.now)
    three.now += timedelta(hours=1)
    assert device_care.switch(three.house, Inline(), clock=three.clock).on == 1
