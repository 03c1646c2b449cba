"""Periods, data and lists are written as people write them, in both languages."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kwartier.model.period import Period, day_of, midnight
from kwartier.model.register import ALL_MASK, CONSUMPTION_MASK, DAY_MASK, GAS_MASK, INTERVAL_MASK, Product
from kwartier.web.portal import phrases
from kwartier.web.portal.words import Words

NL, EN = Words("nl"), Words("en")
FIRST, LAST = midnight(date(2026, 11, 1)), midnight(date(2026, 11, 25))
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "nl"),
    [
        (Period(FIRST, LAST), "van 1 nov 2026 tot en met 24 nov 2026"),
        (Period(FIRST, midnight(date(2026, 11, 2))), "1 nov 2026"),
        (Period(FIRST), "vanaf 1 nov 2026"),
        (Period(NOON), "vanaf 24 nov 2026 12:00"),
        (Period(FIRST, NOON), "van 1 nov 2026 tot 24 nov 2026 12:00"),
        (Period(NOON, LAST), "van 24 nov 2026 12:00 tot en met 24 nov 2026"),
        (Period(LAST, LAST), "25 nov 2026 00:00"),
    ],
)
def test_a_period_is_told_in_whole_days_where_it_has_them(period: Period, nl: str) -> None:
    assert phrases.span(NL, period) == nl


def test_an_end_is_told_by_the_last_day_that_belongs_to_it() -> None:
    assert phrases.until(EN, LAST) == "up to and including 24 Nov 2026"
    assert phrases.until(EN, NOON) == "until 24 Nov 2026 12:00"


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_the_last_day_of_a_period_is_the_day_of_its_last_moment(end: datetime) -> None:
    assert phrases.last_day(end) == day_of(end - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("mask", "product", "nl"),
    [
        (0, None, "geen verbruik"),
        (ALL_MASK, Product.ELECTRICITY, "kwartierwaarden en dagstanden"),
        (ALL_MASK, Product.GAS, "uurwaarden en dagstanden"),
        (ALL_MASK, None, "kwartier- of uurwaarden en dagstanden"),
        (DAY_MASK, None, "dagstanden"),
        (INTERVAL_MASK & GAS_MASK, Product.GAS, "uurwaarden"),
        (INTERVAL_MASK & CONSUMPTION_MASK, Product.ELECTRICITY, "kwartierwaarden, alleen wat is afgenomen"),
        (CONSUMPTION_MASK, Product.GAS, "uurwaarden en dagstanden"),
    ],
)
def test_data_are_named_by_what_the_customer_knows_them_as(mask: int, product: Product | None, nl: str) -> None:
    assert phrases.data(NL, mask, product) == nl


@pytest.mark.parametrize(("items", "nl"), [([], ""), (["a"], "a"), (["a", "b"], "a en b"), (["a", "b", "c"], "a, b en c")])
def test_lists(items: list[str], nl: str) -> None:
    assert phrases.listed(NL, items) == nl
