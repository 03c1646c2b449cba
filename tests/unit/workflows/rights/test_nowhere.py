"""What the log says of a person and no connection, or of a time in which the person is written down nowhere any more."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from kwartier.audit import verify
from kwartier.audit.events import Event, EventKind
from kwartier.grounds.rights import Right
from kwartier.model.period import Period, midnight
from kwartier.model.register import Product
from kwartier.workflows import inquiry
from kwartier.workflows.inquiry.errors import NotYours
from kwartier.workflows.rights import Scope, access, breach, portable, rectify, register
from kwartier.workflows.rights.breach import Whom
from kwartier.workflows.rights.rectify import Answer
from registry_support import between
from rights_support import AT, Household, officer

ANSWER = Answer("A. Officer", "the contract says otherwise")
HOUR = Period(AT - timedelta(minutes=30), AT + timedelta(minutes=30))
WHOLE = Scope(HOUR)


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


def test_a_breach_touches_who_is_at_no_connection_and_tells_them_once(household: Household, nowhere: tuple[int, str]) -> None:
    (who, code), house = nowhere, household.house
    register.ask_for(house, code, Right.ACCESS, at=AT)
    with house.operator() as c:
        house.log.record(c, [Event(AT, EventKind.RIGHT_ASKED, "operator", "SOMEBODY ELSE", None, {})])
    scope = replace(WHOLE, kinds=("right:asked", "right:answered"))
    number = breach.open_(house, scope, "A file lay open", by="A. Officer", known=AT, at=AT).id
    reach = breach.touched(house, number)
    assert [(one.subject, one.connection, one.lines) for one in reach.touched] == [(who, None, 2)]
    assert (reach.erased, reach.unknown, reach.all_told) == (0, 1, False)
    for because in ("", "once more"):
        assert breach.notify(house, number, Whom.PERSONS, by="A. Officer", because=because, at=AT).all_told
    kinds = [one.kind for one in inquiry.access_log(house, who, most=99)]
    assert kinds.count("breach:notified") == 1
    (mine,) = breach.touched_me(house, who)
    assert (mine.connection, mine.lines) == (None, 2)


def test_what_was_erased_at_no_connection_is_counted(household: Household) -> None:
    house = household.house
    household.facts.subject("NOBODY")
    register.ask_for(house, "NOBODY", Right.ACCESS, at=AT)
    with house.auditor() as c:
        house.log.integrate(c)
        house.log.erase(c, "NOBODY", None, HOUR)
    reach = breach.touched(house, breach.open_(house, WHOLE, "A file lay open", by="A. Officer", known=AT, at=AT).id)
    assert (reach.persons, reach.erased, reach.unknown) == (set(), 2, 0)
