"""A supplier in default: which registers the operator collects in its place, and from when; nothing else, and for nobody else."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kwartier.grounds import explain, workdays
from kwartier.grounds.decide import decide
from kwartier.grounds.defaults import is_overdue
from kwartier.model.ground import (
    Action,
    DataClass,
    Facts,
    Occupancy,
    Purpose,
    Refusal,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    SupplierDefault,
    Supply,
)
from kwartier.model.period import Period, midnight
from kwartier.model.permit import Permit
from kwartier.model.register import DAY_MASK, GAS_MASK

OLD, NEW, HOME = 50, 51, 7
LONG_AGO = midnight(date(2025, 3, 10))
ENDS = midnight(date(2027, 2, 1))
MOVED = midnight(date(2027, 1, 14))
DEFAULT = SupplierDefault(71, OLD, Period(midnight(date(2027, 1, 20))))
FACTS = Facts(
    HOME,
    "north",
    occupancies=(Occupancy(11, 1, Period(LONG_AGO, MOVED)), Occupancy(12, 2, Period(MOVED))),
    supplies=(Supply(31, OLD, Period(LONG_AGO, ENDS)), Supply(32, NEW, Period(ENDS))),
    defaults=(DEFAULT,),
)


def ask(moment: datetime, **other: Any) -> Request:  # noqa: ANN401 - any field of a request
    request = Request(
        Requester(Role.OPERATOR, 0),
        Action.READ,
        Purpose.SUPPLIER_DEFAULT,
        HOME,
        DAY_MASK & ~GAS_MASK,
        Period(moment, moment),
        DataClass.REGISTER,
    )
    return replace(request, **other)


def says(request: Request, at: datetime, facts: Facts = FACTS) -> str:
    return decide(request, facts, at=at).rule


def test_the_register_that_ends_the_supply_is_read_at_once_and_is_about_whose_time_it_closes() -> None:
    permit = decide(ask(ENDS), FACTS, at=ENDS)
    assert isinstance(permit, Permit)
    assert (permit.rule, permit.keeps, permit.subject) == ("O10", True, 2)
    assert set(permit.facts) == {("connection", HOME), ("default", 71), ("supply", 31), ("occupancy", 12)}
    assert says(ask(ENDS), ENDS - timedelta(seconds=1)) == "F5", "what has not been yet is not collected"


@pytest.mark.parametrize("days", [-1, 1, 30])
def test_no_other_day_than_the_boundary(days: int) -> None:
    assert says(ask(ENDS + timedelta(days=days)), ENDS + timedelta(days=40)) == "F5"


def test_a_change_is_collected_when_fifteen_working_days_are_over() -> None:
    over = midnight(workdays.after(date(2027, 1, 14), 15))
    assert over == midnight(date(2027, 2, 5)), "from Friday the 15th to Thursday the 4th"
    assert says(ask(MOVED), over - timedelta(seconds=1)) == "F5"
    assert says(ask(MOVED), over) == "O10"


def test_what_is_periodic_is_collected_after_fourteen_months() -> None:
    overdue = midnight(date(2027, 5, 10))
    open_ended = replace(FACTS, supplies=(Supply(31, OLD, Period(LONG_AGO)),))
    assert says(ask(overdue), overdue, open_ended) == "O10"
    assert says(ask(midnight(date(2027, 3, 10))), overdue, open_ended) == "F5", "the anniversary itself is the supplier's"
    assert says(ask(midnight(date(2026, 5, 10))), overdue, open_ended) == "F5", "it was not in default then"
    assert is_overdue(LONG_AGO, midnight(date(2026, 5, 10)))
    assert is_overdue(midnight(date(2025, 12, 31)), midnight(date(2027, 2, 28)))
    assert not is_overdue(midnight(date(2025, 12, 31)), midnight(date(2027, 2, 27)))
    assert not is_overdue(LONG_AGO, overdue + timedelta(hours=1))


def test_nothing_without_a_default_now_or_under_an_edition_that_does_not_know_it() -> None:
    assert says(ask(ENDS), ENDS, replace(FACTS, defaults=())) == "F16"
    over = SupplierDefault(71, OLD, Period(DEFAULT.period.start, ENDS))
    assert says(ask(ENDS), ENDS, replace(FACTS, defaults=(over,))) == "F16"
    other = replace(DEFAULT, party=NEW)
    assert says(ask(ENDS), ENDS, replace(FACTS, defaults=(other,))) == "F5", "of the new supplier the supply begins there"
    soon, late = (replace(DEFAULT, period=Period(ENDS + timedelta(days=days))) for days in (2, 25))
    assert says(ask(ENDS), ENDS + timedelta(days=3), replace(FACTS, defaults=(soon,))) == "O10", "said a little later"
    assert says(ask(ENDS), ENDS + timedelta(days=26), replace(FACTS, defaults=(late,))) == "F5", "long over before the default"
    assert says(ask(LONG_AGO), ENDS) == "F5", "so is what changed two years ago"
    before = midnight(date(2026, 12, 1))
    then = replace(
        FACTS, supplies=(Supply(31, OLD, Period(LONG_AGO, before)),), defaults=(replace(DEFAULT, period=Period(LONG_AGO)),)
    )
    assert says(ask(before), before, then) == "F0", "the edition of 2026 knows no such row"


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"requester": Requester(Role.OPERATOR, 3)}, "F0"),
        ({"requester": Requester(Role.SUPPLIER, NEW)}, "F0"),
        ({"action": Action.DELIVER}, "F12"),
        ({"mask": 2, "data_class": DataClass.PROFILE}, "F6"),
        ({"period": Period(ENDS - timedelta(days=1), ENDS)}, "F5"),
    ],
)
def test_nothing_but_the_operators_own_look_at_the_registers_of_a_moment(other: dict[str, Any], why: str) -> None:
    assert says(ask(ENDS, **other), ENDS) == why


@pytest.mark.parametrize(("ended", "told"), [(2, True), (13, True), (14, False), (1000, False)])
def test_a_former_customer_is_told_of_it_as_long_as_something_can_be_collected(ended: int, told: bool) -> None:  # noqa: FBT001 - a column
    """The default began on 20 January 2027: of a supply that ended on 28 December 15 working days were just over."""
    end = midnight(date(2027, 1, 10) - timedelta(days=ended))
    supplies = (Supply(31, OLD, Period(midnight(date(2020, 1, 1)), end)), Supply(32, NEW, Period(end)))
    past, at = replace(FACTS, supplies=supplies), DEFAULT.period.start + timedelta(hours=1)
    lines = [line for line in explain.who_may(past, at=at) if line.purpose is Purpose.SUPPLIER_DEFAULT]
    assert [line.period.end for line in lines] == ([end] if told else [])
    assert (says(ask(end), at, past) == "O10") is told


def test_a_refusal_beats_it() -> None:
    for kind, why in ((RestrictionKind.REFUSED, "F1"), (RestrictionKind.ADMINISTRATIVELY_OFF, "F2")):
        answer = decide(ask(ENDS), replace(FACTS, restrictions=(Restriction(1, kind, Period(MOVED)),)), at=ENDS)
        assert isinstance(answer, Refusal)
        assert answer.rule == why


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2027, 3, 26), False),  # Good Friday
        (date(2027, 3, 29), False),  # Easter Monday
        (date(2027, 5, 6), False),  # Ascension
        (date(2027, 5, 17), False),  # Whit Monday
        (date(2027, 4, 27), False),
        (date(2025, 4, 26), False),  # the 27th is a Sunday
        (date(2027, 5, 5), False),
        (date(2027, 1, 1), False),
        (date(2028, 12, 26), False),
        (date(2027, 3, 25), True),
        (date(2027, 3, 27), False),  # a Saturday
        (date(2027, 12, 27), True),
    ],
)
def test_working_days(day: date, working: bool) -> None:  # noqa: FBT001 - a column of the table
    assert workdays.is_working(day) is working


def test_working_days_are_over_at_the_end_of_the_last() -> None:
    assert workdays.after(date(2027, 1, 15), 1) == date(2027, 1, 19), "Monday the 18th is the one"
    assert workdays.after(date(2027, 1, 15), 0) == date(2027, 1, 16)
