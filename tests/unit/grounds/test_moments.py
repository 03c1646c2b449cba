"""Local midnights, across the changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from kwartier.grounds.moments import day_opened_by, is_anniversary, iso_days, midnights_in
from kwartier.model.errors import BadInput
from kwartier.model.period import Period, day_period, midnight


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2026, 1, 1), date(2024, 2, 29)])
def test_a_midnight_opens_its_day_and_no_other_moment_does(day: date) -> None:
    assert day_opened_by(midnight(day)) == day
    assert day_opened_by(midnight(day) + timedelta(seconds=1)) is None
    assert day_opened_by(datetime(day.year, day.month, day.day, tzinfo=UTC)) is None


def test_a_day_has_two_midnights_and_a_moment_one() -> None:
    spring = date(2026, 3, 29)
    assert midnights_in(day_period(spring)) == (spring, date(2026, 3, 30))
    assert midnights_in(Period(midnight(spring), midnight(spring))) == (spring,)
    assert midnights_in(Period(midnight(spring), midnight(date(2026, 3, 31)))) == (spring, date(2026, 3, 30), date(2026, 3, 31))


def test_a_period_off_the_midnights_has_none_to_ask() -> None:
    noon = midnight(date(2026, 3, 29)) + timedelta(hours=12)
    assert midnights_in(Period(noon, noon)) is None
    assert midnights_in(Period(midnight(date(2026, 3, 29)), noon)) is None
    assert midnights_in(Period(midnight(date(2026, 3, 29)))) is None


def test_days_are_written_as_the_registry_does() -> None:
    assert iso_days(day_period(date(2026, 10, 25))) == ("2026-10-25",)
    with pytest.raises(BadInput):
        iso_days(Period(midnight(date(2026, 10, 25))))


@pytest.mark.parametrize(
    ("start", "moment", "is_one"),
    [
        (date(2025, 5, 11), date(2026, 5, 11), True),
        (date(2025, 5, 11), date(2029, 5, 11), True),
        (date(2025, 5, 11), date(2025, 5, 11), False),
        (date(2025, 5, 11), date(2024, 5, 11), False),
        (date(2025, 5, 11), date(2026, 5, 12), False),
        (date(2024, 2, 29), date(2025, 3, 1), True),
        (date(2024, 2, 29), date(2025, 2, 28), False),
        (date(2024, 2, 29), date(2028, 2, 29), True),
        (date(2024, 2, 29), date(2100, 3, 1), True),
    ],
)
def test_anniversaries(start: date, moment: date, is_one: bool) -> None:  # noqa: FBT001 - a column of the table above
    assert is_anniversary(midnight(start), midnight(moment)) is is_one
    assert not is_anniversary(midnight(start), midnight(moment) + timedelta(hours=1))
