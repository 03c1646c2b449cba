"""A paper is about one supply and one customer: its time begins where either last changed, whatever was before."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from account_support import FACTS, SUPPLIER
from kwartier.delivery.own import EARLIER, own
from kwartier.grounds import conduct
from kwartier.model.ground import Facts, Occupancy, Purpose, Supply
from kwartier.model.period import Period, day_of, midnight

BILL, READING = Purpose.ANNUAL_BILL, Purpose.PERIODIC_READING
DAYS = st.dates(date(2015, 1, 2), date(2030, 12, 31))


def at(*ymd: int) -> datetime:
    return midnight(date(*ymd))


def facts(*supplies: Period, homes: tuple[Period, ...] = ()) -> Facts:
    """Return a connection with these supplies of the supplier, and of another one before; these people one after the other."""
    other = Supply(99, SUPPLIER + 1, Period(at(2010, 1, 1), supplies[0].start))
    occupancies = tuple(Occupancy(n, 70 + n, home) for n, home in enumerate(homes)) or FACTS.occupancies
    mine = tuple(Supply(n, SUPPLIER, one) for n, one in enumerate(supplies, start=1))
    return replace(FACTS, supplies=(other, *mine), occupancies=occupancies)


@given(DAYS, DAYS)
def test_own_time_begins_with_the_supply_and_closes_none_at_its_start(start: date, closes: date) -> None:
    mine = own(facts(Period(midnight(start))), SUPPLIER, READING, midnight(closes))
    assert (mine is None) == (closes <= start)
    assert mine is None or mine.since == midnight(start)


def test_a_supplier_that_comes_back_does_not_get_the_time_between() -> None:
    known = facts(Period(at(2022, 1, 1), at(2023, 1, 1)), Period(at(2025, 6, 1)))
    assert (mine := own(known, SUPPLIER, READING, at(2026, 2, 1))) is not None
    assert mine.since == at(2025, 6, 1)
    assert own(known, SUPPLIER, READING, at(2024, 1, 1)) is None
    assert (first := own(known, SUPPLIER, READING, at(2023, 1, 1))) is not None
    assert first.since == at(2022, 1, 1)


@pytest.mark.parametrize(
    ("closes", "since"),
    [
        (date(2025, 6, 1), date(2022, 1, 1)),  # the one who leaves
        (date(2025, 6, 2), date(2025, 6, 1)),  # nobody lives there
        (date(2025, 8, 1), date(2025, 6, 1)),  # the last day of that
        (date(2025, 8, 2), date(2025, 8, 1)),  # the one who came
    ],
)
def test_a_customer_does_not_get_another_ones_time(closes: date, since: date) -> None:
    homes = (Period(at(2020, 1, 1), at(2025, 6, 1)), Period(at(2025, 8, 1)))
    mine = own(facts(Period(at(2022, 1, 1)), homes=homes), SUPPLIER, READING, midnight(closes))
    assert mine is not None
    assert mine.since == midnight(since)


@given(DAYS, st.integers(1, 9))
def test_a_year_goes_from_anniversary_to_anniversary(start: date, years: int) -> None:
    try:
        anniversary = start.replace(year=start.year + years)
    except ValueError:
        anniversary = date(start.year + years, 3, 1)
    mine = own(facts(Period(midnight(start))), SUPPLIER, BILL, midnight(anniversary))
    assert mine is not None
    assert (year := mine.year()) is not None
    assert year.end == mine.closes
    assert 364 < (day_of(mine.closes) - day_of(year.start)).days < 367
    assert years > 1 or year.start == midnight(start)
    by_hand = own(facts(Period(midnight(start))), SUPPLIER, Purpose.HAND_READING, mine.closes + timedelta(days=100, hours=9))
    assert by_hand is not None
    assert by_hand.year() == year, "what was read by hand after it closes the same year"
    assert own(facts(Period(midnight(start))), SUPPLIER, BILL, midnight(anniversary + timedelta(days=1))) is None


def test_the_year_of_a_leap_day() -> None:
    known = facts(Period(at(2024, 2, 29)))
    years = [(date(2025, 3, 1), date(2024, 2, 29)), (date(2026, 3, 1), date(2025, 3, 1)), (date(2028, 2, 29), date(2027, 3, 1))]
    for closes, opens in years:
        mine = own(known, SUPPLIER, BILL, midnight(closes))
        assert mine is not None
        assert mine.year() == Period(midnight(opens), midnight(closes))


def test_who_moved_in_during_the_year_has_the_rest_of_it() -> None:
    mine = own(facts(Period(at(2024, 3, 11)), homes=(Period(at(2025, 9, 1)),)), SUPPLIER, BILL, at(2026, 3, 11))
    assert mine is not None
    assert mine.year() == Period(at(2025, 9, 1), at(2026, 3, 11))


def test_no_year_has_ended_in_the_first_nor_where_somebody_came_after_it() -> None:
    known = facts(Period(at(2024, 3, 11)), homes=(Period(at(2025, 9, 1)),))
    for closes in (at(2025, 9, 2), at(2025, 12, 1)):
        mine = own(known, SUPPLIER, Purpose.HAND_READING, closes)
        assert mine is not None
        assert mine.year() is None
    first = own(facts(Period(at(2024, 3, 11))), SUPPLIER, Purpose.HAND_READING, at(2025, 3, 10))
    assert first is not None
    assert first.year() is None


@given(DAYS, DAYS)
def test_periods_lie_one_after_the_other_from_the_schedule_within_the_own_time(start: date, closes: date) -> None:
    mine = own(facts(Period(midnight(start))), SUPPLIER, READING, midnight(closes))
    if mine is None:
        return
    periods = mine.periods()
    assert periods[0].end == mine.closes
    assert 1 <= len(periods) <= EARLIER + 1
    for newer, older in pairwise(periods):
        assert older.end == newer.start
        assert conduct.ends_overview(day_of(newer.start))
    assert periods[-1].start >= mine.since
    assert len(periods) > EARLIER or periods[-1].start == mine.since


def test_each_period_is_of_its_own_times_edition() -> None:
    mine = own(facts(Period(at(2025, 8, 10))), SUPPLIER, READING, at(2026, 3, 1))
    assert mine is not None
    starts = [day_of(one.start) for one in mine.periods()]
    assert starts == [date(2026, 2, 1), date(2026, 1, 1), date(2025, 11, 1), date(2025, 9, 1), date(2025, 8, 10)]
