"""S5: what was read at the meter goes to the supplier of that moment, where nobody may read remotely; it lets nobody read."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from kwartier.grounds import explain
from kwartier.grounds.decide import decide
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Hold,
    Occupancy,
    Purpose,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
)
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK, INTERVAL_MASK

LONG = Period(midnight(date(2020, 1, 1)))
SWITCHED = midnight(date(2027, 3, 11))
TAKEN = midnight(date(2027, 3, 5)) + timedelta(hours=14, minutes=10)
AT = midnight(date(2027, 3, 12))
OFF = Restriction(9, RestrictionKind.ADMINISTRATIVELY_OFF, Period(midnight(date(2027, 2, 1))))
FACTS = Facts(
    7,
    "north",
    occupancies=(Occupancy(1, 100, LONG),),
    supplies=(Supply(2, 50, Period(LONG.start, SWITCHED)), Supply(3, 51, Period(SWITCHED))),
    agreements=tuple(Agreement(party, party, Role.SUPPLIER, LONG) for party in (50, 51)),
    restrictions=(OFF,),
)
E_DAY = DAY_MASK & ~GAS_MASK


def ask(party: int = 50, moment: datetime = TAKEN, *, action: Action = Action.DELIVER, mask: int = E_DAY, days: int = 0) -> Request:
    period = Period(moment, moment + timedelta(days=days))
    data_class = DataClass.PROFILE if mask & INTERVAL_MASK else DataClass.REGISTER
    return Request(Requester(Role.SUPPLIER, party), action, Purpose.HAND_READING, 7, mask, period, data_class)


def rule(request: Request, facts: Facts = FACTS, at: datetime = AT) -> str:
    return decide(request, facts, at=at).rule


@pytest.mark.parametrize("kind", RestrictionKind)
def test_the_supplier_of_that_moment_gets_it_and_at_a_boundary_both(kind: RestrictionKind) -> None:
    facts = replace(FACTS, restrictions=(replace(OFF, kind=kind),))
    assert [rule(ask(party), facts) for party in (50, 51)] == ["S5", "F4"]
    assert [rule(ask(party, SWITCHED), facts) for party in (50, 51)] == ["S5", "S5"]
    permit = decide(ask(), facts, at=AT)
    assert isinstance(permit, Permit)
    assert permit.subject == 100
    assert permit.facts == (("connection", 7), ("supply", 2), ("agreement", 50), ("occupancy", 1), ("restriction", 9))


def test_it_is_about_single_moments_of_restricted_time_in_registers_only() -> None:
    assert rule(ask(moment=midnight(date(2027, 1, 12)))) == "F5", "it was read remotely then"
    assert rule(replace_restrictions()) == "F5"
    assert rule(ask(days=1)) == "F5"
    assert rule(ask(mask=INTERVAL_MASK & ~GAS_MASK)) == "F6"


def replace_restrictions() -> Request:
    """Ask of a moment before the meter was off."""
    return ask(moment=OFF.period.start - timedelta(seconds=1))


@pytest.mark.parametrize("action", [Action.READ, Action.WRITE, Action.VIEW])
def test_it_lets_nobody_ask_a_meter(action: Action) -> None:
    assert rule(ask(action=action)) == "F2"
    assert rule(ask(action=action, moment=TAKEN), replace(FACTS, restrictions=())) == "F0"


def test_before_its_edition_and_against_other_rights_the_answer_is_no() -> None:
    assert (
        rule(ask(moment=midnight(date(2026, 12, 30))), replace(FACTS, restrictions=(replace(OFF, period=LONG),)), LONG.start)
        == "F0"
    )
    assert rule(ask(), replace(FACTS, holds=(Hold(1, 100, LONG),))) == "F14"
    assert rule(ask(), replace(FACTS, agreements=())) == "F3"


def test_the_customer_is_told_for_which_time_it_may_be() -> None:
    lines = [one for one in explain.who_may(FACTS, at=AT) if one.rule == "S5"]
    assert [(one.requester.id, one.period, one.actions) for one in lines] == [
        (50, Period(OFF.period.start, SWITCHED), (Action.DELIVER,)),
        (51, Period(SWITCHED), (Action.DELIVER,)),
    ]
    assert not [one for one in explain.who_may(replace(FACTS, restrictions=()), at=AT) if one.rule == "S5"]
