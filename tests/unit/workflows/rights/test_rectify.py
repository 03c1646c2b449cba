"""What was wrong is put right for whatever is decided from now on; what was decided before can be decided again as of then."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from kwartier.grounds.rights import Right
from kwartier.model.period import Period, midnight
from kwartier.store.registry import names
from kwartier.store.registry.rectifications import Overlaps, Rectification
from kwartier.workflows import delivery_round, inquiry, installation, replay
from kwartier.workflows.inquiry.errors import NotYours
from kwartier.workflows.rights import access, rectify, register
from kwartier.workflows.rights.errors import AlreadyAnswered, CannotBeAsked, NoSuchRequest, ReasonMissing
from kwartier.workflows.rights.rectify import Answer
from night_support import Story
from registry_support import between, on
from rights_support import AFTER, AT, BEFORE, Household, officer

FOLDER = Path(__file__).resolve().parents[3] / "scenarios" / "night_move"
ANSWER = Answer("A. Officer", "the contract says otherwise")
REALLY = between("2026-03-05")


def stay_of(household: Household, who: int) -> int:
    row = household.facts.c.execute("select id from kw.occupancy where subject = %s", (who,)).fetchone()
    assert row is not None
    return int(row[0])


def test_who_came_later_than_was_written_sees_nothing_of_the_time_before(household: Household) -> None:
    house, came = household.house, household.came
    assert inquiry.usage(house, came, household.home, AFTER, at=AT).days
    done = rectify.correct_stay(house, stay_of(household, came), between("2026-03-11"), ANSWER, at=AT)
    assert done.wrong == between("2026-03-01", "2026-03-11")
    with pytest.raises(NotYours):
        inquiry.usage(house, came, household.home, AFTER, at=AT)
    kinds = {line.kind for line in inquiry.access_log(house, came, most=99)}
    assert kinds >= {"occupancy:superseded", "occupancy:began", "rectification:done"}


def test_a_stay_that_was_somebody_elses_is_put_on_that_person(household: Household) -> None:
    other = household.facts.subject("OTHER")
    rectify.correct_stay(household.house, stay_of(household, household.came), between("2026-03-01"), ANSWER, at=AT, whose="OTHER")
    assert inquiry.connections(household.house, household.came) == []
    assert inquiry.usage(household.house, other, household.home, AFTER, at=AT).days


def test_a_stay_that_never_was_is_taken_out(household: Household) -> None:
    done = rectify.correct_stay(household.house, stay_of(household, household.came), None, ANSWER, at=AT)
    assert done.wrong == between("2026-03-01")
    assert inquiry.connections(household.house, household.came) == []
    assert inquiry.usage(household.house, household.left, household.home, BEFORE, at=AT).days, "the other one is untouched"


def test_who_never_lived_there_still_has_the_own_page_with_what_was_given(household: Household) -> None:
    house, came = household.house, household.came
    rectify.correct_stay(house, stay_of(household, came), None, ANSWER, at=AT)
    (given,) = inquiry.who_may(house, came, at=AT).permissions
    assert (given.id, given.idle and given.idle.id) == (household.permission, "F9")
    number = register.ask(house, came, Right.ACCESS, at=AT).id
    assert [one["permission"] for one in access.document(house, came, number, at=AT)["permissions"]] == [household.permission]


def test_two_neighbours_are_put_right_one_after_the_other(household: Household) -> None:
    house = household.house
    left, came = stay_of(household, household.left), stay_of(household, household.came)
    longer = between("2020-01-01", "2026-03-05")
    with pytest.raises(Overlaps):
        rectify.correct_stay(house, left, longer, ANSWER, at=AT)
    rectify.correct_stay(house, came, REALLY, ANSWER, at=AT)
    assert rectify.correct_stay(house, left, longer, ANSWER, at=AT).wrong == between("2026-03-01", "2026-03-05")


def test_the_supplier_gets_the_register_of_the_day_on_which_somebody_really_moved(household: Household) -> None:
    """The nights that ask for it were over: it is told as any move that is told late."""
    house = household.house
    rectify.correct_stay(house, stay_of(household, household.came), between(AFTER.isoformat()), ANSWER, at=AT + timedelta(days=2))
    delivery_round.run(house, clock=lambda: AT + timedelta(days=2))
    found = household.facts.c.execute("select receiver, status, lower(period) from kw.parcel where purpose = 'move'").fetchall()
    assert found == [(household.supplier, "delivered", midnight(AFTER))]


def test_what_makes_no_sense_is_refused_and_changes_nothing(household: Household) -> None:
    house, came = household.house, stay_of(household, household.came)
    with pytest.raises(CannotBeAsked):
        rectify.correct_stay(house, came, between("2026-03-01"), ANSWER, at=AT)
    with pytest.raises(CannotBeAsked):
        rectify.correct_stay(house, came, REALLY, ANSWER, at=AT, whose="WHO IS THAT")
    with pytest.raises(ReasonMissing):
        rectify.correct_stay(house, came, REALLY, replace(ANSWER, because=" "), at=AT)
    with pytest.raises(NoSuchRequest):
        rectify.correct_stay(house, 999, REALLY, ANSWER, at=AT)
    assert stay_of(household, household.came) == came


def test_a_name_is_put_right_and_the_request_answered(household: Household) -> None:
    house = household.house
    asked = register.ask(house, household.came, Right.RECTIFICATION, at=AT, words="my name is Jansen")
    rectify.correct_name(house, "CAME", "Jansen", replace(ANSWER, request=asked.id), at=AT)
    with house.operator() as c:
        me = names.person(c, key=household.came)
        kept = c.execute("select row_to_json(r)::text from kw.rectification r").fetchall()
        leaves = c.execute("select convert_from(leaf, 'UTF8') from audit.pending").fetchall()
    assert me is not None
    assert house.name_of(me) == "Jansen"
    assert register.request(house, asked.id).state == "answered"
    assert not any("Jansen" in row[0] for row in (*kept, *leaves))
    with pytest.raises(CannotBeAsked):
        rectify.correct_name(house, "CAME", " ", ANSWER, at=AT)


def test_what_is_put_right_is_told_to_whose_request_it_answers_and_to_nobody_else(household: Household) -> None:
    house = household.house
    theirs = register.ask(house, household.left, Right.RECTIFICATION, at=AT, words="it is wrong")
    with pytest.raises(NoSuchRequest):
        rectify.correct_name(house, "CAME", "Jansen", replace(ANSWER, request=theirs.id), at=AT)
    stay = stay_of(household, household.came)
    with pytest.raises(NoSuchRequest):
        rectify.correct_stay(house, stay, REALLY, replace(ANSWER, request=theirs.id), at=AT)
    register.answer(house, theirs.id, by="A. Officer", because="it was right", refused=True, at=AT)
    with pytest.raises(AlreadyAnswered):
        rectify.correct_stay(house, stay_of(household, household.left), None, replace(ANSWER, request=theirs.id), at=AT)
    assert household.facts.c.execute("select from kw.rectification").fetchone() is None


def test_nobody_takes_a_fact_out_by_hand(household: Household) -> None:
    for statement in (b"delete from kw.occupancy", b"insert into kw.superseded values ('occupancy', 1, 1, 1, '[now,)', '{}', 1)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), household.house.operator() as c:
            c.execute(statement)


@pytest.fixture
def story(installation_dir: Path) -> Iterator[Story]:
    """Begin the story of a move: Anna left and Bram came on 11 March, or so it is written."""
    installation.create(installation_dir)
    with installation.opened(installation_dir) as house:
        yield Story.begin(house, FOLDER, datetime.fromisoformat("2026-03-11T02:00:00+01:00"))


def stays(story: Story, code: str) -> list[tuple[int, Period]]:
    return [(one.id, one.period) for one in rectify.stays(officer(story.house), code, at=story.clock())]


def corrected(story: Story) -> list[Rectification]:
    """Bram really came on the twelfth, and Anna stayed until then: both connections of each."""
    story.now = datetime.fromisoformat("2026-03-12T10:00:00+01:00")
    done = [
        rectify.correct_stay(story.house, i, Period(on("2026-03-12")), ANSWER, at=story.clock()) for i, _ in stays(story, "BRAM")
    ]
    done += [
        rectify.correct_stay(story.house, i, Period(period.start, on("2026-03-12")), ANSWER, at=story.clock())
        for i, period in stays(story, "ANNA")
    ]
    return done


def test_what_was_decided_before_is_decided_again_as_of_then_and_who_must_be_told_is_listed(story: Story) -> None:
    for day in (10, 11):
        story.night(date(2026, 3, day))
        delivery_round.run(story.house, clock=story.clock)
    done = corrected(story)
    assert {told.role for one in done for told in one.tell} == {"supplier"}
    for one in done:
        heard = [(each.role, each.receiver, each.parcels) for each in rectify.told(officer(story.house), one.id)]
        assert heard == [tuple(each) for each in one.tell]
    story.night(date(2026, 3, 12))
    assert delivery_round.run(story.house, clock=story.clock).notices == sum(len(one.tell) for one in done) > 0
    assert all(each.told is not None for one in done for each in rectify.told(officer(story.house), one.id))
    checked = replay.run(story.house, at=story.clock())
    assert (checked.findings, checked.uncovered, checked.over_broad, checked.late) == ([], 0, 0, 0)


def test_what_was_taken_out_and_is_gone_is_found(story: Story) -> None:
    story.night(date(2026, 3, 10))
    corrected(story)
    with psycopg.connect(story.house.dsns.owner) as c:
        c.execute("alter table kw.superseded disable trigger user")
        c.execute("delete from kw.superseded")
    assert {one.code for one in replay.run(story.house, at=story.clock()).findings} == {"fact-differs"}


def test_a_stay_taken_out_without_the_log_being_told_is_found(story: Story) -> None:
    story.night(date(2026, 3, 10))
    (first, _), *_ = stays(story, "BRAM")
    with psycopg.connect(story.house.dsns.operator) as c:
        row = c.execute(
            "insert into kw.rectification (connection, fact, at, by) select connection, 'occupancy', now(), 'x' from kw.occupancy"
            " where id = %s returning id",
            (first,),
        ).fetchone()
        assert row is not None
        c.execute("select kw.supersede('occupancy', %s, %s)", (first, row[0]))
    assert "fact-differs" in {one.code for one in replay.run(story.house, at=story.clock()).findings}
