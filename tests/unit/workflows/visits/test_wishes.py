"""What is wished for of one connection: which logs, how far back, and about whose time."""

from datetime import UTC, datetime, timedelta

import pytest

from kwartier.model.care import Chore
from kwartier.model.ground import DataClass, Facts, Occupancy, Purpose, UseCase
from kwartier.model.period import Period
from kwartier.model.register import Product
from kwartier.store.registry.facts import ConnectionRow, Wired
from kwartier.workflows.visits.wishes import LOOK_BACK, under_use_cases

AT = datetime(2026, 11, 27, 2, 0, 0, 250_000, tzinfo=UTC)
NOW = AT.replace(microsecond=0)
LONG_AGO = NOW - timedelta(days=900)


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def asked(chore: Chore, *homes: Period, days_from: datetime = LONG_AGO) -> Period:
    """Return what one chore is asked about at a connection with these occupancies."""
    case = UseCase(
        3, Purpose.DEVICE_CARE, DataClass.EVENT_LOG, 0, "north", Period(days_from, ago(-9)), Period(LONG_AGO, ago(-9)), 9, 2
    )
    state = UseCase(
        4, Purpose.DEVICE_CARE, DataClass.DEVICE_STATE, 0, "north", Period(days_from, ago(-9)), Period(LONG_AGO, ago(-9)), 9, 2
    )
    lived = tuple(Occupancy(place, place, home) for place, home in enumerate(homes, 1))
    known = Facts(7, "north", occupancies=lived, use_cases=(case, state))
    row = ConnectionRow(7, Product.ELECTRICITY, "north", 1, 17_000, known, Wired(5, "SMR5", 0, LONG_AGO), "1:1:")
    (wish,) = under_use_cases(row, Purpose.DEVICE_CARE, (chore,), AT)
    return wish.request.period


def test_a_state_is_asked_as_it_is_now() -> None:
    assert asked(Chore.CLOCK, Period(LONG_AGO)) == Period(NOW, NOW)


def test_a_log_is_asked_a_bounded_time_back() -> None:
    assert asked(Chore.STANDARD_EVENTS, Period(LONG_AGO)) == Period(NOW - LOOK_BACK, NOW)
    assert asked(Chore.STANDARD_EVENTS) == Period(NOW - LOOK_BACK, NOW)


def test_never_before_the_days_that_the_use_case_is_about() -> None:
    assert asked(Chore.STANDARD_EVENTS, Period(LONG_AGO), days_from=ago(3)) == Period(ago(3), NOW)


@pytest.mark.parametrize("moved", [1, 20])
def test_of_who_lived_there_before_nothing_is_asked(moved: int) -> None:
    assert asked(Chore.STANDARD_EVENTS, Period(LONG_AGO, ago(moved)), Period(ago(moved))) == Period(ago(moved), NOW)


def test_who_left_and_was_followed_by_nobody_bounds_nothing() -> None:
    assert asked(Chore.STANDARD_EVENTS, Period(LONG_AGO, ago(30))) == Period(NOW - LOOK_BACK, NOW)
