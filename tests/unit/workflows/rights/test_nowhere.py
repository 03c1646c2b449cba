"""What the log says of a person and no connection, or of a time in which the person is written down nowhere any more."""

import json
from datetime import date, timedelta

import pytest

from kwartier.audit import verify
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.rights import Right
from kwartier.model.period import Period, midnight
from kwartier.model.register import Product
from kwartier.workflows import inquiry
from kwartier.workflows.inquiry.errors import NotYours
from kwartier.workflows.rights import access, portable, rectify, register
from kwartier.workflows.rights.rectify import Answer
from registry_support import between
from rights_support import AT, Household, officer

ANSWER = Answer("A. Officer", "the contract says otherwise")
HOUR = Period(AT - timedelta(minutes=30), AT + timedelta(minutes=30))


def stay_of(household: Household, who: int) -> int:
    row = household.facts.c.execute("select id from kw.occupancy where subject = %s", (who,)).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(params=["never lived anywhere", "the only stay was wrong"])
def nowhere(household: Household, request: pytest.FixtureRequest) -> tuple[int, str]:
    """Return somebody who lives and lived nowhere, by key and by code."""
    if request.param == "never lived anywhere":
        return household.facts.subject("NOBODY"), "NOBODY"
    rectify.correct_stay(household.house, stay_of(household, household.came), None, ANSWER, at=AT)
    return household.came, "CAME"


def test_a_look_at_who_lives_nowhere_stands_in_that_persons_log(household: Household, nowhere: tuple[int, str]) -> None:
    (who, code), house = nowhere, officer(household.house)
    number = register.ask_for(house, code, Right.ACCESS, at=AT).id
    register.look(house, number, at=AT)
    rectify.stays(house, code, at=AT)
    portable.for_post(house, number, "json", at=AT)
    with house.operator() as c:
        lines = [one for one in house.log.of_subject(c, code, None, HOUR) if one.kind is EventKind.VIEW_SHOWN]
        assert [house.log.staff(c, one.entry) is not None for one in lines] == [True] * 3, "with whose look it was"
    assert [one.body["shown"] for one in lines] == ["request", "stays", "document"]
    mine = [one for one in inquiry.access_log(house, who, most=99) if one.kind == "view:shown"]
    assert [(one.product, one.who) for one in mine] == [(None, ("operator",))] * 3


def test_the_own_log_and_the_document_have_what_is_at_no_connection_each_with_its_proof(
    household: Household, nowhere: tuple[int, str]
) -> None:
    (who, code), house = nowhere, household.house
    number = register.ask_for(house, code, Right.ACCESS, at=AT).id
    with house.auditor() as c:
        house.log.integrate(c)
    told = json.loads(portable.file(house, who, number, "json", at=AT).body)["log"]
    asked = [one for one in told if one["kind"].startswith("right:")]
    assert [(one["kind"], one["product"]) for one in asked] == [("right:answered", None), ("right:asked", None)]
    for one in told:
        text = inquiry.proof(house, who, one["entry"], None, at=AT).body.decode()
        assert verify.verify(text, house.log.vkey, code).about_subject
        with pytest.raises(NotYours):
            inquiry.proof(house, household.left, one["entry"], None, at=AT)
    theirs = access.document(house, household.left, register.ask(house, household.left, Right.ACCESS, at=AT).id, at=AT)
    assert {one["product"] for one in theirs["log"]} == {"electricity"}, "nothing of who is at no connection either"


def test_a_stay_that_was_put_right_takes_no_line_from_the_own_log(household: Household) -> None:
    house, came, home = household.house, household.came, household.home
    day_three = midnight(date(2026, 3, 4))
    with house.operator() as c:
        about = [Event(day_three, EventKind.PARCEL_DELIVERED, "operator", code, home, {}) for code in ("CAME", "LEFT", None)]
        house.log.record(c, about)
    before = inquiry.access_log(house, came, most=99)
    assert [one.kind for one in before] == ["parcel:delivered"]
    rectify.correct_stay(house, stay_of(household, came), between("2026-05-01"), ANSWER, at=AT)
    assert inquiry.access_log(house, came, most=99)[-1:] == before
    (at_home,) = {one.product for one in inquiry.access_log(house, came, most=99)}
    assert at_home is Product.ELECTRICITY


def test_who_is_written_down_elsewhere_keeps_the_lines_of_where_it_was_wrong(household: Household) -> None:
    house, facts, came = household.house, household.facts, household.came
    really = facts.connection("gas")
    rectify.correct_stay(house, stay_of(household, came), None, ANSWER, at=AT)
    facts.occupancy(really, came, between("2026-03-01"))
    rectify.stays(house, "CAME", at=AT)
    told = {(one.kind, one.product) for one in inquiry.access_log(house, came, most=99)}
    assert told >= {("occupancy:superseded", Product.ELECTRICITY), ("view:shown", Product.GAS)}
    assert inquiry.access_log(house, household.left, most=99) == []


def test_a_move_that_was_announced_ahead_is_in_the_own_log_from_then_on(household: Household) -> None:
    house, facts = household.house, household.facts
    new, coming = facts.connection(), facts.subject("COMING")
    facts.occupancy(new, coming, between("2026-06-01"))
    with house.operator() as c:
        house.log.record(c, [Event(AT, EventKind.OCCUPANCY_BEGAN, "operator", "COMING", new, {"start": 0, "end": None})])
    assert [one.kind for one in inquiry.access_log(house, coming, most=99)] == ["occupancy:began"]
