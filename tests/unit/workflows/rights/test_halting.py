"""A restriction stops everybody but the person, an objection one purpose of the operator; both at once, and until they end."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kwartier.grounds.decide import decide
from kwartier.grounds.rights import Right, Why
from kwartier.model.ground import Action, DataClass, Purpose, Request, Requester, Role
from kwartier.model.register import Channel
from kwartier.store.registry import facts, permissions, stops
from kwartier.workflows import inquiry, permission
from kwartier.workflows.enrolment import take
from kwartier.workflows.rights import rectify, register
from kwartier.workflows.rights.errors import AlreadyAnswered, ReasonMissing
from readings_support import moment, whole
from registry_support import DAY, World, between
from rights_support import AFTER, AT, BEFORE, Household

SOON, LATER = AT + timedelta(minutes=1), AT + timedelta(days=3)
LOW, IMPORT = 1 << Channel.DAY_IMPORT_LOW, 1 << Channel.IMPORT
ANSWER = rectify.Answer("A. Officer", "the contract says otherwise")
FREE = {"supplier": "S1", "app": "T1", "operator": "O2", "self": "C1", "before": "S1", "at the move": "S1"}


def asked(household: Household) -> dict[str, Request]:
    """Return what each of them would ask; `before` and `at the move` are about who left."""
    reading = Request(
        Requester(Role.SUPPLIER, household.supplier),
        Action.DELIVER,
        Purpose.PERIODIC_READING,
        household.home,
        LOW,
        moment(AFTER),
        DataClass.REGISTER,
    )
    fine = replace(reading, mask=IMPORT, period=whole(AFTER), data_class=DataClass.PROFILE)
    app, me = Requester(Role.THIRD_PARTY, household.app), Requester(Role.CUSTOMER, household.came)
    operator = Requester(Role.OPERATOR, household.case)
    return {
        "supplier": reading,
        "app": replace(fine, requester=app, purpose=Purpose.THIRD_PARTY_SERVICE),
        "operator": replace(fine, requester=operator, action=Action.READ, purpose=Purpose.OUTAGE),
        "self": replace(fine, requester=me, action=Action.VIEW, purpose=Purpose.OWN_ACCESS),
        "before": replace(reading, period=moment(BEFORE)),
        "at the move": replace(reading, period=moment(DAY.replace(day=1))),
    }


def rules(household: Household, at: datetime = SOON) -> dict[str, str]:
    """Return by which rule each of them is answered."""
    with household.house.operator() as c:
        known = facts.facts(c, household.home, year=DAY.year)
    return {who: decide(request, known, at=at).rule for who, request in asked(household).items()}


def test_a_restriction_stops_whatever_the_person_did_not_consent_to_from_that_moment_on(household: Household) -> None:
    assert rules(household) == FREE
    one = register.ask(household.house, household.came, Right.RESTRICTION, at=AT)
    assert rules(household) == FREE | {"supplier": "F14", "operator": "F14"}, "what the person consented to goes on (art. 18(2))"
    assert rules(household, AT - timedelta(seconds=1)) == FREE, "what was decided before stands"
    register.lift(household.house, household.came, one.id, at=LATER)
    assert rules(household, LATER) == FREE
    assert rules(household)["supplier"] == "F14", "and can be decided again as of then"


def test_a_restriction_that_is_lifted_in_the_second_in_which_it_began_ends_after_it(household: Household) -> None:
    one = register.ask(household.house, household.came, Right.RESTRICTION, at=AT)
    assert register.lift(household.house, household.came, one.id, at=AT).state == "lifted"
    assert rules(household, AT)["supplier"] == "F14"
    assert rules(household, AT + timedelta(seconds=1)) == FREE


def test_who_left_restricts_the_own_time_and_the_register_that_closes_it(household: Household) -> None:
    register.ask(household.house, household.left, Right.RESTRICTION, at=AT)
    assert rules(household) == FREE | {"before": "F14", "at the move": "F14"}


def test_an_objection_stops_its_purpose_until_it_is_overridden_on_written_grounds(household: Household) -> None:
    house = household.house
    one = register.ask(house, household.came, Right.OBJECTION, about="outage", at=AT)
    assert rules(household) == FREE | {"operator": "F15"}
    with pytest.raises(ReasonMissing):
        register.override(house, one.id, by="A. Officer", because="", at=LATER)
    told = register.override(house, one.id, by="A. Officer", because="Lives depend on this street.", at=LATER)
    assert (told.state, told.events[-1].because) == ("overridden", "Lives depend on this street.")
    assert register.mine(house, household.came) == [told], "the person reads the grounds"
    assert "right:refused" in [line.kind for line in inquiry.access_log(house, household.came, most=9)]
    assert rules(household, LATER) == FREE
    with pytest.raises(AlreadyAnswered):
        register.override(house, one.id, by="A. Officer", because="again", at=LATER)


def test_an_objection_to_another_purpose_stops_nothing_else(household: Household) -> None:
    register.ask(household.house, household.came, Right.OBJECTION, about="danger", at=AT)
    assert rules(household) == FREE


def test_what_is_being_read_stops_too(household: Household, facts: World) -> None:
    now = facts.c.execute("select clock_timestamp()").fetchone()
    assert now is not None
    with household.house.operator() as c:
        loaded = stops.loaded(c, now[0])
        assert stops.since(c, loaded) == frozenset()
    register.ask(household.house, household.came, Right.RESTRICTION, at=now[0])
    with household.house.operator() as c:
        assert {fact for fact, _ in stops.since(c, loaded)} == {"occupancy"}


def test_it_holds_at_every_connection_of_the_person(household: Household) -> None:
    gas = household.facts.connection("gas")
    household.facts.occupancy(gas, household.came)
    register.ask(household.house, household.came, Right.RESTRICTION, at=AT)
    with household.house.operator() as c:
        assert len(facts.facts(c, gas, year=DAY.year).holds) == 1


# It goes along with the person


def stops_at(household: Household, connection: int, at: datetime = SOON) -> tuple[list[int], list[tuple[int, Purpose]]]:
    """Return who restricts, and who objects to what, at a connection."""
    with household.house.operator() as c:
        known = facts.facts(c, connection, year=DAY.year)
    holds = [one.subject for one in known.holds if one.period.contains(at)]
    return holds, [(one.subject, one.purpose) for one in known.objections if one.period.contains(at)]


def ask_both(household: Household) -> None:
    register.ask(household.house, household.came, Right.RESTRICTION, at=AT)
    register.ask(household.house, household.came, Right.OBJECTION, about="outage", at=AT)


def told(household: Household) -> list[str]:
    lines = inquiry.access_log(household.house, household.came, most=99)
    return sorted(line.kind for line in lines if line.kind in {"hold:began", "objection:began"})


def test_it_holds_where_the_person_moves_from_the_import_that_says_so(household: Household, tmp_path: Path) -> None:
    new = household.facts.connection()
    ask_both(household)
    ean = household.facts.c.execute("select ean from kw.connection where key = %s", (new,)).fetchone()
    assert ean is not None
    (tmp_path / "occupancies.csv").write_text(f"ean,subject,start,end\n{ean[0]},CAME,2026-03-09,\n")
    take(household.house, tmp_path, dry_run=True, at=SOON)
    assert stops_at(household, new) == ([], [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(permission, "keep_up", lambda *_, **__: None)
        take(household.house, tmp_path, dry_run=False, at=SOON)
    assert stops_at(household, new) == ([household.came], [(household.came, Purpose.OUTAGE)])
    assert told(household) == ["hold:began"] * 2 + ["objection:began"] * 2, "a line for each home"
    assert stops_at(household, new, AT) == ([], []), "what was decided before stands"


def test_it_holds_where_a_stay_was_put_right_to_be_theirs_and_ends_with_the_rest(household: Household) -> None:
    register.ask(household.house, household.left, Right.RESTRICTION, at=AT)
    row = household.facts.c.execute("select id from kw.occupancy where subject = %s", (household.came,)).fetchone()
    other = household.facts.connection()
    household.facts.occupancy(other, household.came)
    wrong = household.facts.c.execute("select id from kw.occupancy where connection = %s", (other,)).fetchone()
    assert row is not None and wrong is not None  # noqa: PT018 - both are there
    rectify.correct_stay(household.house, wrong[0], between("2026-03-01"), ANSWER, at=SOON, whose="LEFT")
    assert stops_at(household, other) == ([household.left], [])
    (one,) = register.mine(household.house, household.left)
    register.lift(household.house, household.left, one.id, at=LATER)
    assert stops_at(household, other, LATER) == ([], [])


def test_what_was_asked_while_an_import_ran_is_found_by_the_next_upkeep_once_and_what_was_lifted_is_not(
    household: Household,
) -> None:
    ask_both(household)
    new = household.facts.connection()
    household.facts.occupancy(new, household.came)
    for _ in range(2):
        permission.keep_up(household.house, at=SOON)
    assert stops_at(household, new) == ([household.came], [(household.came, Purpose.OUTAGE)])
    assert told(household) == ["hold:began"] * 2 + ["objection:began"] * 2, "a line for each home"
    for one in register.mine(household.house, household.came):
        register.lift(household.house, household.came, one.id, at=LATER)
    last = household.facts.connection()
    household.facts.occupancy(last, household.came)
    permission.keep_up(household.house, at=LATER)
    assert stops_at(household, last, LATER) == ([], [])


def test_a_permission_opens_what_it_did_until_it_is_revoked_and_the_answer_says_so(household: Household) -> None:
    asked = register.ask(household.house, household.came, Right.RESTRICTION, at=AT)
    assert {one.why for one in asked.events[-1].reached if one.rule == "T1"} == {Why.REVOKE}
    assert [one.idle for one in inquiry.who_may(household.house, household.came, at=SOON).permissions] == [None]
    with household.house.operator() as c:
        assert permissions.revoke(c, household.permission, SOON)
    assert rules(household, LATER)["app"] == "F7"
