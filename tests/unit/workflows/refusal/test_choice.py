"""A customer refuses the meter, switches it off and comes back: facts, stops and log in one, and of the own meter only."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from care_rounds_support import AT, Street
from kwartier.engine import Inline
from kwartier.model.ground import Restriction, RestrictionKind
from kwartier.model.period import Period, epoch_s
from kwartier.store.postgres import Dsns
from kwartier.store.registry import facts as known
from kwartier.store.registry import restrictions, stops
from kwartier.store.registry.errors import NotAnOccupant
from kwartier.workflows import device_care, enrolment, permission, refusal, replay
from kwartier.workflows.installation import Installation
from kwartier.workflows.refusal import Choice, NothingToChange, NotYourMeter
from registry_support import NOON, World, between, on

SOON, DAY = timedelta(minutes=1), timedelta(days=1)


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
    return [(one.kind, one.period) for one in sorted(found, key=lambda one: one.period.start)]


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
    with opened.operator() as c:
        loaded = stops.loaded(c, NOON - SOON)
    refusal.choose(opened, home.me, home.power, choice, at=NOON)
    with opened.operator() as c:
        stopped = stops.since(c, loaded, now=NOON + SOON)
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
    assert (mine.stands, mine.since, mine.inherited) == (Choice.OFF, None, True), "since when before that they do not learn"
    refusal.choose(opened, home.me, home.power, Choice.ON, at=NOON)
    assert said(opened, home.power) == [(RestrictionKind.ADMINISTRATIVELY_OFF, Period(between("2025-06-01").start, NOON))]


REFUSED, OFF = RestrictionKind.REFUSED, RestrictionKind.ADMINISTRATIVELY_OFF
JUNE = on("2026-06-01")
FORMER = between("2025-12-01").start


def word(house: Installation, home: Home, choice: Choice, by: str) -> None:
    if by == "customer":
        refusal.choose(house, home.me, home.power, choice, at=NOON)
    else:
        refusal.choose_for(house, home.power, choice, at=NOON)


@pytest.mark.parametrize("by", ["customer", "letter"])
@pytest.mark.parametrize("planned", [REFUSED, OFF])
@pytest.mark.parametrize("until", [None, "2026-08-01"])
@pytest.mark.parametrize(("choice", "kind"), [(Choice.REFUSE, REFUSED), (Choice.OFF, OFF), (Choice.ON, None)])
def test_a_word_takes_the_place_of_what_was_said_for_later(  # noqa: PLR0917 - what was said, by whom, and what is said now
    opened: Installation,
    home: Home,
    facts: World,
    by: str,
    planned: RestrictionKind,
    until: str | None,
    choice: Choice,
    kind: RestrictionKind | None,
) -> None:
    later = between("2026-06-01", until)
    number = facts.restriction(home.power, later, planned)
    (mine,) = refusal.meters(opened, home.me, at=NOON)
    assert (mine.stands, mine.choices, [one.period for one in mine.planned]) == (Choice.ON, tuple(Choice), [later])
    word(opened, home, choice, by)
    assert said(opened, home.power) == ([] if kind is None else [(kind, Period(NOON))]), "without a gap, and without an end"
    with opened.operator() as c:
        lines = [(one.kind, one.body) for one in opened.log.of_subject(c, "ME", home.power, Period(NOON))]
    at_s = epoch_s(JUNE)
    assert lines[0] == ("restriction:ended", {"restriction": number, "kind": planned, "start": at_s, "end": at_s})
    assert [one for one, _ in lines[1:]] == ([] if kind is None else ["restriction:began"])
    with pytest.raises(NothingToChange):
        word(opened, home, choice, by)


@pytest.mark.parametrize("by", ["customer", "letter"])
@pytest.mark.parametrize("stood", [REFUSED, OFF])
@pytest.mark.parametrize(("choice", "kind"), [(Choice.REFUSE, REFUSED), (Choice.OFF, OFF), (Choice.ON, None)])
def test_a_word_takes_the_place_of_what_would_end_by_itself(  # noqa: PLR0917 - what was said, by whom, and what is said now
    opened: Installation, home: Home, facts: World, by: str, stood: RestrictionKind, choice: Choice, kind: RestrictionKind | None
) -> None:
    facts.restriction(home.power, between("2026-03-01", "2026-06-01"), stood)
    (mine,) = refusal.meters(opened, home.me, at=NOON)
    assert (mine.stands is Choice.ON, mine.since, mine.until, mine.choices) == (False, on("2026-03-01"), JUNE, tuple(Choice))
    word(opened, home, choice, by)
    before = (stood, Period(on("2026-03-01"), NOON))
    assert said(opened, home.power) == ([before] if kind is None else [before, (kind, Period(NOON))])
    (mine,) = refusal.meters(opened, home.me, at=NOON)
    assert (mine.stands, mine.until, mine.planned) == (choice, None, ())
    assert mine.since == (None if kind is None else on("2026-03-01") if kind is stood else NOON)


def test_what_joins_and_has_no_end_is_as_it_was_asked(opened: Installation, home: Home, facts: World) -> None:
    facts.restriction(home.power, between("2026-03-01", "2026-06-01"), REFUSED)
    facts.restriction(home.power, between("2026-06-01"), REFUSED)
    (mine,) = refusal.meters(opened, home.me, at=NOON)
    assert (mine.stands, mine.since, mine.until, mine.planned) == (Choice.REFUSE, on("2026-03-01"), None, ())
    assert mine.choices == (Choice.OFF, Choice.ON)
    with pytest.raises(NothingToChange):
        refusal.choose(opened, home.me, home.power, Choice.REFUSE, at=NOON)
    refusal.choose(opened, home.me, home.power, Choice.ON, at=NOON)
    assert said(opened, home.power) == [(REFUSED, Period(on("2026-03-01"), NOON))]


def test_a_permission_lives_on_where_off_takes_the_place_of_a_refusal(opened: Installation, home: Home, facts: World) -> None:
    app = facts.party("third_party")
    facts.agreement(app)
    facts.permission(home.power, home.me, app, between("2026-02-01"))
    facts.restriction(home.power, Period(JUNE), REFUSED)
    refusal.choose(opened, home.me, home.power, Choice.OFF, at=NOON)
    assert permission.keep_up(opened, at=on("2026-07-01")).ended == 0


def test_who_leaves_says_nothing_of_the_time_of_who_comes(opened: Installation, home: Home, facts: World) -> None:
    moved = on("2126-06-01")
    facts.c.execute("update kw.occupancy set period = tstzrange(lower(period), %s) where subject = %s", (moved, home.me))
    facts.occupancy(home.power, facts.subject("NEXT"), Period(moved))
    theirs = REFUSED, Period(moved + 30 * DAY)
    facts.restriction(home.power, theirs[1], REFUSED)
    (mine,) = refusal.meters(opened, home.me, at=NOON)
    assert (mine.planned, mine.choices) == ((), (Choice.REFUSE, Choice.OFF))
    for n, (choice, kind) in enumerate([(Choice.OFF, OFF), (Choice.REFUSE, REFUSED)]):
        at = NOON + n * SOON
        refusal.choose(opened, home.me, home.power, choice, at=at)
        assert said(opened, home.power)[-2:] == [(kind, Period(at, theirs[1].start)), theirs]
        with pytest.raises(NothingToChange):
            refusal.choose(opened, home.me, home.power, choice, at=at + SOON / 2)
    refusal.choose(opened, home.me, home.power, Choice.ON, at=NOON + 2 * SOON)
    assert said(opened, home.power)[-1] == theirs


def test_the_replay_and_the_proof_of_absence_know_what_was_taken_back(
    opened: Installation, home: Home, tmp_path: Path, facts: World
) -> None:
    (row,) = facts.c.execute("select ean from kw.connection where key = %s", (home.power,)).fetchone() or ("",)
    (tmp_path / "restrictions.csv").write_text(f"ean,kind,start,end\n{row},refused,2026-06-01,\n", "utf-8")
    assert enrolment.take(opened, tmp_path, dry_run=False, at=NOON - 9 * DAY).rejected == 0

    def found() -> set[str]:
        return {str(one) for one in replay.run(opened, at=JUNE + 9 * DAY).findings}

    before = found()
    assert not any("restriction" in one for one in before)
    refusal.choose(opened, home.me, home.power, Choice.OFF, at=NOON)
    refusal.choose(opened, home.me, home.power, Choice.ON, at=JUNE)
    assert said(opened, home.power) == [(OFF, Period(NOON, JUNE))]
    assert found() == before
    days = (NOON + DAY).date(), (JUNE - 2 * DAY).date()
    proof = refusal.absence(opened, home.me, home.power, *days, at=JUNE + DAY)
    assert refusal.check(proof.body, opened.log.vkey, "ME").faults == []
    facts.c.commit()
    with psycopg.connect(opened.dsns.owner, autocommit=True) as c:
        c.execute("delete from kw.restriction where connection = %s", (home.power,))
    assert found() > before, "a row that is gone without a word in the log is found"


def test_the_database_lets_a_customer_end_sooner_and_take_back_only_what_is_to_come(home: Home, facts: World, dsns: Dsns) -> None:
    begun = facts.restriction(home.power, between("2026-02-01", "2026-06-01"))
    later = facts.restriction(home.power, between("2026-06-01", "2026-07-01"), REFUSED)
    with psycopg.connect(dsns.portal, autocommit=True) as c:
        for subject, taken in ((home.former, False), (home.me, True)):
            c.execute("select set_config('kwartier.subject', %s, false)", (str(subject),))
            for moment in (FORMER, NOON):
                took = c.execute("select kw.take_back_restriction(%s, %s)", (begun, NOON)).fetchone()
                assert took == (False,), "it has begun"
                if not taken:
                    assert c.execute("select kw.take_back_restriction(%s, %s)", (later, moment)).fetchone() == (False,)
        one = Restriction(begun, OFF, between("2026-02-01", "2026-06-01"))
        for end in ("2026-07-01", None):
            value = "tstzrange(lower(period), %s)"
            with pytest.raises(InsufficientPrivilege):
                c.execute(f"update kw.restriction set period = {value} where id = %s".encode(), (end, begun))  # noqa: S608 - ours
        with pytest.raises(NotAnOccupant):
            restrictions.end(c, one, Period(one.period.start, on("2026-07-01")))
        restrictions.end(c, one, Period(one.period.start, NOON))
        restrictions.take_back(c, Restriction(later, REFUSED, between("2026-06-01", "2026-07-01")), NOON)
        with pytest.raises(NotAnOccupant):
            restrictions.begin(c, home.power, REFUSED, Period(NOON, JUNE))
        assert c.execute("select id from kw.restriction").fetchall() == [(begun,)]


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
