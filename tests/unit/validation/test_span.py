from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.period import epoch_s, midnight
from kwartier.validation.span import interval_grid, midnight_grid

DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("day", "quarters", "hours"),
    [(date(2026, 3, 29), 92, 23), (date(2026, 10, 25), 100, 25), (date(2026, 11, 20), 96, 24), (date(2024, 2, 29), 96, 24)],
)
def test_a_day_has_a_row_for_each_boundary(day: date, quarters: int, hours: int) -> None:
    first, last = epoch_s(midnight(day)), epoch_s(midnight(day + timedelta(days=1)))
    for period_s, intervals in ((900, quarters), (3600, hours)):
        grid = interval_grid(first, last, period_s)
        assert grid.expected == len(grid.stamps) == intervals + 1
        assert [(one.day, one.low, one.high) for one in grid.days] == [(day, 0, intervals)]


@given(DAYS, st.integers(0, 9))
def test_days_share_the_midnight_between_them(first: date, more: int) -> None:
    last = first + timedelta(days=more)
    opens, closes = epoch_s(midnight(first)), epoch_s(midnight(last + timedelta(days=1)))
    grid = interval_grid(opens, closes, 900)
    assert [one.day for one in grid.days] == [first + timedelta(days=n) for n in range(more + 1)]
    assert all(one.high == following.low for one, following in zip(grid.days, grid.days[1:], strict=False))
    for one in grid.days:
        assert grid.stamps[one.low] == epoch_s(midnight(one.day))
        assert grid.stamps[one.high] == epoch_s(midnight(one.day + timedelta(days=1)))


@given(DAYS, st.integers(0, 95), st.integers(0, 300))
def test_part_of_a_day_lies_on_the_grid_of_the_whole_day(day: date, quarter: int, more: int) -> None:
    first = epoch_s(midnight(day)) + 900 * quarter
    last = first + 900 * more
    grid = interval_grid(first, last, 900)
    inside = [stamp for stamp in grid.stamps.tolist() if first <= stamp <= last]
    assert grid.expected == len(inside)
    assert not more or inside == list(range(first, last + 1, 900))


@given(DAYS, st.integers(0, 50))
def test_midnights_from_the_first_to_the_last_both_included(first: date, more: int) -> None:
    last = first + timedelta(days=more)
    grid = midnight_grid(epoch_s(midnight(first)), epoch_s(midnight(last)))
    assert [one.day for one in grid.days] == [first + timedelta(days=n) for n in range(more + 1)]
    assert grid.stamps.tolist() == [epoch_s(midnight(one.day)) for one in grid.days]
    assert len(midnight_grid(epoch_s(midnight(first)) + 1, epoch_s(midnight(last))).stamps) == more


def test_one_moment_has_no_intervals() -> None:
    moment = epoch_s(midnight(date(2026, 11, 20)))
    assert interval_grid(moment, moment, 900).days == ()
