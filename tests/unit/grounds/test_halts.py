"""What a person stopped is about that person's time: a register on a boundary is about whom it closes or opens."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.grounds import explain
from kwartier.grounds.decide import decide
from kwartier.model.ground import (
    Action,
    Agreement,
    DataClass,
    Facts,
    Hold,
    Objection,
    Occupancy,
    Permission,
    Purpose,
    Request,
    Requester,
    Restriction,
    RestrictionKind,
    Role,
    Supply,
    UseCase,
)
from kwartier.model.period import Period, day_period, midnight
from kwartier.model.register import DAY_MASK, GAS_MASK

AT = datetime(2026, 3, 20, 2, tzinfo=UTC)
MOVED = midnight(date(2026, 3, 10))
LONG, NOW_ON = Period(midnight(date(2020, 1, 1))), Period(AT - timedelta(days=1))
LEFT, CAME, SUPPLIER = 70, 71, 80
FACTS = Facts(
    5,
    "noord",
    occupancies=(Occupancy(1, LEFT, Period(LONG.start, MOVED)), Occupancy(2, CAME, Period(MOVED))),
    supplies=(Supply(3, SUPPLIER, LONG),),
    agreements=(Agreement(4, SUPPLIER, Role.SUPPLIER, LONG),),
    use_cases=(
        UseCase(6, Purpose.OUTAGE, DataClass.EVENT_LOG, 0, "noord", Period(LONG.start, midnight(date(2027, 1, 1))), LONG, 9, 5),
    ),
    restrictions=(Restriction(7, RestrictionKind.ADMINISTRATIVELY_OFF, Period(LONG.start, LONG.start + timedelta(days=9))),),
)


def held(who: int) -> Facts:
    return Facts(**{name: getattr(FACTS, name) for name in Facts.__slots__} | {"holds": (Hold(8, who, NOW_ON),)})


def reading(period: Period) -> Request:
    return Request(
        Requester(Role.SUPPLIER, SUPPLIER),
        Action.DELIVER,
        Purpose.PERIODIC_READING,
        5,
        DAY_MASK & ~GAS_MASK,
        period,
        DataClass.REGISTER,
    )


@pytest.mark.parametrize(
    ("days", "left", "came"),
    [
        ((8, 8), "F14", "S1"),
        ((10, 10), "F14", "S1"),  # closes the time of who left
        ((11, 11), "S1", "F14"),
        ((9, 11), "F14", "F14"),
        ((8, 9), "F14", "S1"),
    ],
)
def test_a_restriction_is_about_the_persons_own_time(days: tuple[int, int], left: str, came: str) -> None:
    asked = reading(Period(*(midnight(date(2026, 3, day)) for day in days)))
    assert decide(asked, FACTS, at=AT).rule == "S1"
    assert (decide(asked, held(LEFT), at=AT).rule, decide(asked, held(CAME), at=AT).rule) == (left, came)


def test_the_choice_at_the_meter_is_the_persons_own_and_goes_on() -> None:
    switch = Request(
        Requester(Role.OPERATOR, 0),
        Action.READ,
        Purpose.ADMINISTRATIVE_STATUS,
        5,
        0,
        Period(AT, AT),
        DataClass.ADMINISTRATIVE_STATUS,
    )
    assert decide(switch, held(CAME), at=AT).rule == "O7"


def test_an_objection_reaches_a_use_that_needs_no_usage_at_all() -> None:
    day = day_period(date(2026, 3, 15))
    look = Request(Requester(Role.OPERATOR, 6), Action.READ, Purpose.OUTAGE, 5, 0, day, DataClass.EVENT_LOG)
    objected = Facts(
        **{name: getattr(FACTS, name) for name in Facts.__slots__} | {"objections": (Objection(9, CAME, Purpose.OUTAGE, NOW_ON),)}
    )
    assert decide(look, FACTS, at=AT).rule == "O2"
    assert decide(look, objected, at=AT).rule == "F15"
    assert decide(look, objected, at=NOW_ON.start - timedelta(seconds=1)).rule == "O2"


def test_who_may_know_leaves_out_the_time_of_who_stopped_it() -> None:
    lines = [line for line in explain.who_may(held(CAME), at=AT) if line.requester.role is not Role.CUSTOMER]
    assert {line.period.end for line in lines if line.rule == "S1"} == {MOVED}
    own = {line.rule for line in explain.who_may(held(CAME), at=AT) if line.requester.id == CAME}
    assert own == {"C1"}


@given(lived=st.booleans(), revoked=st.booleans(), refused=st.booleans())
def test_restricted_data_are_used_with_consent_alone_and_a_refusal_beats_that_too(
    *, lived: bool, revoked: bool, refused: bool
) -> None:
    end = NOW_ON.start if revoked else None
    given_ = Permission(10, CAME if lived else LEFT, 81, DAY_MASK & ~GAS_MASK, "advice", LONG, Period(MOVED, end))
    bound = (*FACTS.agreements, Agreement(11, 81, Role.THIRD_PARTY, LONG))
    barred = (Restriction(12, RestrictionKind.REFUSED, Period(MOVED)),) if refused else ()
    plain = Facts(
        **{name: getattr(FACTS, name) for name in Facts.__slots__}
        | {"permissions": (given_,), "agreements": bound, "restrictions": barred}
    )
    stopped = Facts(**{name: getattr(plain, name) for name in Facts.__slots__} | {"holds": (Hold(8, CAME, NOW_ON),)})
    asked = replace(
        reading(Period(*(midnight(date(2026, 3, 11)),) * 2)),
        requester=Requester(Role.THIRD_PARTY, 81),
        purpose=Purpose.THIRD_PARTY_SERVICE,
    )
    rule = decide(asked, stopped, at=AT).rule
    assert rule == decide(asked, plain, at=AT).rule, "a restriction neither opens nor closes it"
    assert (rule == "T1") == (lived and not revoked and not refused)
    assert (rule == "F1") == refused
